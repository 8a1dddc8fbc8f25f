"""One replica of many, without the others: what `TPUStrategy` makes of a step, traced anywhere.

    strategy = OneOfMany(8)
    with strategy.scope(): ...           # variables as one replica holds them
    with strategy.replica(): step(batch) # inside a tf.function(jit_compile=True)

Code that asks sees eight replicas, its sums over them become XLA's all-reduce, and its number is
known when it runs. So everything that depends on the number of replicas, such as synchronised batch
normalisation and each replica's rows of the noise, is traced as it is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfgan_pipeline.compat import tf, xla_ops


class OneOfMany(tf.distribute.OneDeviceStrategy):
  """Reports `replicas` replicas and holds the variables of one.

  Args:
    replicas: How many there are to be.
  """

  def __init__(self, replicas: int):
    super().__init__('/cpu:0')
    self._replicas = replicas

  @property
  def num_replicas_in_sync(self) -> int:
    return self._replicas

  def replica(self) -> tf.distribute.ReplicaContext:
    """The context to call a step in, inside the function that is traced."""
    return _Replica(self, xla_ops().xla_replica_id())


class _Replica(tf.distribute.ReplicaContext):
  def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
    """The sum or mean over all replicas of each tensor in a nested structure."""
    del options
    everyone = [list(range(self.num_replicas_in_sync))]
    share = self.num_replicas_in_sync if _name(reduce_op) == 'MEAN' else 1

    @tf.custom_gradient
    def reduced(*tensors: tf.Tensor) -> tuple[list[tf.Tensor], Callable[..., list[tf.Tensor]]]:
      sums = [
        xla_ops().xla_all_reduce(
          tensor, group_assignment=everyone, reduce_op='Add', mode='CrossReplica'
        )
        for tensor in tensors
      ]
      # The gradient of an all-sum is an all-sum, that of a mean a mean; as a tape has it too.
      return [total / share for total in sums], lambda *slopes: self.all_reduce(
        reduce_op, list(slopes)
      )

    return tf.nest.pack_sequence_as(value, tf.nest.flatten(reduced(*tf.nest.flatten(value))))

  def all_gather(self, value: tf.Tensor, axis: int, options: Any = None) -> tf.Tensor:
    """What all replicas hold, along `axis`: a sum in which each has a place of its own."""
    mine = tf.one_hot(self.replica_id_in_sync_group, self.num_replicas_in_sync, dtype=value.dtype)
    places = tf.reshape(mine, [-1] + [1] * value.shape.rank) * value[None]
    return tf.concat(tf.unstack(self.all_reduce('SUM', places, options)), axis)


def _name(reduce_op: tf.distribute.ReduceOp | str) -> str:
  name = reduce_op.value if isinstance(reduce_op, tf.distribute.ReduceOp) else reduce_op
  if name.upper() not in ('SUM', 'MEAN'):
    raise NotImplementedError(f'no reduction {reduce_op} over replicas')
  return name.upper()
