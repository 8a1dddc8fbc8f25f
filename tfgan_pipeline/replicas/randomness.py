"""Random numbers that depend on (seed, step, position in the global batch) and on nothing else.

    with randomness.scope(randomness.key(seed, step), replica, num_replicas):
      noise = randomness.normal([replica_batch, 64])

Inside a scope the n-th draw of a step has its own key, drawn for the whole global batch, of which
each replica takes its own rows: 1, 2 and 4 replicas see the same numbers, and a resumed run sees
the ones it would have seen. Nothing is stateful: op seeds are ignored on TPU, and the state of a
generator would have to be saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import contextlib
import threading

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import require

_local = threading.local()  # MirroredStrategy traces each replica in a thread of its own.


def derived_seed(seed: int, number: int | tf.Tensor) -> int | tf.Tensor:
  """`seed` for number 0, and other seeds for other numbers, each less than 2**31."""
  _check(seed)
  return (seed + number * 1_000_003) % 2**31


def key(seed: int | tf.Tensor, *path: int | tf.Tensor) -> tf.Tensor:
  """An int32 [2] key for `seed` and a path of integers such as (stream, step, sub-step).

  Raises:
    UsageError: The seed is no int32, and so would be taken for another one; or it is negative.
  """
  _check(seed)
  folded = tf.stack([tf.cast(seed, tf.int32), 0x7F4A])
  for part in path:
    folded = tf.random.experimental.stateless_fold_in(folded, tf.cast(part, tf.int32))
  return folded


def _check(seed: int | tf.Tensor) -> None:
  if isinstance(seed, int):
    require('', at_least=0, below=2**31, seed=seed)


@contextlib.contextmanager
def scope(
  step_key: tf.Tensor, replica: int | tf.Tensor = 0, num_replicas: int = 1
) -> Iterator[None]:
  """Draws made inside are keyed by `step_key` (int32 [2]) and the order they are made in."""
  outer = getattr(_local, 'scope', None)
  _local.scope = [step_key, replica, num_replicas, 0]
  try:
    yield
  finally:
    _local.scope = outer


def active() -> bool:
  """Whether a scope is open in this thread."""
  return getattr(_local, 'scope', None) is not None


def draw(sampler: Callable[..., tf.Tensor], shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """This replica's rows of `sampler(shape=[global batch, ...], seed=key)`.

  Args:
    sampler: A stateless sampler such as `tf.random.stateless_normal`.
    shape: Static shape wanted here, the batch of this replica first.
  """
  if not active():
    raise RuntimeError('random numbers are drawn inside randomness.scope()')
  step_key, replica, num_replicas, count = _local.scope
  _local.scope[3] += 1
  rows = int(shape[0])
  seed = tf.random.experimental.stateless_fold_in(step_key, count)
  everywhere = sampler(shape=[rows * num_replicas, *shape[1:]], seed=seed)
  if num_replicas == 1:
    return everywhere
  here = tf.slice(everywhere, [replica * rows] + [0] * (len(shape) - 1), [rows, *shape[1:]])
  return tf.ensure_shape(here, shape)


def shared(shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Uniform float32 in [0, 1), the same numbers on every replica."""
  step_key, *_, count = _local.scope
  _local.scope[3] += 1
  return tf.random.stateless_uniform(
    shape, tf.random.experimental.stateless_fold_in(step_key, count)
  )


def normal(shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Standard normal float32."""
  return draw(tf.random.stateless_normal, shape)


def uniform(shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Uniform float32 in [0, 1)."""
  return draw(tf.random.stateless_uniform, shape)
