"""What the generator starts from: `--noise=normal(128)`, `--noise=uniform(20)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.latent_paths import along_arc, along_line
from tfgan_pipeline.replicas import randomness

_BLOCK = 256  # Samples that share one key, whatever the batch size they are asked for in.


@dataclasses.dataclass(frozen=True)
class Noise:
  """A distribution over float32 vectors.

  Attributes:
    size: Length of one vector.
    sampler: Called with shape= and seed= (int32 [2]), like `tf.random.stateless_normal`.
    reach: How far from 0 a component is worth looking at.
    between: The way from one vector to another, a function of interpolation.py.
  """

  size: int
  sampler: Callable[..., tf.Tensor]
  reach: float = 1.0
  between: Callable[..., np.ndarray] = along_line

  def __post_init__(self) -> None:
    if self.size < 1:
      raise UsageError(f'--noise: size={self.size} should be at least 1')

  def for_step(self, batch: int) -> tf.Tensor:
    """float32 [batch, size] for this replica, inside a `randomness.scope`."""
    return randomness.draw(self.sampler, [batch, self.size])

  def numbered(
    self, indices: Sequence[int] | np.ndarray | tf.Tensor, seed: int | tf.Tensor, *stream: int
  ) -> tf.Tensor:
    """float32 [len(indices), size]: vector i depends on (seed, i), not on how many are asked.

    Args:
      indices: Numbers of vectors.
      seed: Chooses all of them.
      *stream: Chooses others under the same seed.
    """
    indices = tf.convert_to_tensor(indices, tf.int32)
    blocks, place = tf.unique(indices // _BLOCK)
    key = randomness.key(seed, *stream)
    tables = tf.map_fn(
      lambda block: self.sampler(
        shape=[_BLOCK, self.size], seed=tf.random.experimental.stateless_fold_in(key, block)
      ),
      blocks,
      fn_output_signature=tf.float32,
    )
    return tf.gather_nd(tables, tf.stack([place, indices % _BLOCK], axis=1))

  def path(self, number: int, seed: int, columns: int, *stream: int) -> tf.Tensor:
    """float32 [columns, size]: in even steps from vector `number` to the next, both included."""
    ends = self.numbered([number, number + 1], seed, *stream).numpy().astype(np.float64)
    start, end = np.repeat(ends[:, np.newaxis], columns, axis=1)
    return tf.constant(self.between(start, end, np.linspace(0, 1, columns)), tf.float32)


@registry.noise
def normal(*, size: int = 64) -> Noise:
  """Independent standard normal components."""
  return Noise(size, tf.random.stateless_normal, reach=2.0, between=along_arc)


@registry.noise
def uniform(*, size: int = 64) -> Noise:
  """Independent components uniform in [-1, 1)."""

  def sampler(shape: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, seed, minval=-1.0, maxval=1.0)

  return Noise(size, sampler)
