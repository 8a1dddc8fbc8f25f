"""Networks for points of the plane, which data and samples hold as pictures (media/points.py)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media.points import IMAGE_SHAPE
from tfgan_pipeline.networks.layers import two_bytes
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers


class PointsToImages(layers.Layer):
  """Encodes points float32 [n, 2] in [-1, 1] as pictures float32 [n, 2, 2, 1] in [-1, 1].

  One pixel is the high byte of a coordinate, a step function, and the next one the remainder, which
  carries the gradient: decoding by ImagesToPoints returns the points with a derivative of 1.
  """

  def call(self, inputs):
    return two_bytes.split(inputs, axis=-1)[..., tf.newaxis]


class ImagesToPoints(layers.Layer):
  """Decodes pictures [n, 2, 2, 1 + K] in [-1, 1] to [n, 2 + K]: two coordinates and a label.

  The first channel holds the point. The K others are constant maps, the one-hot label that
  `spec.conditioned` appends to images, and become K numbers.
  """

  def call(self, inputs):
    points = two_bytes.join(inputs)
    # The label's maps are constant: one of their places is enough.
    return tf.concat([points[..., 0], points[:, 0, 1:]], axis=1)


@registry.network
def points_mlp(spec: NetworkSpec, *, units: int = 128, hidden: int = 2) -> Networks:
  """Dense ReLU networks for points of the plane, as of `gaussian_ring` and `gaussian_grid`.

  Args:
    spec: Networks to build, and sizes of images and noise; images are 2x2 grey.
    units: Width of each hidden layer.
    hidden: Number of hidden layers.

  Raises:
    UsageError: An argument is less than 1, or images are not 2x2 grey.
  """
  require('--networks', at_least=1, units=units, hidden=hidden)
  if tuple(spec.image_shape) != IMAGE_SHAPE:
    raise UsageError(
      '--networks=points_mlp: images should be points, as 2x2x1, not '
      + 'x'.join(map(str, spec.image_shape))
    )

  def dense() -> list[layers.Layer]:
    return [layers.Dense(units, activation='relu') for _ in range(hidden)]

  def generator(role: str) -> keras.Model:
    return keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        *dense(),
        layers.Dense(2, activation='tanh', dtype='float32'),
        PointsToImages(dtype='float32'),
      ],
      name=role,
    )

  def reader(role: str, outputs: int) -> keras.Model:
    return keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        ImagesToPoints(dtype='float32'),
        *dense(),
        layers.Dense(outputs, dtype='float32'),
      ],
      name=role,
    )

  return conditioned(spec, fill(spec, generator, reader))
