"""Random inputs of generators: `--noise=normal(128)`, `--noise=uniform(20)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.latent_paths import along_arc, along_line
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.replicas.mapping import map_rows

# Vectors drawn with one key, so that a vector does not depend on the batch in which it is drawn.
# Another number would change published samples.
_BLOCK = 256


@dataclasses.dataclass(frozen=True)
class Noise:
  """Distribution of float32 vectors.

  Attributes:
    size: Length of one vector.
    sampler: Called with shape= and seed= (int32 [2]), like `tf.random.stateless_normal`.
    reach: Largest absolute value that traversals give to a component.
    between: Interpolation between two vectors, a function of latent_paths.py.
    limit: Largest absolute value that a component can have; None if there is none.
  """

  size: int
  sampler: Callable[..., tf.Tensor]
  reach: float = 1.0
  between: Callable[..., np.ndarray] = along_line
  limit: float | None = None

  def __post_init__(self) -> None:
    if self.size < 1:
      raise UsageError(f'--noise: size={self.size} should be at least 1')

  def for_step(self, batch: int) -> tf.Tensor:
    """Draws vectors float32 [batch, size] for this replica, inside a `randomness.scope`."""
    return randomness.draw(self.sampler, [batch, self.size])

  def numbered(
    self, indices: Sequence[int] | np.ndarray | tf.Tensor, seed: int | tf.Tensor, *stream: int
  ) -> tf.Tensor:
    """Returns numbered vectors, float32 [len(indices), size].

    A vector depends on its number, the seed and the stream only, not on the other indices.

    Args:
      indices: Numbers of vectors.
      seed: Seed of all vectors.
      *stream: Numbers that select another, independent sequence of vectors of the seed.
    """
    indices = tf.convert_to_tensor(indices, tf.int32)
    blocks, place = tf.unique(indices // _BLOCK)
    key = randomness.key(seed, *stream)
    tables = map_rows(
      lambda block: self.sampler(
        shape=[_BLOCK, self.size], seed=tf.random.experimental.stateless_fold_in(key, block)
      ),
      blocks,
      tf.float32,
    )
    return tf.gather_nd(tables, tf.stack([place, indices % _BLOCK], axis=1))

  def path(
    self, number: int, seed: int, columns: int, *stream: int, end: int | None = None
  ) -> tf.Tensor:
    """Interpolates from one vector to another, ends included.

    Args:
      number: Number of the first vector.
      seed: Seed of all vectors.
      columns: Number of vectors.
      *stream: As of `numbered`.
      end: Number of the last vector; by default the next one.

    Returns:
      float32 [columns, size].
    """
    end = number + 1 if end is None else end
    ends = self.numbered([number, end], seed, *stream).numpy().astype(np.float64)
    start, end = np.repeat(ends[:, np.newaxis], columns, axis=1)
    return tf.constant(self.between(start, end, np.linspace(0, 1, columns)), tf.float32)


@registry.noise
def normal(*, size: int = 64) -> Noise:
  """Vectors of independent standard normal numbers.

  Args:
    size: Length of a vector.
  """
  # 95 % of the numbers are within 2 of 0.
  return Noise(size, tf.random.stateless_normal, reach=2.0, between=along_arc)


@registry.noise
def uniform(*, size: int = 64) -> Noise:
  """Vectors of independent numbers that are uniform in [-1, 1).

  Args:
    size: Length of a vector.
  """

  def sampler(shape: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, seed, minval=-1.0, maxval=1.0)

  return Noise(size, sampler, limit=1.0)
