"""The flag --import, and the components that a command line makes known."""

from __future__ import annotations

import os

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError


def define_flag() -> None:
  """Defines --import, which every binary has."""
  flags.DEFINE_list(
    'import',
    [],
    'Files or modules with components of your own, such as mine.py or my_gan.losses.',
  )


def find_components() -> None:
  """Makes the components of --import known, and those of the run in --model_dir.

  Raises:
    UsageError: --import names no file or module with components.
  """
  for name in flags.FLAGS['import'].value or ():
    registry.outside.add(name.strip())
  find_components_of(flags.FLAGS['model_dir'].value if 'model_dir' in flags.FLAGS else '')


def find_components_of(model_dir: str | None) -> None:
  """Makes the components of a run known; does nothing where there is none, or in a bucket."""
  if not model_dir or '://' in model_dir:
    return

  from tfgan_pipeline.runs import directory

  try:
    directory.RunDirectory(os.path.expanduser(model_dir)).read_experiment()
  except (UsageError, OSError):
    pass  # No run, or several; what is wrong is told where a run is needed.
