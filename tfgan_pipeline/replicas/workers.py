"""The processes that train together, as the environment variable TF_CONFIG names them."""

from __future__ import annotations

import json
import os

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError


def workers_of_tf_config() -> list[str]:
  """Addresses of all workers in TF_CONFIG; empty without it."""
  text = os.environ.get('TF_CONFIG', '')
  try:
    if not text:
      return []
    config = json.loads(text)
    jobs = {job: config['cluster'].get(job, []) for job in ('chief', 'worker')}
    workers = [*jobs['chief'], *jobs['worker']]
    mine = jobs[config['task']['type']][config['task']['index']]
    if not all(isinstance(addresses, list) for addresses in jobs.values()) or mine not in workers:
      raise ValueError
    return workers
  except (ValueError, KeyError, IndexError, TypeError, AttributeError):
    raise UsageError(
      f'TF_CONFIG={text}: should be {{"cluster": {{"worker": ["host:port", ...]}}, '
      '"task": {"type": "worker", "index": 0}}'
    ) from None


class Workers:
  """The processes that train together: one, except under MultiWorkerMirroredStrategy.

  Attributes:
    several: Whether there are more than this one.
    chief: Whether this is the one that writes.
  """

  def __init__(self, strategy: tf.distribute.Strategy):
    multi_worker = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    self.several = multi_worker and len(workers_of_tf_config()) > 1
    resolver = strategy.cluster_resolver if self.several else None
    self.chief = resolver is None or (
      resolver.task_type == 'chief'
      or (resolver.task_id == 0 and 'chief' not in resolver.cluster_spec().as_dict())
    )
    self._strategy = strategy

  def total(self, number: int) -> int:
    """The sum over replicas of what each one's worker passes. Every worker has to call it."""
    return int(self._total(tf.constant(number, tf.int64))) if self.several else number

  def agree(self, number: int) -> bool:
    """Whether all workers pass the same number. Every worker has to call it."""
    total = self.total(number)
    return not self.any(total != number * self._strategy.num_replicas_in_sync)

  def any(self, flag: bool) -> bool:
    """Whether any worker passes True. Every worker has to call it."""
    return self.total(int(flag)) > 0

  @tf.function(autograph=False)
  def _total(self, number: tf.Tensor) -> tf.Tensor:
    return self._strategy.reduce('SUM', self._strategy.run(tf.identity, args=(number,)), axis=None)
