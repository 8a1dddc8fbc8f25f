"""Assigning to mirrored variables from inside replicas, when all replicas assign the same value."""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline.compat import tf


def assign(variables: Sequence[tf.Variable], values: Sequence[tf.Tensor]) -> None:
  """`variable.assign(value)` on every replica. In replica context.

  A plain assignment would need an aggregation over replicas, which costs communication and, as a
  mean of equal numbers, is not exact for every number of replicas.
  """

  def assign_all(strategy, values):
    for variable, value in zip(variables, values):
      strategy.extended.update(variable, lambda v, x: v.assign(x), args=(value,), group=False)

  if variables:
    tf.__internal__.distribute.interim.maybe_merge_call(
      assign_all, tf.distribute.get_strategy(), list(values)
    )
