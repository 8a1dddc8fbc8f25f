"""Presets, the flagfiles of experiments that come with the package, and the one nearest to a run.

name, preset = nearest(experiment)     # 'digits_dcgan', Experiment(...)
"""

from __future__ import annotations

from collections.abc import Mapping
import functools
import glob
import os

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry.calls import name_of

# Presets of the package: a link to flags/ in a checkout; an installed one has copies of its files.
PACKAGED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'presets')
FOLDERS = ('flags', PACKAGED)  # The first is that of a checkout in which a command is given.


@functools.cache
def presets() -> Mapping[str, Experiment]:
  """Returns the experiments of all presets that are here, by name."""
  found: dict[str, Experiment] = {}
  for folder in FOLDERS:
    for path in sorted(glob.glob(os.path.join(folder, '*.flags'))):
      name = os.path.basename(path).removesuffix('.flags')
      if name not in found and (experiment := _read(path)):
        found[name] = experiment
  return found


def nearest(experiment: Experiment) -> tuple[str, Experiment] | None:
  """Returns name and experiment of the preset from which fewest settings differ.

  Only presets of the same game on the same data, perhaps of another size, count; None if there is
  none.
  """
  candidates = {
    name: preset for name, preset in presets().items() if _kind(preset) == _kind(experiment)
  }
  if not candidates:
    return None
  return min(candidates.items(), key=lambda pair: len(experiment.changes(pair[1])))


def _kind(experiment: Experiment) -> tuple[object, ...]:
  """Returns what a preset should share with a run: the game, and the data by name and by texts."""
  game = name_of(experiment.model)
  try:
    data = registry.dataset.parse(experiment.dataset)
  except UsageError:  # A component of another script or version.
    return game, experiment.dataset
  return game, data.name, *(text for text in data.arguments.values() if isinstance(text, str))


def _read(path: str) -> Experiment | None:
  """Returns the experiment of a flagfile; None for a file that this version does not understand."""
  values = flags.FlagValues()
  Experiment.define_flags(flag_values=values)
  EvaluationOptions.define_flags(flag_values=values)
  try:
    values(['', f'--flagfile={path}'], known_only=True)
    return Experiment.from_flags(values)
  except (flags.Error, UsageError, UnicodeDecodeError):
    return None
