"""InfoGAN, through `tfgan.infogan_model` (Chen et al. 2016, arXiv:1606.03657)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import tensorflow_probability as tfp

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models import noise as noises
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import GENERATE, Discriminator, ImageGame
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.replicas import randomness

if TYPE_CHECKING:
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

_CODES = 1  # Random stream of continuous codes, apart from that of the noise.


@registry.model
def infogan(
  noise: Noise,
  data: Fields,
  *,
  categorical: tuple = (10,),
  continuous: int = 2,
  weight: float = 1.0,
) -> Game:
  """InfoGAN: learns codes without labels, which the discriminator recovers from images.

  Args:
    noise: Random input of the generator besides the codes.
    data: Fields of the examples.
    categorical: Number of categories of each categorical code, all equally likely.
    continuous: Number of codes uniform in [-1, 1].
    weight: Weight of the lower bound of the mutual information (section 5 of the paper) in both
      players' losses. TF-GAN's bound is a mean over the categorical codes and, as one more, the
      mean over all continuous codes.

  Raises:
    UsageError: There is no code, a categorical one has less than 2 categories, or a number is
      negative.
  """
  if not all(isinstance(size, int) and size > 1 for size in categorical) or continuous < 0:
    raise UsageError(
      f'--model=infogan(categorical={categorical}, continuous={continuous}): each categorical code '
      'should have at least 2 categories, and there can be no fewer than 0 continuous ones'
    )
  if not categorical and not continuous:
    raise UsageError('--model=infogan: has no code at all')
  require('--model', at_least=0, weight=weight)
  return InfoGAN(noise, data, categorical, continuous, weight)


class InfoGAN(ImageGame):
  """Game of InfoGAN; the generator reads [noise, one-hot categorical codes, continuous codes]."""

  def __init__(
    self,
    noise: Noise,
    data: Fields,
    categorical: Sequence[int],
    continuous: int,
    weight: float,
  ):
    super().__init__(noise, data)
    self._categorical = categorical
    self._continuous = noises.uniform(size=continuous) if continuous else None
    self._weight = weight
    self._codes = sum(categorical) + continuous
    # The logit, logits of each categorical code, and means of continuous codes.
    self.outputs = {'discriminator': 1 + self._codes}

  @property
  def noise_size(self) -> int:
    return self.noise.size + self._codes

  def columns(self, task: Task) -> int:
    return self._categorical[0] if self._categorical else 0

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.InfoGANModel:
    generator, size = self.networks['generator'], batch['image'].shape[0]
    # [n, categories] each.
    codes = [
      tf.one_hot(tf.cast(randomness.uniform([size]) * categories, tf.int32), categories)
      for categories in self._categorical
    ]
    if self._continuous:
      codes.append(self._continuous.for_step(size))
    model = tfgan.infogan_model(
      generator_fn=lambda inputs: generator(tf.concat(inputs, axis=1), training=True),
      discriminator_fn=Discriminator(self, self._posteriors),
      real_data=batch['image'],
      unstructured_generator_inputs=[self.noise.for_step(size)],
      structured_generator_inputs=codes,
    )
    return self.with_variables(model)._replace(
      discriminator_fn=Discriminator(self, lambda numbers: numbers[:, :1])
    )

  def _posteriors(
    self, numbers: tf.Tensor
  ) -> tuple[tf.Tensor, list[tfp.distributions.Distribution]]:
    """Returns the logit and Q(code | image), categorical, or normal of variance 1 as in TF-GAN."""
    continuous = self._continuous.size if self._continuous else 0
    logit, *parts, means = tf.split(numbers, [1, *self._categorical, continuous], axis=1)
    posteriors = [
      tfp.distributions.OneHotCategorical(logits=part, dtype=tf.float32) for part in parts
    ]
    if self._continuous:
      posteriors.append(tfp.distributions.Normal(means, 1.0))
    return logit, posteriors

  def gan_loss(
    self, model: tfgan.InfoGANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    del pool
    return tfgan.gan_loss(
      model,
      adversarial.generator,
      adversarial.discriminator,
      add_summaries=False,
      mutual_information_penalty_weight=self._weight,
    )

  def observations(self, model: tfgan.InfoGANModel) -> dict[str, tf.Tensor]:
    """Returns scalars to plot; 'mutual_information_loss' is the mean of -log Q(code | image)."""
    information = tfgan.losses.mutual_information_penalty(model)
    return {**super().observations(model), 'mutual_information_loss': information}

  def codes(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """Returns categories of the first categorical code, int32 [len(indices)]; None without one."""
    if not self._categorical:
      return None
    return tf.convert_to_tensor(indices, tf.int32) % self._categorical[0]

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> tf.Tensor:
    """Returns inputs float32 [n, noise size + codes]; categories take turns.

    With codes of K1, K2, ... categories, sample i has category i % K1 of the first code,
    i // K1 % K2 of the second, and so on.
    """
    del given
    indices = tf.convert_to_tensor(indices, tf.int32)
    parts, rest = [self.noise.numbered(indices, seed)], indices
    for categories in self._categorical:
      parts.append(tf.one_hot(rest % categories, categories))
      rest //= categories
    if self._continuous:
      parts.append(self._continuous.numbered(indices, seed, _CODES))
    return tf.concat(parts, axis=1)

  def interpolation(
    self,
    number: int,
    seed: int,
    columns: int,
    label: int | None = None,
    end: int | None = None,
  ) -> tf.Tensor:
    """Returns generator inputs [columns, D] from sample `number` to `end`, by default the next.

    Categories stay those of the first sample; continuous codes move on a straight line.
    """
    del label
    first, last = self.noise.size, self.noise.size + sum(self._categorical)
    categories = tf.repeat(self.inputs(GENERATE, [number], seed)[:, first:last], columns, axis=0)
    parts = [self.noise.path(number, seed, columns, end=end), categories]
    if self._continuous:
      parts.append(self._continuous.path(number, seed, columns, _CODES, end=end))
    return tf.concat(parts, axis=1)

  def traversal(self, seed: int, columns: int) -> tf.Tensor:
    """Returns generator inputs [rows * columns, D] for rows of samples, one row per code.

    A row has the categories of its code in turn, or moves a continuous code from -2 to 2 as in
    figure 2 of the paper.
    """
    rows, first = [], self.noise.size
    base = self.inputs(GENERATE, [0], seed)
    for categories in self._categorical:
      codes = tf.one_hot(tf.range(columns) % categories, categories)
      rows.append(_replace_columns(base, first, codes))
      first += categories
    for axis in range(first, self.noise_size):
      rows.append(_replace_columns(base, axis, tf.linspace(-2.0, 2.0, columns)[:, None]))
    return tf.concat(rows, axis=0)


def _replace_columns(base: tf.Tensor, first: int, values: tf.Tensor) -> tf.Tensor:
  """Returns n copies of base [1, D] with values [n, d] in columns first to first + d - 1."""
  copies = tf.repeat(base, values.shape[0], axis=0)
  return tf.concat([copies[:, :first], values, copies[:, first + values.shape[1] :]], axis=1)
