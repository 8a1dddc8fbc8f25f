"""Limits on the latents of samples: fewer kinds of samples, of which more are good.

truncation = Truncation(share=0.7)                # latents lie closer to their mean
truncation = Truncation(limit=1.0)                # no number of the noise is beyond 1
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.sampling.latent.styles import Styles

_MEAN_OF = 10_000  # Styles whose mean stands for all, as in the authors' code of StyleGAN2.
_PART = 1000
_STREAM = 11  # Word that separates the noise of the mean style from that of samples.


@dataclasses.dataclass(frozen=True)
class Truncation:
  """Limits on latents.

  Attributes:
    share: Share of the distance from the mean latent that is kept, 1 for all: of styles, where the
      generator has them (Karras et al. 2019, arXiv:1812.04948, appendix B), else of the noise.
    limit: Largest absolute value of the noise on each axis; 0 for none. Normal noise gets the
      normal distribution between the limits, as BigGAN (arXiv:1809.11096, section 3.1), not by
      drawing again but by its quantiles, so that a sample keeps its number; uniform noise shrinks.

  Raises:
    UsageError: A number is negative or not finite.
  """

  share: float = 1.0
  limit: float = 0.0

  def __post_init__(self) -> None:
    require('', at_least=0, **{'--truncation': self.share, '--noise_limit': self.limit})

  def __bool__(self) -> bool:
    return self.share != 1 or bool(self.limit)


class Truncated:
  """Task of a game whose latents are limited, in place of Game.run.

  Args:
    truncation: The limits.
    experiment: The run's experiment.
    game: The game.
    task: The task, of noise.
    networks: The networks of the task.

  Raises:
    UsageError: The game's noise has no such limit.
  """

  def __init__(
    self,
    truncation: Truncation,
    experiment: Experiment,
    game: Game,
    task: Task,
    networks: Networks,
  ):
    self._truncation, self._game, self._task, self._networks = truncation, game, task, networks
    self._noise = registry.noise.parse(experiment.noise).name
    reads = game.roles()[task.roles[0]].reads
    is_plain = reads['noise'].shape == (game.noise.size,) if 'noise' in reads else False
    if not is_plain or self._noise not in ('normal', 'uniform'):
      raise UsageError(
        '--truncation and --noise_limit: of normal or uniform noise alone, and this run has '
        f'--model={experiment.model} --noise={experiment.noise}'
      )
    self._styles = Styles.of(networks[task.roles[0]]) if truncation.share != 1 else None
    self._mean: tf.Variable | None = None
    if self._styles:
      self._mean = tf.Variable(tf.zeros([self._styles.size]), trainable=False)

  def restored(self) -> None:
    """Computes the mean style, after weights have been restored."""
    if self._styles is None or self._mean is None:
      return
    sums = np.zeros(self._styles.size)
    for first in range(0, _MEAN_OF, _PART):
      numbers = range(first, first + _PART)
      noise = self._game.noise.numbered(numbers, 0, _STREAM)
      labels = self._game.labels(numbers)
      styles = self._styles.style(noise if labels is None else [noise, labels])
      sums += styles.numpy().sum(axis=0, dtype=np.float64)
    self._mean.assign(sums / _MEAN_OF)

  def __call__(self, inputs: Inputs) -> tf.Tensor:
    """Makes samples float32 [n, H, W, C] in [-1, 1]; the inputs are those of Game.run."""
    parts = inputs if isinstance(inputs, list) else [inputs]
    noise = _limited(parts[0], self._truncation.limit, self._noise)
    share = self._truncation.share
    if self._styles is None:
      noise = share * noise
    parts = [noise, *parts[1:]]
    inputs = parts if isinstance(inputs, list) else noise
    if self._styles is None:
      return self._game.run(self._task, self._networks, inputs)
    styles = self._mean + share * (self._styles.style(inputs) - self._mean)
    return self._styles.picture([styles] * self._styles.layers)


def _limited(noise: tf.Tensor, limit: float, distribution: str) -> tf.Tensor:
  """Returns noise with the distribution that it has between -limit and limit; 0 for no limit."""
  if not limit:
    return noise
  if distribution == 'uniform':
    return noise * min(limit, 1.0)
  tail = 0.5 * math.erfc(limit / math.sqrt(2))  # Share of normal numbers above the limit.
  wide = tf.cast(noise, tf.float64)
  below = 0.5 * tf.math.erfc(-wide / math.sqrt(2.0))
  return tf.cast(tf.math.ndtri(tail + below * (1 - 2 * tail)), tf.float32)
