"""The flag --preset: settings that come with the package, and what runs of them have reached.

A preset is a file of flags in the folder flags/ of a checkout, which an installed package holds as
tfgan_pipeline/presets. Of these, deltas/ replace one setting of another preset.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping, Sequence
import csv
import glob
import os
import re
import textwrap

from absl import flags

from tfgan_pipeline.config.presets import PACKAGED
from tfgan_pipeline.errors import UsageError, did_you_mean
from tfgan_pipeline.metrics.ranking import BESIDE

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Scores of presets, a row each; columns that say how they came about are no scores.
_TABLES = [os.path.join(_PACKAGE, 'tables', f'{name}.csv') for name in ('presets', 'translations')]
_NO_SCORES = {'preset', 'steps', 'images', 'seconds', 'samples', 'pictures', 'task', 'note'}
_WORDS = {'measured', 'remark'}
_FLAG = re.compile(r'--?preset(?:=(.*))?')


def define_flag() -> None:
  """Defines --preset, for binaries whose flags describe a training."""
  text = 'Settings that come with the package, as digits_dcgan or digits_dcgan,lecam; flags given '
  flags.DEFINE_list('preset', [], f'{text}besides replace theirs. --list=preset shows all.')


def names() -> list[str]:
  """Returns the names of all presets, and then those of the deltas to them."""
  found = [*sorted(glob.glob(f'{PACKAGED}/*.flags')), *sorted(glob.glob(f'{PACKAGED}/*/*.flags'))]
  return [os.path.basename(path).removesuffix('.flags') for path in found]


def expand(argv: list[str]) -> list[str]:
  """Puts the files of --preset before all other words, so that any other flag replaces theirs.

  Raises:
    UsageError: There is no such preset, or --preset has no value.
  """
  if 'preset' not in flags.FLAGS:
    return argv
  return [*argv[:1], *(f'--flagfile={_path(name)}' for name in _chosen(argv)), *argv[1:]]


def refuse_in_files(argv: list[str]) -> None:
  """Raises UsageError if a file of flags gives --preset, where nothing would come of it.

  Args:
    argv: The words of the command line, whose flags are parsed.
  """
  if 'preset' not in flags.FLAGS:
    return
  words = flags.FLAGS.read_flags_from_files(argv[1:], force_gnu=False)
  in_files = collections.Counter(_chosen(words)) - collections.Counter(_chosen(argv))
  if in_files:
    raise UsageError(
      f'--preset={",".join(in_files)}: is for the command line; a file of flags reads another by '
      '--flagfile=PATH'
    )


def listing() -> list[str]:
  """Returns lines for --list: each preset with the first sentence of its file, and its scores."""
  scores: dict[str, list[str]] = {}
  for path in filter(os.path.exists, _TABLES):
    with open(path, newline='') as file:
      for row in csv.DictReader(file):
        scores.setdefault(row['preset'], []).append(', '.join(_reached(row)))
  lines = ['preset:']
  for name in names():
    text = ' '.join([_about(_path(name)), *(f'[{reached}]' for reached in scores.get(name, ()))])
    indent = ' ' * 6
    lines += [
      f'  {name}',
      textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent),
    ]
  return lines


def _chosen(words: Sequence[str]) -> list[str]:
  """Returns the presets that words of a command line name; raises UsageError if a value lacks."""
  chosen: list[str] = []
  for word, following in zip(words, [*words[1:], '-']):
    if found := _FLAG.fullmatch(word):
      if found[1] is None and following.startswith('-'):
        raise UsageError(
          '--preset: needs a value, such as --preset=digits_dcgan; --list=preset shows all'
        )
      chosen += (following if found[1] is None else found[1]).split(',')
  return [name.strip() for name in chosen if name.strip()]


def _path(name: str) -> str:
  for path in (f'{PACKAGED}/{name}.flags', f'{PACKAGED}/deltas/{name}.flags'):
    if os.path.isfile(path) and os.path.basename(name) == name:
      return path
  hint = did_you_mean(name, names()) or ';'
  raise UsageError(
    f'--preset={name}: there is none of this name{hint} --list=preset shows all, and '
    '--flagfile=PATH reads a file of your own'
  )


def _about(path: str) -> str:
  """Returns the first sentence of the comment at the head of a file of flags."""
  with open(path) as file:
    head = [line[1:].strip() for line in file if line.startswith('#')]
  paragraph = ' '.join(head[: head.index('')] if '' in head else head)
  sentence = re.split(r'(?:(?<=\w\w\.)|(?<=\w\)\.)) (?=[A-Z])', paragraph)[0]
  return textwrap.shorten(sentence, 200, placeholder=' ...')


def _reached(row: Mapping[str, str]) -> Iterator[str]:
  """Yields the length of a run and its scores in words, from a row of a table of presets."""
  task = f'{row["task"]}: ' if row.get('task') else ''
  yield f'{task}{int(row["steps"]):,} steps'
  if seconds := row.get('seconds'):
    yield f'{max(1, round(float(seconds) / 60))} min'
  for name, value in row.items():
    if value and name not in _NO_SCORES | _WORDS and not name.endswith(BESIDE[1:]):
      yield f'{name.replace("_", " ")} {float(value):.4g}'
