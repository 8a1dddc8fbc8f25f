"""Random numbers that depend on (seed, step, position in the global batch) only.

    with randomness.scope(randomness.key(seed, step), replica, num_replicas):
      noise = randomness.normal([replica_batch, 64])

Inside a scope the n-th draw of a step has its own key. Numbers are drawn for the global batch, and
each replica takes its rows: 1, 2 and 4 replicas see equal numbers, and a resumed run sees those of
a run that was not stopped. No draw is stateful: op seeds are ignored on TPU, and the state of a
generator would have to be saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
import threading
from typing import TypeVar

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import require

T = TypeVar('T')
_local = threading.local()  # MirroredStrategy traces each replica in a thread of its own.


def derived_seed(seed: int, number: int | tf.Tensor) -> int | tf.Tensor:
  """Returns a seed in [0, 2**31) that differs for each `number`; `seed` itself for number 0.

  Args:
    seed: The seed to start from, such as that of a run.
    number: An integer of at least 0, or an integer scalar tensor, such as the count of rollbacks.

  Raises:
    UsageError: The seed is negative or not below 2**31.
  """
  _check(seed)
  # A prime: seeds of one run repeat after 2**31 numbers only, and runs with neighbouring seeds have
  # no seeds in common for small numbers.
  return (seed + number * 1_000_003) % 2**31


def key(seed: int | tf.Tensor, *path: int | tf.Tensor) -> tf.Tensor:
  """Returns an int32 [2] key for a seed and a path of integers such as (stream, step, sub-step).

  Raises:
    UsageError: The seed is negative or not below 2**31, so that a cast to int32 would change it.
  """
  _check(seed)
  # The second number is arbitrary; another one would change the random numbers of all runs.
  result = tf.stack([tf.cast(seed, tf.int32), 0x7F4A])
  for part in path:
    result = tf.random.experimental.stateless_fold_in(result, tf.cast(part, tf.int32))
  return result


def _check(seed: int | tf.Tensor) -> None:
  """Raises UsageError if a Python seed is out of range."""
  if isinstance(seed, int):
    require('', at_least=0, below=2**31, seed=seed)


@contextlib.contextmanager
def scope(
  step_key: tf.Tensor, replica: int | tf.Tensor = 0, num_replicas: int = 1
) -> Iterator[None]:
  """Opens a scope, in this thread, whose draws depend on the step's key and their order.

  Args:
    step_key: int32 [2], see `key`.
    replica: The number of this replica.
    num_replicas: The number of replicas that share the global batch.
  """
  outer = getattr(_local, 'scope', None)
  _local.scope = [step_key, replica, num_replicas, 0]
  try:
    yield
  finally:
    _local.scope = outer


def repeating(values: Iterable[T]) -> Iterator[T]:
  """Yields values; the body of a loop over them draws equal numbers for each, inside a scope."""
  first = last = _local.scope[3]
  for value in values:
    _local.scope[3] = first
    yield value
    last = max(last, _local.scope[3])
  _local.scope[3] = last


def active() -> bool:
  """Returns whether a scope is open in this thread."""
  return getattr(_local, 'scope', None) is not None


def draw(sampler: Callable[..., tf.Tensor], shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Returns this replica's rows of random numbers drawn for the global batch.

  Args:
    sampler: A stateless sampler such as `tf.random.stateless_normal`; called as
      `sampler(shape=[global batch, ...], seed=key)`.
    shape: Static shape of the result [replica batch, ...].

  Raises:
    RuntimeError: No scope is open.
  """
  if not active():
    raise RuntimeError('random numbers are drawn inside randomness.scope()')
  step_key, replica, num_replicas, count = _local.scope
  _local.scope[3] += 1
  rows = int(shape[0])
  seed = tf.random.experimental.stateless_fold_in(step_key, count)
  global_values = sampler(shape=[rows * num_replicas, *shape[1:]], seed=seed)
  if num_replicas == 1:
    return global_values
  own_values = tf.slice(
    global_values, [replica * rows] + [0] * (len(shape) - 1), [rows, *shape[1:]]
  )
  return tf.ensure_shape(own_values, shape)


def shared(shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Draws uniform float32 in [0, 1) of a shape, equal on all replicas; inside a scope."""
  step_key, *_, count = _local.scope
  _local.scope[3] += 1
  return tf.random.stateless_uniform(
    shape, tf.random.experimental.stateless_fold_in(step_key, count)
  )


def normal(shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Draws standard normal float32 [replica batch, ...] by `draw`: other rows per replica."""
  return draw(tf.random.stateless_normal, shape)


def uniform(shape: Sequence[int] | tf.TensorShape) -> tf.Tensor:
  """Draws uniform float32 in [0, 1), [replica batch, ...], by `draw`: other rows per replica."""
  return draw(tf.random.stateless_uniform, shape)
