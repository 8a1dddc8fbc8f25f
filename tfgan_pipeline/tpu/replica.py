"""Strategy of one replica among many, traced as under `TPUStrategy`, but on any machine.

    strategy = OneOfMany(8)
    with strategy.scope(): ...           # variables as one replica holds them
    with strategy.replica(): step(batch) # inside a tf.function(jit_compile=True)

Code inside sees eight replicas, sums over them become XLA's all-reduce, and the number of the own
replica is known only at run time. So everything that depends on the number of replicas, such as
synchronised batch normalisation and each replica's rows of the noise, is traced as in training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfgan_pipeline.compat import tf, xla_ops


class OneOfMany(tf.distribute.OneDeviceStrategy):
  """Strategy that reports `replicas` replicas and holds the variables of one.

  Args:
    replicas: The number of replicas to report.
  """

  def __init__(self, replicas: int):
    super().__init__('/cpu:0')
    self._replicas = replicas

  @property
  def num_replicas_in_sync(self) -> int:
    return self._replicas

  def replica(self) -> tf.distribute.ReplicaContext:
    """Returns the replica context to call a step in, inside the function that is traced."""
    return _Replica(self, xla_ops().xla_replica_id())


class _Replica(tf.distribute.ReplicaContext):
  """Replica context whose collectives are XLA's."""

  def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
    """Returns the sum or mean over all replicas of each tensor in a nested structure."""
    del options
    group = [list(range(self.num_replicas_in_sync))]
    divisor = self.num_replicas_in_sync if _reduction_name(reduce_op) == 'MEAN' else 1

    @tf.custom_gradient
    def reduced(*tensors: tf.Tensor) -> tuple[list[tf.Tensor], Callable[..., list[tf.Tensor]]]:
      sums = [
        xla_ops().xla_all_reduce(
          tensor, group_assignment=group, reduce_op='Add', mode='CrossReplica'
        )
        for tensor in tensors
      ]
      # The gradient of a sum over replicas is such a sum, that of a mean a mean, as in TensorFlow.
      return [total / divisor for total in sums], lambda *slopes: self.all_reduce(
        reduce_op, list(slopes)
      )

    return tf.nest.pack_sequence_as(value, tf.nest.flatten(reduced(*tf.nest.flatten(value))))

  def all_gather(self, value: tf.Tensor, axis: int, options: Any = None) -> tf.Tensor:
    """Returns the tensors of all replicas, concatenated along `axis`.

    Computed as a sum over replicas of [replicas, *shape] arrays, each with one slot filled.
    """
    one_hot = tf.one_hot(
      self.replica_id_in_sync_group, self.num_replicas_in_sync, dtype=value.dtype
    )
    slots = tf.reshape(one_hot, [-1] + [1] * value.shape.rank) * value[None]
    return tf.concat(tf.unstack(self.all_reduce('SUM', slots, options)), axis)


def _reduction_name(reduce_op: tf.distribute.ReduceOp | str) -> str:
  """Returns 'SUM' or 'MEAN'; raises NotImplementedError for other reductions."""
  name = reduce_op.value if isinstance(reduce_op, tf.distribute.ReduceOp) else reduce_op
  if name.upper() not in ('SUM', 'MEAN'):
    raise NotImplementedError(f'no reduction {reduce_op} over replicas')
  return name.upper()
