"""DCGAN (Radford et al. 2016, arXiv:1511.06434) for 16 to 256 pixels, and a textbook's for 28."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks import layers as own
from tfgan_pipeline.networks.spec import Networks, NetworkSpec

layers = keras.layers


def _halvings(side: int) -> int:
  """How often `side` can be halved before it is 4 to 7 pixels."""
  for halvings in range(2, 7):
    base = side / 2**halvings
    if base.is_integer() and 4 <= base <= 7:
      return halvings
  raise UsageError(f'--networks=dcgan: image side {side} is not 4 to 7 times a power of two from 4 '
                   'up; resize, as in --dataset="tfds(mnist, size=32)"')


def _initial() -> keras.initializers.Initializer:
  """A new one per layer: one object would give layers of one shape the same weights."""
  return keras.initializers.RandomNormal(stddev=0.02)


@registry.network
def dcgan(spec: NetworkSpec, *, filters: int = 64, max_filters: int = 512, kernel: int = 4,
          discriminator_norm: bool = True) -> Networks:
  """Strided convolutions between the image and a 4 to 7 pixel map; `filters` next to the image."""
  height, width, channels = spec.image_shape
  halvings = _halvings(height)
  if height != width:
    raise UsageError(f'--networks=dcgan: images should be square, not {height}x{width}')
  # From the image inwards, doubling at each halving of the side.
  widths = [min(filters * 2**depth, max_filters) for depth in range(halvings)]
  base = height // 2**halvings

  generator = keras.Sequential([
      layers.InputLayer((spec.noise_size,)),
      layers.Dense(base * base * widths[-1], use_bias=False, kernel_initializer=_initial()),
      layers.Reshape((base, base, widths[-1])),
      own.BatchNorm(),
      layers.ReLU(),
  ], name='generator')
  for outputs in widths[-2::-1]:
    generator.add(layers.Conv2DTranspose(outputs, kernel, 2, padding='same', use_bias=False,
                                         kernel_initializer=_initial()))
    generator.add(own.BatchNorm())
    generator.add(layers.ReLU())
  generator.add(layers.Conv2DTranspose(channels, kernel, 2, padding='same', activation='tanh',
                                       kernel_initializer=_initial()))

  discriminator = keras.Sequential([layers.InputLayer(spec.image_shape)], name='discriminator')
  for depth, outputs in enumerate(widths):
    normalise = discriminator_norm and depth > 0
    discriminator.add(layers.Conv2D(outputs, kernel, 2, padding='same', use_bias=not normalise,
                                    kernel_initializer=_initial()))
    if normalise:
      discriminator.add(own.BatchNorm())
    discriminator.add(layers.LeakyReLU(0.2))
  discriminator.add(layers.Flatten())
  discriminator.add(layers.Dense(1, kernel_initializer=_initial()))
  return {'generator': generator, 'discriminator': discriminator}


@registry.network
def dcgan_textbook(spec: NetworkSpec, *, dropout: float = 0.3) -> Networks:
  """5x5 DCGAN for 28x28: 817,824 and 1,040,385 parameters on MNIST with 20 noise."""
  if spec.image_shape[:2] != (28, 28):
    raise UsageError('--networks=dcgan_textbook: images should be 28x28, not '
                     f'{spec.image_shape[0]}x{spec.image_shape[1]}')
  channels = spec.image_shape[2]
  generator = keras.Sequential([
      layers.InputLayer((spec.noise_size,)),
      layers.Dense(7 * 7 * 128, use_bias=False),
      own.BatchNorm(),
      layers.LeakyReLU(),
      layers.Reshape((7, 7, 128)),
  ], name='generator')
  for outputs, stride in ((128, 1), (64, 2), (32, 2)):
    generator.add(layers.Conv2DTranspose(outputs, 5, stride, padding='same', use_bias=False))
    generator.add(own.BatchNorm())
    generator.add(layers.LeakyReLU())
  generator.add(layers.Conv2DTranspose(channels, 5, 1, padding='same', use_bias=False,
                                       activation='tanh'))

  discriminator = keras.Sequential([layers.InputLayer(spec.image_shape)], name='discriminator')
  for outputs, stride, drops in ((64, 1, False), (128, 2, True), (256, 2, True)):
    discriminator.add(layers.Conv2D(outputs, 5, stride, padding='same'))
    discriminator.add(own.BatchNorm())
    discriminator.add(layers.LeakyReLU())
    if drops:
      discriminator.add(own.Dropout(dropout))
  discriminator.add(layers.Conv2D(1, 7))
  discriminator.add(layers.Reshape((1,)))
  return {'generator': generator, 'discriminator': discriminator}
