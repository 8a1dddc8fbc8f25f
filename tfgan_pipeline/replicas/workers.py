"""Worker processes that train together, as listed in the environment variable TF_CONFIG."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
import os

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import Interrupted, NonFiniteError, UsageError
from tfgan_pipeline.replicas.graphs import graph_method


def workers_of_tf_config() -> list[str]:
  """Returns the addresses of all workers in TF_CONFIG; an empty list if it is not set.

  Raises:
    UsageError: TF_CONFIG is not a cluster of workers that this process belongs to.
  """
  text = os.environ.get('TF_CONFIG', '')
  try:
    if not text:
      return []
    config = json.loads(text)
    jobs = {job: config['cluster'].get(job, []) for job in ('chief', 'worker')}
    workers = [*jobs['chief'], *jobs['worker']]
    own_address = jobs[config['task']['type']][config['task']['index']]
    if (
      not all(isinstance(addresses, list) for addresses in jobs.values())
      or own_address not in workers
    ):
      raise ValueError
    return workers
  except (ValueError, KeyError, IndexError, TypeError, AttributeError):
    raise UsageError(
      f'TF_CONFIG={text}: should be {{"cluster": {{"worker": ["host:port", ...]}}, '
      '"task": {"type": "worker", "index": 0}}'
    ) from None


class Workers:
  """The processes that train together: one, except under MultiWorkerMirroredStrategy.

  Args:
    strategy: The strategy that distributes the training.

  Attributes:
    several: Whether there is more than one process.
    chief: Whether this process is the one that writes.
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
    """Returns the sum over all replicas of the number that each one's worker passes.

    Every worker has to make the call.
    """
    return int(self._total(tf.constant(number, tf.int64))) if self.several else number

  def agree(self, number: int) -> bool:
    """Returns whether all workers pass equal numbers. Every worker has to make the call."""
    total = self.total(number)
    return not self.any(total != number * self._strategy.num_replicas_in_sync)

  def any(self, flag: bool) -> bool:
    """Returns whether any worker passes True. Every worker has to make the call."""
    return self.total(int(flag)) > 0

  @contextlib.contextmanager
  def leaving_together(self) -> Iterator[None]:
    """Lets no worker leave the block before all are about to, as by an end that all agreed on.

    Its process may end then, and would take with it what another one has yet to receive of the last
    sum. No other error is agreed on: a worker that has one leaves alone.
    """
    try:
      yield
    except (Interrupted, NonFiniteError):
      self._part()
      raise
    self._part()

  def _part(self) -> None:
    """Waits for all workers. One that waits no longer may have left: nothing was left to send."""
    with contextlib.suppress(tf.errors.OpError):
      self.total(0)

  @graph_method
  def _total(self, number: tf.Tensor) -> tf.Tensor:
    return self._strategy.reduce('SUM', self._strategy.run(tf.identity, args=(number,)), axis=None)
