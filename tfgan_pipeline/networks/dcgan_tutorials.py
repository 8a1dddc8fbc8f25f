"""DCGANs of three tutorials, layer by layer, for 28x28 images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers


def _require_28(spec: NetworkSpec, name: str) -> None:
  """Raises UsageError unless images are 28x28."""
  if spec.image_shape[:2] != (28, 28):
    raise UsageError(
      f'--networks={name}: images should be 28x28, not {spec.image_shape[0]}x{spec.image_shape[1]}'
    )


def _networks(
  spec: NetworkSpec,
  generator: Sequence[keras.layers.Layer],
  reader: Callable[[int], Sequence[keras.layers.Layer]],
) -> Networks:
  """Builds sequential models from the generator's layers and from `reader(outputs)`."""

  def sequential(role: str, hidden: Sequence[keras.layers.Layer]) -> keras.Model:
    return keras.Sequential([layers.InputLayer(spec.input_shape(role)), *hidden], name=role)

  networks = fill(
    spec,
    lambda role: sequential(role, generator),
    lambda role, outputs: sequential(role, reader(outputs)),
  )
  return conditioned(spec, networks)


@registry.network
def dcgan_upsampling(spec: NetworkSpec, *, dropout: float = 0.25) -> Networks:
  """DCGAN that enlarges maps between 3x3 convolutions, for 28x28 images.

  On MNIST with noise of size 100, the generator has 708,097 parameters and the discriminator
  393,729. Tutorials that train a DCGAN on a TPU use batch 128 and Adam 2e-4 with beta_1=0.5.

  Args:
    spec: Networks to build, and sizes of images and noise.
    dropout: Rate after each convolution of the discriminator.

  Raises:
    UsageError: Images are not 28x28.
  """
  _require_28(spec, 'dcgan_upsampling')

  def reader(outputs: int) -> list[layers.Layer]:
    stack = [layers.Conv2D(32, 3, 2, padding='same'), layers.LeakyReLU(0.2), own.Dropout(dropout)]
    for filters, stride in ((64, 2), (128, 2), (256, 1)):
      stack.append(layers.Conv2D(filters, 3, stride, padding='same'))
      if filters == 64:  # [N, 7, 7, 64] -> [N, 8, 8, 64], as in the tutorials.
        stack.append(layers.ZeroPadding2D(((0, 1), (0, 1))))
      stack += [own.BatchNorm(momentum=0.8), layers.LeakyReLU(0.2), own.Dropout(dropout)]
    return [*stack, layers.Flatten(), layers.Dense(outputs, dtype='float32')]

  generator = [
    layers.Dense(128 * 7 * 7, activation='relu'),
    layers.Reshape((7, 7, 128)),
    own.NearestUpsample2x(),
    layers.Conv2D(64, 3, padding='same'),
    own.BatchNorm(momentum=0.8),
    layers.ReLU(),
    own.NearestUpsample2x(),
    layers.Conv2D(spec.image_shape[2], 3, padding='same'),
    layers.Activation('tanh', dtype='float32'),
  ]
  return _networks(spec, generator, reader)


@registry.network
def dcgan_celeba(spec: NetworkSpec) -> Networks:
  """DCGAN with 5x5 kernels from a 2x2 map to 28x28 images, as in tutorials on CelebA.

  In colour with noise of size 100, the generator has 4,316,419 parameters and the discriminator
  1,043,329. The tutorials use uniform noise, batch 16, Adam 2e-4 with beta_1=0.5 and labels of 0.9.

  Args:
    spec: Networks to build, and sizes of images and noise.

  Raises:
    UsageError: Images are not 28x28.
  """
  _require_28(spec, 'dcgan_celeba')

  def reader(outputs: int) -> list[layers.Layer]:
    stack = [layers.Conv2D(64, 5, 2, padding='same'), layers.LeakyReLU(0.2)]
    for filters, stride in ((128, 2), (256, 1)):
      stack += [
        layers.Conv2D(filters, 5, stride, padding='same'),
        own.BatchNorm(),
        layers.LeakyReLU(0.2),
      ]
    return [*stack, layers.Flatten(), layers.Dense(outputs, dtype='float32')]

  generator = [
    layers.Dense(2 * 2 * 512),
    layers.Reshape((2, 2, 512)),
    own.BatchNorm(),
    layers.LeakyReLU(0.2),
  ]
  for filters, padding in ((256, 'valid'), (128, 'same')):  # Sides of 2, 7, 14.
    generator += [
      layers.Conv2DTranspose(filters, 5, 2, padding),
      own.BatchNorm(),
      layers.LeakyReLU(0.2),
    ]
  generator += [
    layers.Conv2DTranspose(spec.image_shape[2], 5, 2, 'same'),
    layers.Activation('tanh', dtype='float32'),
  ]
  return _networks(spec, generator, reader)


@registry.network
def dcgan_interpolation(spec: NetworkSpec, *, filters: int = 50) -> Networks:
  """Bilinear resizing between convolutions for 28x28, as in O'Reilly's tutorial for beginners.

  The generator turns a 56x56 map into a picture by three strided convolutions and two enlargements;
  the discriminator has convolutions, pooling and two dense layers. On MNIST with noise of size 100,
  they have 328,841 and 3,265,409 parameters.

  Args:
    spec: Networks to build, and sizes of images and noise.
    filters: Width of the generator's first convolution, in the tutorial half the size of the noise;
      the second has half as many.

  Raises:
    UsageError: Images are not 28x28, or `filters` is less than 2.
  """
  _require_28(spec, 'dcgan_interpolation')
  require('--networks', at_least=2, filters=filters)

  def normal() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)  # As in the tutorial.

  def reader(outputs: int) -> list[layers.Layer]:
    stack = []
    for width in (32, 64):
      stack += [
        layers.Conv2D(width, 5, padding='same', activation='relu', kernel_initializer=normal()),
        layers.AveragePooling2D(),
      ]
    return [
      *stack,
      layers.Flatten(),
      layers.Dense(1024, activation='relu', kernel_initializer=normal()),
      layers.Dense(outputs, kernel_initializer=normal(), dtype='float32'),
    ]

  generator = [
    layers.Dense(56 * 56, kernel_initializer=normal()),
    layers.Reshape((56, 56, 1)),
    own.BatchNorm(epsilon=1e-5),
    layers.ReLU(),
  ]
  for width in (filters, filters // 2):  # Sides of 56, 28, 56, 28, 56.
    generator += [
      layers.Conv2D(width, 3, 2, padding='same', kernel_initializer=normal()),
      own.BatchNorm(epsilon=1e-5),
      layers.ReLU(),
      layers.UpSampling2D(interpolation='bilinear'),
    ]
  generator += [
    layers.Conv2D(spec.image_shape[2], 1, 2, kernel_initializer=normal()),
    layers.Activation('sigmoid', dtype='float32'),
    own.UnitToImageRange(dtype='float32'),
  ]
  return _networks(spec, generator, reader)
