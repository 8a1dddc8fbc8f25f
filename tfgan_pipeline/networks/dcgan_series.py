"""DCGAN in one dimension, for series of numbers in time (media/series.py)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.layers import two_bytes
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers
_NORMS = ('none', 'batch')
_SHORTEST = 8  # Steps of the innermost maps, at most.


class SeriesToImages(layers.Layer):
  """Encodes series float32 [n, T, C] in [-1, 1] as [n, T, 2, C], two bytes a number."""

  def call(self, inputs):
    return two_bytes.split(inputs, axis=2)


class ImagesToSeries(layers.Layer):
  """Decodes [n, T, 2, C] in [-1, 1] to series [n, T, C]; constant maps of a label stay constant."""

  def call(self, inputs):
    return two_bytes.join(inputs)


@registry.network
def dcgan_series(
  spec: NetworkSpec,
  *,
  filters: int = 32,
  max_filters: int = 256,
  kernel: int = 9,
  discriminator_norm: str = 'none',
) -> Networks:
  """DCGAN of strided convolutions along time, for series of 16 steps or more, of any channels.

  Steps are halved from the series to innermost maps of 8 or fewer.

  Args:
    spec: Networks to build, and sizes of samples and noise; samples are series.
    filters: Width of the layers next to the series; doubled at each halving of the steps.
    max_filters: Largest width of any layer.
    kernel: Length of all kernels, in steps.
    discriminator_norm: 'none', as a gradient penalty of single samples needs, or 'batch'.

  Raises:
    UsageError: An argument is out of range, or samples are no series of 16 steps or more.
  """
  require('--networks', at_least=1, filters=filters, max_filters=max_filters, kernel=kernel)
  if discriminator_norm not in _NORMS:
    raise UsageError(
      f'--networks=dcgan_series: discriminator_norm={discriminator_norm} should be one of '
      f'{", ".join(_NORMS)}'
    )
  length, pair, channels = spec.image_shape
  if pair != 2 or length < 2 * _SHORTEST:
    size = 'x'.join(map(str, spec.image_shape))
    raise UsageError(
      f'--networks=dcgan_series: samples should be series of {2 * _SHORTEST} steps or more, as of '
      f'--dataset=waves, stored as STEPSx2xCHANNELS, not {size}'
    )
  lengths = [length]
  while lengths[-1] > _SHORTEST:
    lengths.append((lengths[-1] + 1) // 2)
  # Index 0 is next to the series.
  widths = [min(filters * 2**depth, max_filters) for depth in range(len(lengths) - 1)]

  def make_generator(role: str) -> keras.Model:
    generator = keras.Sequential([layers.InputLayer(spec.input_shape(role))], name=role)
    generator.add(layers.Dense(lengths[-1] * widths[-1], use_bias=False))
    generator.add(layers.Reshape((lengths[-1], widths[-1])))
    generator.add(own.BatchNorm())
    generator.add(layers.ReLU())
    for depth in range(len(widths) - 1, -1, -1):
      last = depth == 0
      width = channels if last else widths[depth - 1]
      generator.add(layers.Conv1DTranspose(width, kernel, 2, padding='same', use_bias=last))
      if lengths[depth] % 2:  # Doubling overshoots an odd length by one.
        generator.add(layers.Cropping1D((0, 1)))
      if not last:
        generator.add(own.BatchNorm())
        generator.add(layers.ReLU())
    generator.add(layers.Activation('tanh', dtype='float32'))
    generator.add(SeriesToImages(dtype='float32'))
    return generator

  def make_reader(role: str, units: int) -> keras.Model:
    reader = keras.Sequential([layers.InputLayer(spec.input_shape(role))], name=role)
    reader.add(ImagesToSeries(dtype='float32'))
    for depth, width in enumerate(widths):
      reader.add(layers.Conv1D(width, kernel, 2, padding='same'))
      if depth and discriminator_norm == 'batch':
        reader.add(own.BatchNorm())
      reader.add(layers.LeakyReLU(0.2))
    reader.add(layers.Flatten())
    reader.add(layers.Dense(units, dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))
