"""Facts about an exported checkpoint, which exports carry as JSON.

facts = facts_of(restored, experiment)     # {'step': 500, 'weights': 'average', 'classes': [], ...}
"""

from __future__ import annotations

from typing import Any

import tfgan_pipeline
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.runs.score_records import records_of
from tfgan_pipeline.sampling.exports.float_functions import input_spec
from tfgan_pipeline.sampling.restored import RestoredNetworks


def facts_of(restored: RestoredNetworks, experiment: Experiment) -> dict[str, Any]:
  """Returns facts for JSON about the networks of a checkpoint.

  'tasks' has, by function, what is read and made; for a task that samples noise also
  'takes_labels', 'takes_captions' and 'reads', the shapes of one input of `loaded(...)`. 'noise'
  and 'noise_size' are there if any task samples noise.
  'classes' has the names of the classes by number, and 'scores' each record of scores of this
  checkpoint with these weights: values, ids and definition.

  Args:
    restored: The networks with the weights of a checkpoint.
    experiment: The run's experiment, as recorded.
  """
  game, run = restored.game, restored.run
  tasks = game.tasks()
  reads_noise = any(task.samples_noise for task in tasks.values())
  noise = {'noise': experiment.noise, 'noise_size': game.noise.size} if reads_noise else {}
  return {
    'step': restored.step,
    'weights': restored.weights,
    'run_id': run.run_id,
    'version': tfgan_pipeline.__version__,
    'classes': list(game.data.label_names),
    **noise,
    'tasks': {name: _facts_of_task(game, task) for name, task in tasks.items()},
    'scores': _scores(restored),
    'settings': experiment.defining(),
  }


def _facts_of_task(game: Game, task: Task) -> dict[str, Any]:
  target = game.data[task.target]
  facts: dict[str, Any] = {
    'source': task.source,
    'target': task.target,
    'shape': list(target.shape),
    'dtype': target.dtype,
    'medium': target.require_medium().call,
    'is_picture': target.require_medium().is_picture,
  }
  if task.samples_noise:
    parts = zip(game.input_names(task), tf.nest.flatten(input_spec(game, task)), strict=True)
    facts['takes_labels'] = game.labels([0]) is not None
    facts['takes_captions'] = game.captions([0]) is not None
    facts['reads'] = {name: list(part.shape[1:]) for name, part in parts}
  return facts


def _scores(restored: RestoredNetworks) -> list[dict[str, Any]]:
  return [
    {name: record[name] for name in ('scores', 'score_ids', 'definition') if name in record}
    for record in records_of(restored.run)
    if record['step'] == restored.step
    and record['definition'].get('weights', restored.weights) == restored.weights
  ]
