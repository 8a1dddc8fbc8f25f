"""Results for a person: one short line each, and a table of scores that grows line by line.

Programs that read a pipe or a file get JSON lines instead, see command_line.print_results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import os
import sys
from typing import Any

from tfgan_pipeline.metrics.ranking import BESIDE, better, is_detail

Result = Mapping[str, Any]
_SHORT = {'inception_score': 'IS'}  # Names as papers print them.
_COLUMNS = 6  # Scores that fit into 100 columns beside step, seconds and run.


def is_for_person() -> bool:
  """Returns whether stdout is a terminal."""
  return bool(sys.stdout) and sys.stdout.isatty()


def line(result: Result) -> str:
  """Formats a result as one short line: a score record by its scores, another by its words."""
  if 'error' in result:
    return f'step {result["step"]}: not scored: {result["error"]}'
  if 'scores' in result:
    scores = [
      f'{name} {value}' + (f' ({" ".join(beside)})' if beside else '')
      for name, value, beside in _scores(result)
    ]
    step = ' '.join([f'step {result["step"]}', *_task(result)]) + ': ' if 'step' in result else ''
    return f'{step}{", ".join(scores)}, in {result.get("seconds", 0):.0f} s'
  return ', '.join(f'{name} {text}'.strip() for name, text in _words(result))


class ScoreTable:
  """Table of scores, a line for each record as it comes; the best so far are marked.

  Args:
    best_by: Score that ranks checkpoints, such as 'fid'; '' marks none.
    many: Whether records are of several runs, which are then named.
  """

  def __init__(self, best_by: str, *, many: bool = False):
    self._best_by = best_by
    self._many = many
    self._header: list[str] = []
    self._best: dict[object, float] = {}  # By run and definition.

  def line(self, record: Result) -> str:
    """Returns the line of a record, after a header if its columns are new."""
    if 'error' in record:
      return f'{record["step"]:>8}  not scored: {record["error"]}'
    scores = _scores(record)[:_COLUMNS]
    cells = {'step': str(record['step'])}
    for name, value, beside in scores:
      cells[name] = value
      if beside:
        kind, number = beside
        cells[kind if name == scores[0][0] else f'{name} {kind}'] = number
    cells['seconds'] = f'{record.get("seconds", 0):.0f}'
    header = [f'{name:>8}' for name in cells]
    lines = [] if header == self._header else ['  '.join(header)]
    self._header = header
    row = [text.rjust(max(8, len(name))) for name, text in cells.items()]
    lines.append('  '.join([*row, *self._marks(record)]))
    return '\n'.join(lines)

  def _marks(self, record: Result) -> Iterator[str]:
    definition = record.get('definition', {})
    kinds = (definition.get('weights'), definition.get('batch_norm'))
    yield from _task(record)
    yield from (kind for kind in kinds if kind in ('raw', 'batch', 'standing'))
    if self._many:
      yield os.path.basename(record.get('run', ''))
    value = next(
      (value for name, value in record['scores'].items() if _stem(name) == _stem(self._best_by)),
      None,
    )
    if value is not None:
      key = (record.get('run'), record.get('definition_id'))
      sign = 1 if better(self._best_by) == 'lower' else -1
      if key not in self._best or sign * value < self._best[key]:
        self._best[key] = sign * value
        yield '* best so far'


def _task(record: Result) -> Iterator[str]:
  """Yields the task that a record scores and how the checkpoint was chosen, if recorded."""
  definition = record.get('definition', {})
  if task := definition.get('task'):
    yield task['name']
  if rule := definition.get('checkpoint'):
    yield f'({rule})'


def _stem(name: str) -> str:
  return name.split('[')[0]


def _scores(record: Result) -> list[tuple[str, str, tuple[str, str] | None]]:
  """Returns name, value and what to hold it against, as of `_beside`, of the scores that rank.

  fid is the first.
  """
  by_stem = {_stem(name): value for name, value in record['scores'].items()}
  found = []
  for stem, value in by_stem.items():
    if not is_detail(stem, by_stem):
      found.append((_SHORT.get(stem, stem), _number(value), _beside(stem, by_stem)))
  return sorted(found, key=lambda cell: cell[0] != 'fid')


def _beside(stem: str, by_stem: Mapping[str, float]) -> tuple[str, str] | None:
  """Returns kind and value of what to hold a score against, or None.

  That is a floor, such as ('floor', '2.7'), or else the best score that takes no network, such as
  ('identity', '31').
  """
  known = {kind: by_stem[name] for kind in BESIDE if (name := f'{stem}_{kind}') in by_stem}
  if not known:
    return None
  choose = max if 'floor' not in known and better(stem) == 'higher' else min
  kind = choose(known, key=known.__getitem__)
  return kind, _number(known[kind])


def _number(value: float) -> str:
  return f'{value:.4g}'


def _words(result: Result) -> Iterator[tuple[str, str]]:
  """Yields name and text of what is short in a result, that of nested results included."""
  for name, value in result.items():
    if isinstance(value, Mapping):
      yield from _words(value)
    elif isinstance(value, list) and all(isinstance(part, Mapping) for part in value):
      texts = [' '.join(f'{key} {text}' for key, text in _words(part)) for part in value[:3]]
      text = '; '.join(texts) + (f' and {len(value) - 3} more' if len(value) > 3 else '')
      # Parts of runs begin with the word 'run' themselves.
      yield ('', text) if text.startswith(f'{name.removesuffix("s")} ') else (name, text)
    elif len(str(value)) <= 80:
      yield name.replace('_', ' '), f'{value:.4g}' if isinstance(value, float) else str(value)
