"""Facts about an exported checkpoint, which a SavedModel carries as JSON.

facts = facts_of(restored, experiment)     # {'step': 500, 'weights': 'average', 'classes': [], ...}
"""

from __future__ import annotations

import dataclasses
from typing import Any

import tfgan_pipeline
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.runs.score_records import find_records
from tfgan_pipeline.sampling.restored import RestoredNetworks


def facts_of(restored: RestoredNetworks, experiment: Experiment) -> dict[str, Any]:
  """Returns facts for JSON about the networks of a checkpoint.

  'tasks' has, by function, what is read and made; for a task that samples noise also
  'takes_labels' and 'reads', the shapes of one input of `loaded(...)`.
  'classes' has the names of the classes by number, and 'scores' each record of scores of this
  checkpoint with these weights: values, ids and definition.

  Args:
    restored: The networks with the weights of a checkpoint.
    experiment: The run's experiment, as recorded.
  """
  game, run = restored.game, restored.run
  settings = {
    field.name: getattr(experiment, field.name)
    for field in dataclasses.fields(experiment)
    if field.metadata['defines']
  }
  return {
    'step': restored.step,
    'weights': restored.weights,
    'run_id': run.run_id,
    'version': tfgan_pipeline.__version__,
    'classes': list(game.data.label_names),
    'noise': experiment.noise,
    'noise_size': game.noise.size,
    'tasks': {name: _facts_of_task(game, task) for name, task in game.tasks().items()},
    'scores': _scores(restored),
    'settings': settings,
  }


def _facts_of_task(game: Game, task: Task) -> dict[str, Any]:
  target = game.data[task.target]
  facts: dict[str, Any] = {
    'source': task.source,
    'target': task.target,
    'shape': list(target.shape),
    'dtype': target.dtype,
    'medium': target.require_medium().call,
  }
  if task.samples_noise:
    reads = game.roles()[task.roles[0]].reads
    facts['takes_labels'] = game.labels([0]) is not None
    facts['reads'] = {name: list(value.shape) for name, value in reads.items()}
  return facts


def _scores(restored: RestoredNetworks) -> list[dict[str, Any]]:
  try:
    records_by_file = find_records(restored.run.path)
  except UsageError:  # No scores yet.
    return []
  return [
    {name: record[name] for name in ('scores', 'score_ids', 'definition') if name in record}
    for records in records_by_file.values()
    for record in records
    if record['step'] == restored.step
    and record['definition'].get('weights', restored.weights) == restored.weights
  ]
