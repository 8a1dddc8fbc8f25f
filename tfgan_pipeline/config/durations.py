"""Lengths of a run: in steps, images, thousands of images or epochs, of which one is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math
import re
from typing import Any

from absl import flags

from tfgan_pipeline.errors import UsageError

DURATIONS = ('max_steps', 'max_images', 'max_kimg', 'max_epochs')


def require_one(given: Mapping[str, Any]) -> None:
  """Raises UsageError if several durations are given, by name and value."""
  if len(given) > 1:
    first, second, *_ = [f'--{name}={value}' for name, value in given.items()]
    raise UsageError(f'{second}: {first} is given, too; leave out one of both')


def prefer_command_line(values: flags.FlagValues, words: Sequence[str]) -> None:
  """Drops all given durations but one: that of the command line, or else the last of flagfiles.

  So files of flags override each other as for all flags, though each names the length its own way.

  Args:
    values: The parsed flags, which are changed.
    words: The words of the command line.

  Raises:
    UsageError: The command line itself gives several durations.
  """
  given = [name for name in DURATIONS if not values[name].using_default_value]
  named = [name for name in given if _last_place(name, words) >= 0]
  require_one({name: values[name].value for name in named})
  if len(given) > 1:
    everywhere = values.read_flags_from_files(list(words))
    kept = named or [max(given, key=lambda name: _last_place(name, everywhere))]
    for name in given:
      if name not in kept:
        values[name].unparse()


def _last_place(name: str, words: Sequence[str]) -> int:
  """Returns the place of the last word that gives a flag; -1 if none does."""
  found = [place for place, word in enumerate(words) if re.match(rf'--?{name}(=|$)', word)]
  return found[-1] if found else -1


def steps_of(duration: str, value: float, images_per_step: int, train_size: int | None) -> int:
  """Returns the number of steps, rounded up, of a duration.

  Args:
    duration: One of DURATIONS.
    value: Its value.
    images_per_step: Real images that a step reads.
    train_size: Number of training examples; None if unknown, which epochs cannot do with.
  """
  if duration == 'max_steps':
    return int(value)
  if duration == 'max_epochs' and not train_size:
    raise UsageError(f'--max_epochs={value:g}: the data has no known size; give --max_kimg')
  unit = {'max_images': 1, 'max_kimg': 1000, 'max_epochs': train_size or 0}[duration]
  # Rounded first, since 0.1 kimg times 1,000 may be a little more than 100 images.
  return max(1, math.ceil(round(value * unit, 6) / images_per_step))
