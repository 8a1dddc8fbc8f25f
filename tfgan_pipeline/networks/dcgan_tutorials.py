"""The DCGANs of three tutorials, layer by layer, for 28x28."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers


def _require_28(spec: NetworkSpec, name: str) -> None:
  if spec.image_shape[:2] != (28, 28):
    raise UsageError(
      f'--networks={name}: images should be 28x28, not {spec.image_shape[0]}x{spec.image_shape[1]}'
    )


def _networks(
  spec: NetworkSpec,
  generator: Sequence[keras.layers.Layer],
  reader: Callable[[int], Sequence[keras.layers.Layer]],
) -> Networks:
  """Sequential models of a generator's layers, and of `reader(outputs)`, the layers of a reader."""

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
  """Enlargement and 3x3 kernels for 28x28: 708,097 and 393,729 parameters on MNIST with 100 noise.

  As in tutorials that train a DCGAN on a TPU: batch 128, Adam 2e-4 with beta_1=0.5.
  """
  _require_28(spec, 'dcgan_upsampling')

  def reader(outputs: int) -> list[layers.Layer]:
    made = [layers.Conv2D(32, 3, 2, padding='same'), layers.LeakyReLU(0.2), own.Dropout(dropout)]
    for filters, stride in ((64, 2), (128, 2), (256, 1)):
      made.append(layers.Conv2D(filters, 3, stride, padding='same'))
      if filters == 64:
        made.append(layers.ZeroPadding2D(((0, 1), (0, 1))))
      made += [own.BatchNorm(momentum=0.8), layers.LeakyReLU(0.2), own.Dropout(dropout)]
    return [*made, layers.Flatten(), layers.Dense(outputs, dtype='float32')]

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
  """5x5 DCGAN from 2x2 to 28x28: 4,316,419 and 1,043,329 parameters for colour with 100 noise.

  As in tutorials on CelebA: uniform noise, batch 16, Adam 2e-4 with beta_1=0.5, labels of 0.9.
  """
  _require_28(spec, 'dcgan_celeba')

  def reader(outputs: int) -> list[layers.Layer]:
    made = [layers.Conv2D(64, 5, 2, padding='same'), layers.LeakyReLU(0.2)]
    for filters, stride in ((128, 2), (256, 1)):
      made += [
        layers.Conv2D(filters, 5, stride, padding='same'),
        own.BatchNorm(),
        layers.LeakyReLU(0.2),
      ]
    return [*made, layers.Flatten(), layers.Dense(outputs, dtype='float32')]

  generator = [
    layers.Dense(2 * 2 * 512),
    layers.Reshape((2, 2, 512)),
    own.BatchNorm(),
    layers.LeakyReLU(0.2),
  ]
  for filters, padding in ((256, 'valid'), (128, 'same')):
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
  """Resizing between convolutions: 328,841 and 3,265,409 parameters on MNIST with 100 noise.

  As in O'Reilly's tutorial for beginners: a 56x56 map that three strided convolutions and two
  enlargements turn into a picture, against convolutions, pooling and two dense layers.

  Args:
    spec: The sizes to fit, 28x28.
    filters: Of the generator's first convolution, half the noise in the tutorial; the second has
      half of it.
  """
  _require_28(spec, 'dcgan_interpolation')
  require('--networks', at_least=2, filters=filters)

  def normal() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)

  def reader(outputs: int) -> list[layers.Layer]:
    made = []
    for width in (32, 64):
      made += [
        layers.Conv2D(width, 5, padding='same', activation='relu', kernel_initializer=normal()),
        layers.AveragePooling2D(),
      ]
    return [
      *made,
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
  for width in (filters, filters // 2):
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
