"""Checks of an experiment's step on several slices, as tfgan-tpu-check makes them.

results = check_all(experiment, dataset, [Topology.parse('v5e:2x2')], find_batch=True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import logging

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import CheckFailed
from tfgan_pipeline.runs import atomic_files
from tfgan_pipeline.tpu.batch_search import largest_batch
from tfgan_pipeline.tpu.check import Result, check
from tfgan_pipeline.tpu.export import LoweringError, StepExporter
from tfgan_pipeline.tpu.report import table
from tfgan_pipeline.tpu.topology import Topology

_log = logging.getLogger(__name__)


def check_all(
  experiment: Experiment,
  dataset: Dataset,
  topologies: Sequence[Topology],
  *,
  find_batch: bool = False,
  on_result: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
  """Checks the step on each slice and logs a table of the results.

  Args:
    experiment: The run's choices; its batch_size is divided among the replicas of each slice.
    dataset: The data, of which only the fields are read.
    topologies: The slices.
    find_batch: Whether to search for the largest batch that fits each slice, too.
    on_result: Called with each result as soon as it exists.

  Returns:
    A result per slice, see check.check and, with `find_batch`, batch_search.largest_batch.

  Raises:
    CheckFailed: A step does not compile or does not fit; raised after all slices were checked.
    UsageError: A batch does not divide among replicas, or there is no such slice.
  """
  for topology in topologies:  # Raises before minutes are spent on other slices.
    topology.replica_batch_size(experiment.batch_size)
  tf.config.set_visible_devices([], 'GPU')  # A training may be using them.
  results = []
  for topology in topologies:
    exporter = StepExporter(experiment, dataset, topology.replicas)

    def check_batch(
      batch_size: int, exporter: StepExporter = exporter, topology: Topology = topology
    ) -> Result:
      _log.info('compiling for %s, batch %d', topology.name, batch_size)
      return check(exporter, topology, batch_size)

    result = check_batch(experiment.batch_size)
    if find_batch:
      result.update(largest_batch(check_batch, result))
    on_result(result)
    results.append(result)
  _log.info('%s', table(results))
  failed = [result['topology'] for result in results if not result['fits']]
  if failed:
    raise CheckFailed(f'not on {", ".join(failed)}: see above')
  return results


def export(experiment: Experiment, dataset: Dataset, topology: Topology, path: str) -> Result:
  """Writes the step of one replica as StableHLO text.

  Args:
    experiment: The run's choices.
    dataset: The data, of which only the fields are read.
    topology: The slice, whose number of replicas shares the batch.
    path: The file to write, which may be gs://.

  Returns:
    'output' (the path), 'replicas' and 'replica_batch'.

  Raises:
    CheckFailed: TensorFlow cannot lower the step.
    UsageError: The batch does not divide among the replicas.
    WriteError: The file cannot be written.
  """
  replica_batch = topology.replica_batch_size(experiment.batch_size)
  tf.config.set_visible_devices([], 'GPU')  # A training may be using them.
  exporter = StepExporter(experiment, dataset, topology.replicas)
  try:
    text = exporter.stablehlo(replica_batch)
  except LoweringError as error:
    raise CheckFailed(f'refused by TensorFlow at {error.op}: {error}') from None
  with atomic_files.writing(path):
    atomic_files.write(path, text)
  return {'output': path, 'replicas': topology.replicas, 'replica_batch': replica_batch}
