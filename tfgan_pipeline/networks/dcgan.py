"""DCGAN (Radford et al. 2016, arXiv:1511.06434) for images of any size, and a textbook's for 28."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.layers.minibatch import minibatch_layers
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D, SpectralDense
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers


def _sides(height: int, width: int) -> list[tuple[int, int]]:
  """(height, width) of the maps from the image inwards.

  Each side is half of the one before, rounded up, until the shorter one is 3 or 4.
  """
  if min(height, width) < 8:
    raise UsageError(
      f'--networks=dcgan: images should be 8x8 or larger, not {height}x{width}; '
      'resize, as in --dataset="tfds(mnist, size=32)"'
    )
  sides = [(height, width)]
  while min(sides[-1]) > 4:
    height, width = sides[-1]
    sides.append(((height + 1) // 2, (width + 1) // 2))
  return sides


def _initial() -> keras.initializers.Initializer:
  """A new one per layer: one object would give layers of one shape the same weights."""
  return keras.initializers.RandomNormal(stddev=0.02)


@registry.network
def dcgan(
  spec: NetworkSpec,
  *,
  filters: int = 64,
  max_filters: int = 512,
  kernel: int = 4,
  discriminator_norm: str = 'batch',
  minibatch: str = '',
) -> Networks:
  """Strided convolutions between the image and a 3 or 4 pixel map; `filters` next to the image.

  Images may have any sides of 8 or more; of a rectangle's innermost map the shorter side is 3 or 4.

  Args:
    spec: The sizes to fit.
    filters: Of the layers next to the image; doubled at each halving of the sides.
    max_filters: The most of any layer.
    kernel: Side of all kernels.
    discriminator_norm: 'batch', 'spectral' (Miyato et al. 2018) or 'none'.
    minibatch: '', 'std' or 'discrimination', before the discriminator's last layer: what it is told
      of the images beside each one, of groups of 4 or of the global batch, see minibatch.py.
  """
  if discriminator_norm not in ('batch', 'spectral', 'none'):
    raise UsageError(
      f'--networks=dcgan: discriminator_norm={discriminator_norm} should be batch, spectral or none'
    )
  require('--networks', at_least=1, filters=filters, max_filters=max_filters, kernel=kernel)
  *size, channels = spec.image_shape
  sides = _sides(*size)
  # From the image inwards, doubling at each halving of the sides.
  widths = [min(filters * 2**depth, max_filters) for depth in range(len(sides) - 1)]

  def make_generator(role: str) -> keras.Model:
    generator = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Dense(
          math.prod(sides[-1]) * widths[-1], use_bias=False, kernel_initializer=_initial()
        ),
        layers.Reshape((*sides[-1], widths[-1])),
        own.BatchNorm(),
        layers.ReLU(),
      ],
      name=role,
    )
    for depth in range(len(widths) - 1, -1, -1):
      last = depth == 0
      generator.add(
        layers.Conv2DTranspose(
          channels if last else widths[depth - 1],
          kernel,
          2,
          padding='same',
          use_bias=last,
          kernel_initializer=_initial(),
        )
      )
      odd = [side % 2 for side in sides[depth]]
      if any(odd):  # Doubling has overshot by one.
        generator.add(layers.Cropping2D(((0, odd[0]), (0, odd[1]))))
      if not last:
        generator.add(own.BatchNorm())
        generator.add(layers.ReLU())
    generator.add(layers.Activation('tanh', dtype='float32'))
    return generator

  spectral = discriminator_norm == 'spectral'
  conv = SpectralConv2D if spectral else layers.Conv2D
  dense = SpectralDense if spectral else layers.Dense

  def make_reader(role: str, units: int) -> keras.Model:
    reader = keras.Sequential([layers.InputLayer(spec.input_shape(role))], name=role)
    for depth, outputs in enumerate(widths):
      normalise = discriminator_norm == 'batch' and depth > 0
      reader.add(
        conv(
          outputs, kernel, 2, padding='same', use_bias=not normalise, kernel_initializer=_initial()
        )
      )
      if normalise:
        reader.add(own.BatchNorm())
      reader.add(layers.LeakyReLU(0.2))
    reader.add(layers.Flatten())
    for layer in minibatch_layers(minibatch, spec, role):
      reader.add(layer)
    reader.add(dense(units, kernel_initializer=_initial(), dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))


@registry.network
def dcgan_textbook(spec: NetworkSpec, *, dropout: float = 0.3) -> Networks:
  """5x5 DCGAN for 28x28: 817,824 and 1,040,385 parameters on MNIST with 20 noise."""
  if spec.image_shape[:2] != (28, 28):
    raise UsageError(
      '--networks=dcgan_textbook: images should be 28x28, not '
      f'{spec.image_shape[0]}x{spec.image_shape[1]}'
    )
  channels = spec.image_shape[2]

  def make_generator(role: str) -> keras.Model:
    generator = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Dense(7 * 7 * 128, use_bias=False),
        own.BatchNorm(),
        layers.LeakyReLU(),
        layers.Reshape((7, 7, 128)),
      ],
      name=role,
    )
    for outputs, stride in ((128, 1), (64, 2), (32, 2)):
      generator.add(layers.Conv2DTranspose(outputs, 5, stride, padding='same', use_bias=False))
      generator.add(own.BatchNorm())
      generator.add(layers.LeakyReLU())
    generator.add(layers.Conv2DTranspose(channels, 5, 1, padding='same', use_bias=False))
    generator.add(layers.Activation('tanh', dtype='float32'))
    return generator

  def make_reader(role: str, units: int) -> keras.Model:
    reader = keras.Sequential([layers.InputLayer(spec.input_shape(role))], name=role)
    for outputs, stride, drops in ((64, 1, False), (128, 2, True), (256, 2, True)):
      reader.add(layers.Conv2D(outputs, 5, stride, padding='same'))
      reader.add(own.BatchNorm())
      reader.add(layers.LeakyReLU())
      if drops:
        reader.add(own.Dropout(dropout))
    reader.add(layers.Conv2D(units, 7, dtype='float32'))
    reader.add(layers.Reshape((units,), dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))
