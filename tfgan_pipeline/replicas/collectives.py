"""Variables that replicas mirror, changed, added up and averaged from inside the replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tfgan_pipeline.compat import tf

_Values = TypeVar('_Values', tf.Tensor, Sequence[tf.Tensor])


def assign(variables: Sequence[tf.Variable], values: Sequence[tf.Tensor]) -> None:
  """`variable.assign(value)` on every replica, when all of them assign the same value.

  A plain assignment would need an aggregation over replicas, which costs communication and, as a
  mean of equal numbers, is not exact for every number of replicas.
  """
  if tf.distribute.in_cross_replica_context():
    for variable, value in zip(variables, values):
      variable.assign(value)
    return

  def assign_all(strategy: tf.distribute.Strategy, values: Sequence[tf.Tensor]) -> None:
    for variable, value in zip(variables, values):
      strategy.extended.update(variable, lambda v, x: v.assign(x), args=(value,), group=False)

  if variables:
    tf.__internal__.distribute.interim.maybe_merge_call(
      assign_all, tf.distribute.get_strategy(), list(values)
    )


def mean(value: tf.Tensor) -> tf.Tensor:
  """The mean of `value` over replicas; outside of replicas, `value`."""
  return _reduced('MEAN', value)


def total(values: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
  """The sums over replicas of each of `values`; outside of replicas, `values`."""
  return _reduced('SUM', values)


def _reduced(operation: str, value: _Values) -> _Values:
  replica = tf.distribute.get_replica_context()
  # One replica is not asked: TensorFlow registers a gradient for each call of `all_reduce`, which
  # keeps the whole traced graph until the process ends.
  if replica is None or replica.num_replicas_in_sync == 1:
    return value
  return replica.all_reduce(operation, value)
