"""Translation learnt from pairs (Isola et al. 2017, arXiv:1611.07004), by `tfgan.gan_model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import contextlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, Inputs, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.translation_game import TranslationGame
from tfgan_pipeline.networks.layers.basic import batch_statistics, dropout_in_inference
from tfgan_pipeline.networks.spec import Networks, Port
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.replicas.mapping import map_rows

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

STATISTICS = ('image', 'moving')


@registry.model
def pix2pix(
  noise: Noise,
  data: Fields,
  *,
  l1_weight: float = 100.0,
  discriminator_weight: float = 0.5,
  statistics: str = 'image',
  dropout: bool = True,
) -> Game:
  """Translator of image_a to image_b, trained on pairs, against a reader of both images.

  Args:
    noise: Not read; the randomness of outputs is the translator's dropout.
    data: Fields of the examples: image_a and image_b, a pair.
    l1_weight: Weight of the mean absolute error of outputs.
    discriminator_weight: Weight of the discriminator's loss, which the paper halves.
    statistics: Statistics of batch normalisation in outputs: 'image' for those of each image by
      itself, as after training with one image at a time; 'moving' for moving averages.
    dropout: Whether outputs have dropout as in training, each by its seed and number.

  Raises:
    UsageError: A weight is negative, `statistics` is something else, or images of the target are
      not a whole number of times as large as those of the source.
  """
  require('--model', at_least=0, l1_weight=l1_weight, discriminator_weight=discriminator_weight)
  if statistics not in STATISTICS:
    raise UsageError(f'statistics={statistics} should be one of {", ".join(STATISTICS)}')
  return Pix2Pix(noise, data, l1_weight, discriminator_weight, statistics, dropout)


class Pix2Pix(TranslationGame):
  """Game of one direction whose discriminator reads the source beside the target."""

  sides = {'a_to_b': ('a', 'b')}
  needs = frozenset({Need.PICTURES, Need.PAIRS})

  def __init__(
    self,
    noise: Noise,
    data: Fields,
    l1_weight: float,
    discriminator_weight: float,
    statistics: str,
    dropout: bool,
  ):
    super().__init__(noise, data)
    self.require_whole_factor('a_to_b')
    self._l1_weight = l1_weight
    self._discriminator_weight = discriminator_weight
    self._statistics = statistics
    self._dropout = self.is_random = dropout

  def discriminator_reads(self, source: str, target: str) -> dict[str, Port]:
    """Returns images of the target, and of the source, enlarged to the size of the target."""
    image, other = self.image_port(target), self.image_port(source)
    return {'image': image, 'source': Port((*image.sides[:2], other.sides[2]))}

  def judge(self, direction: str, images: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
    sources = _enlarged(sources, images.shape[1:3])
    discriminator = self.networks[self.discriminator_of(direction)]
    return discriminator(list(self.augment(images, sources)), training=True)

  def gan_loss(
    self, model: GANTuple, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns equation 4 of the paper: the adversarial loss and the weighted L1 error."""
    loss = super().gan_loss(model, adversarial, pool)
    return tfgan.GANLoss(
      loss.generator_loss + self._l1_weight * _l1(model),
      loss.discriminator_loss * self._discriminator_weight,
    )

  def observations(self, model: GANTuple) -> dict[str, tf.Tensor]:
    """Returns scalars to plot, the mean absolute error of pixels in [0, 255] included."""
    return {**super().observations(model), 'pixel_error': 127.5 * _l1(model)}

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns [images float32 [n, H, W, C] in [-1, 1], keys int32 [n, 2] of their dropout]."""
    images = super().inputs(task, indices, seed, given)
    keys = map_rows(
      lambda index: randomness.key(seed, index),
      tf.convert_to_tensor(indices, tf.int32),
      tf.TensorSpec([2], tf.int32),
    )
    return [images, keys]

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    """Makes outputs one at a time, since each has statistics and dropout of its own."""
    network = networks[task.roles[0]]
    with contextlib.ExitStack() as modes:
      if self._statistics == 'image':
        modes.enter_context(batch_statistics())
      if self._dropout:
        modes.enter_context(dropout_in_inference())

      def one(image_and_key: Sequence[tf.Tensor]) -> tf.Tensor:
        image, key = image_and_key
        with randomness.scope(key):
          return network(image[tf.newaxis], training=False)[0]

      if not (self._dropout or self._statistics == 'image'):
        return network(inputs[0], training=False)
      return map_rows(one, inputs, tf.float32)


def _l1(model: GANTuple) -> tf.Tensor:
  """Returns the mean absolute error of generated images, for pixels in [-1, 1]."""
  return tf.reduce_mean(tf.abs(model.real_data - model.generated_data))


def _enlarged(images: tf.Tensor, sides: Sequence[int]) -> tf.Tensor:
  """Returns images [n, h, w, C] as [n, *sides, C], by nearest neighbours; of equal size, as is."""
  for axis, side in zip((1, 2), sides):
    if images.shape[axis] != side:
      images = tf.repeat(images, side // images.shape[axis], axis=axis)
  return images
