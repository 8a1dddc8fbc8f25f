"""Assignments, sums, means and whole batches over replicas, callable in replica context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tfgan_pipeline.compat import tf

_Values = TypeVar('_Values', tf.Tensor, Sequence[tf.Tensor])


def assign(variables: Sequence[tf.Variable], values: Sequence[tf.Tensor]) -> None:
  """Assigns values to mirrored variables, when every replica assigns equal values.

  `variable.assign` would need an aggregation over replicas, which costs communication and, as a
  mean of equal numbers, is not exact for every number of replicas. Works outside replica context,
  too.
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
  """Returns the mean of `value` over replicas; outside replica context, `value`."""
  return _reduce('MEAN', value)


def total(values: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
  """Returns the sum over replicas of each of `values`; outside replica context, `values`."""
  return _reduce('SUM', values)


def gathered(rows: tf.Tensor) -> tf.Tensor:
  """Returns the rows [n, ...] of all replicas one after the other, [n * replicas, ...].

  Outside replica context, `rows`.
  """
  replica = tf.distribute.get_replica_context()
  if replica is None or replica.num_replicas_in_sync == 1:
    return rows
  whole = replica.all_gather(rows, axis=0)
  return tf.ensure_shape(whole, [rows.shape[0] * replica.num_replicas_in_sync, *rows.shape[1:]])


def _reduce(operation: str, value: _Values) -> _Values:
  replica = tf.distribute.get_replica_context()
  # With one replica `all_reduce` is not called: each call registers a gradient in TensorFlow, which
  # keeps the whole traced graph in memory until the process ends.
  if replica is None or replica.num_replicas_in_sync == 1:
    return value
  return replica.all_reduce(operation, value)
