"""Files of flags: those of runs, which may have moved, and hints for those that are missing."""

from __future__ import annotations

import difflib
import glob
import os

from absl import flags

from tfgan_pipeline.bin import presets
from tfgan_pipeline.errors import UsageError

_FILES = ('flags/*.flags', 'flags/*/*.flags')  # Presets of a checkout in which a command is given.


def add_model_dirs(argv: list[str]) -> list[str]:
  """Inserts --model_dir after each flagfile of a run, as the run may have moved since."""
  words: list[str] = []
  for word in argv:
    is_path = words[-1:] in (['--flagfile'], ['-flagfile'])
    words.append(word)
    flag, _, path = word.partition('=')
    if is_path or flag in ('--flagfile', '-flagfile'):
      path = os.path.abspath(os.path.expanduser(word if is_path else path))
      folder, name = os.path.split(path)
      is_of_run = os.path.isfile(os.path.join(folder, 'experiment.json'))
      if name == 'experiment.flags' and is_of_run and 'model_dir' in flags.FLAGS:
        words.append(f'--model_dir={folder}')
  return words


def missing(error: flags.Error) -> UsageError | None:
  """Returns the refusal of a file of flags that cannot be read, with the one that may be meant.

  Args:
    error: Error of parsing flags; None is returned if that is no error of a file.
  """
  cause = error.__context__
  if not isinstance(cause, OSError) or not cause.filename:
    return None
  path = os.path.relpath(cause.filename) if os.path.isabs(cause.filename) else cause.filename
  known: dict[str, str] = {}  # Path or flag by name without ending, the nearest folder first.
  patterns = [os.path.join(os.path.dirname(path), '*.flags')]
  for pattern in [*patterns, *_FILES]:
    for found in sorted(glob.glob(pattern)):
      known.setdefault(os.path.basename(found).removesuffix('.flags'), os.path.relpath(found))
  if 'preset' in flags.FLAGS:
    for preset in presets.names():
      known.setdefault(preset, f'--preset={preset}')
  name = os.path.basename(path).removesuffix('.flags')
  close = difflib.get_close_matches(name, known, n=1)
  hint = f'; did you mean {known[close[0]]}?' if close else ''
  return UsageError(f'--flagfile={cause.filename}: {cause.strerror}{hint}')
