"""DCGANs: one for images of any size (Radford et al. 2016, arXiv:1511.06434), one for 28x28."""

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


def map_sides(name: str, height: int, width: int) -> list[tuple[int, int]]:
  """Returns (height, width) of every map of the network `name`, from the image inwards.

  Each side is half of the previous map's, rounded up, until the shorter one is 3 or 4.

  Raises:
    UsageError: The image is smaller than 8x8.
  """
  if min(height, width) < 8:
    raise UsageError(
      f'--networks={name}: images should be 8x8 or larger, not {height}x{width}; '
      'resize, as in --dataset="tfds(mnist, size=32)"'
    )
  sides = [(height, width)]
  while min(sides[-1]) > 4:
    height, width = sides[-1]
    sides.append(((height + 1) // 2, (width + 1) // 2))
  return sides


def new_initializer() -> keras.initializers.Initializer:
  """Returns a new initialiser; a shared one would give layers of equal shape equal weights."""
  return keras.initializers.RandomNormal(stddev=0.02)  # Section 4 of the paper.


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
  """DCGAN of strided convolutions for images of any size from 8x8 on, rectangles included.

  Sides are halved from the image to an innermost map whose shorter side is 3 or 4.

  Args:
    spec: Networks to build, and sizes of images and noise.
    filters: Width of the layers next to the image; doubled at each halving of the sides.
    max_filters: Largest width of any layer.
    kernel: Side of all kernels.
    discriminator_norm: 'batch', 'spectral' (Miyato et al. 2018) or 'none'.
    minibatch: Layer before the discriminator's last one that compares the images of a batch: ''
      for none, 'std' (within groups of 4) or 'discrimination' (with the global batch); see
      layers/minibatch.py.

  Raises:
    UsageError: An argument is out of range, or images are smaller than 8x8.
  """
  if discriminator_norm not in ('batch', 'spectral', 'none'):
    raise UsageError(
      f'--networks=dcgan: discriminator_norm={discriminator_norm} should be batch, spectral or none'
    )
  require('--networks', at_least=1, filters=filters, max_filters=max_filters, kernel=kernel)
  *size, channels = spec.image_shape
  sides = map_sides('dcgan', *size)
  # Index 0 is next to the image.
  widths = [min(filters * 2**depth, max_filters) for depth in range(len(sides) - 1)]

  def make_generator(role: str) -> keras.Model:
    generator = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Dense(
          math.prod(sides[-1]) * widths[-1], use_bias=False, kernel_initializer=new_initializer()
        ),
        layers.Reshape((*sides[-1], widths[-1])),  # [N, 3 or 4, 3 or 4, widths[-1]]
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
          kernel_initializer=new_initializer(),
        )
      )
      odd = [side % 2 for side in sides[depth]]
      if any(odd):  # Doubling overshoots an odd side by one.
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
          outputs,
          kernel,
          2,
          padding='same',
          use_bias=not normalise,
          kernel_initializer=new_initializer(),
        )
      )
      if normalise:
        reader.add(own.BatchNorm())
      reader.add(layers.LeakyReLU(0.2))  # Section 4 of the paper.
    reader.add(layers.Flatten())
    for layer in minibatch_layers(minibatch, spec, role):
      reader.add(layer)
    reader.add(dense(units, kernel_initializer=new_initializer(), dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))


@registry.network
def dcgan_textbook(spec: NetworkSpec, *, dropout: float = 0.3) -> Networks:
  """DCGAN with 5x5 kernels and dropout for 28x28 images, as in a textbook.

  On MNIST with noise of size 20, the generator has 817,824 parameters and the discriminator
  1,040,385.

  Args:
    spec: Networks to build, and sizes of images and noise.
    dropout: Rate after the discriminator's second and third convolution.

  Raises:
    UsageError: Images are not 28x28.
  """
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
        layers.LeakyReLU(),  # Keras' default slope, 0.3, in all layers.
        layers.Reshape((7, 7, 128)),
      ],
      name=role,
    )
    for outputs, stride in ((128, 1), (64, 2), (32, 2)):  # Sides of 7, 14, 28.
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
    reader.add(layers.Conv2D(units, 7, dtype='float32'))  # [N, 7, 7, 256] -> [N, 1, 1, units]
    reader.add(layers.Reshape((units,), dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))
