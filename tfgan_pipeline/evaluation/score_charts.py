"""Charts of scores with floor and interval, and rows of settings, for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import re

from tensorboard.compat.proto import event_pb2

from tfgan_pipeline.config import presets
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import short_value
from tfgan_pipeline.evaluation.best_of import with_suffix
from tfgan_pipeline.metrics.ranking import is_detail
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.writers.groups import shown_as
from tfgan_pipeline.writers.tensorboard_pages import (
  Category,
  Lines,
  Margin,
  hyperparameters_event,
  layout_event,
)

# Settings that a table of runs shows whether they differ from a preset or not.
_ALWAYS = ('loss', 'generator_optimizer', 'discriminator_optimizer', 'batch_size', 'seed')


def pages_of(record: Record, experiment: Experiment) -> list[event_pb2.Event]:
  """Returns the events that stand once in a directory of scores, at the step of its first record.

  Args:
    record: The record.
    experiment: The run's experiment.
  """
  trial = f'{record.get("run_id", "")} {record["definition_id"]}'
  return [
    layout_event(record['step'], [Category('1_scores', charts_of(record))]),
    hyperparameters_event(record['step'], hyperparameters(experiment), trial),
  ]


def charts_of(record: Record) -> list[Lines | Margin]:
  """Returns a chart of each score: in its interval where it has one, and beside its floor."""
  stems = {name.split('[')[0] for name in record['scores']}
  charts: list[Lines | Margin] = []
  for name in record['scores']:
    if is_detail(name.split('[')[0], stems):
      continue
    tag, low, high = shown_as(f'scores/{name}'), end_tag(name, 'low'), end_tag(name, 'high')
    if has_interval(record, name):
      charts.append(Margin(name, tag, low, high))
    else:
      charts.append(Lines(name, [re.escape(tag) + '$']))
  return charts


def has_interval(record: Record, score: str) -> bool:
  """Returns whether a record has both ends of a score's interval."""
  return all(with_suffix(score, end) in record['scores'] for end in ('low', 'high'))


def end_tag(score: str, end: str) -> str:
  """Returns the tag of an end of an interval, 'score_details/fid_low[x]' of 'fid[x]' and 'low'."""
  return f'score_details/{with_suffix(score, end)}'


def hyperparameters(experiment: Experiment) -> dict[str, bool | float | str]:
  """Returns what a table of runs tells of an experiment, by name.

  That are the nearest preset, the settings that differ from it, or from the defaults where there is
  no preset, and those of _ALWAYS.
  """
  found = presets.nearest(experiment)
  differing = experiment.changes(found[1]) if found else experiment.changed()
  fields = {field.name: field for field in dataclasses.fields(Experiment)}
  names = {*_ALWAYS, *(name for name in differing if fields[name].metadata['defines'])}
  shown: Mapping[str, bool | float | str] = {
    name: short_value(fields[name], getattr(experiment, name)) for name in fields if name in names
  }
  return {'preset': found[0] if found else 'none', **shown}
