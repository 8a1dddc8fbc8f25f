"""Facts on single samples that `tfgan-evaluate --per_sample` has kept: likely copies, classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import contextlib
import csv
import dataclasses
import math
import os
import re
from typing import Any

from tfgan_pipeline.report.numbers import percent
from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs import files

_SHOWN = 8  # Likely copies in the table, the likeliest first.
_NAME = re.compile(r'per_sample-(\d+)-(\w+)\.csv')
_COLUMNS = {'distance', 'its_own_distance', 'likely_copy', 'in_manifold'}


@dataclasses.dataclass(frozen=True)
class PerSample:
  """The samples of one checkpoint, each with its nearest real picture.

  Attributes:
    step: Step of the checkpoint.
    rows: A row for each sample, see evaluation/per_sample.py.
    picture: Path of the picture of likely copies and of the worst samples; '' if there is none.
    score: The score record of the same measurement.
  """

  step: int
  rows: Sequence[Mapping[str, float]]
  picture: str
  score: Mapping[str, Any]

  @property
  def words(self) -> list[str]:
    """Sentences on copies, beside the share of held-out real pictures that look like copies."""
    copies = sum(row['likely_copy'] for row in self.rows)
    outside = sum(not row['in_manifold'] for row in self.rows)
    split = self.score.get('definition', {}).get('reference', {}).get('split', '')
    sentences = [
      f'At step {self.step:,}, {copies:,.0f} of {len(self.rows):,} samples '
      f'({percent(copies / len(self.rows))}) are likely copies: nearer to a real picture'
      f'{f" of the split {split}" if split else ""} than that one is to any other.'
    ]
    held_out = _score(self.score, 'memorised_held_out')
    if held_out is not None:
      is_more = copies / len(self.rows) > held_out
      sentences.append(
        f'That is {"more" if is_more else "not more"} than among held-out real pictures, which '
        f'cannot be copies and of which {percent(held_out)} look like one.'
      )
    sentences.append(f'{outside:,} ({percent(outside / len(self.rows))}) are unlike any real one.')
    return sentences

  @property
  def likeliest(self) -> Sequence[Mapping[str, float]]:
    """Rows of the likeliest copies, by their distance in units of what is usual there."""
    copies = [row for row in self.rows if row['likely_copy']]
    return sorted(copies, key=lambda row: row['distance'] / (row['its_own_distance'] or 1e-300))[
      :_SHOWN
    ]


def per_sample_of(run: RecordedRun) -> PerSample | None:
  """Returns the facts on samples of the newest checkpoint that has any; None if none has.

  A table without a score beside it is of a run that was in this directory before.
  """
  found = [
    (int(match[1]), os.path.join(folder, file), match[2])
    for folder in run.records
    for file in files.names_in(folder)
    if (match := _NAME.fullmatch(file))
  ]
  for step, path, definition in sorted(found, reverse=True):
    beside = run.records[os.path.dirname(path)]
    scores = (r for r in beside if 'scores' in r and r['step'] == step)
    score = next((r for r in scores if r.get('definition_id') == definition), None)
    if score and (rows := _rows(path)):
      picture = path.removesuffix('.csv') + '.png'
      return PerSample(step, rows, picture if files.exists(picture) else '', score)
  return None


def _rows(path: str) -> list[dict[str, float]]:
  """Returns the rows of a table as numbers, without lines that are damaged."""
  rows = []
  with contextlib.suppress(FileNotFoundError, IsADirectoryError, csv.Error):
    for line in csv.DictReader(files.read_text(path).splitlines()):
      with contextlib.suppress(TypeError, ValueError):  # Too short or too long, or no numbers.
        rows.append({name: float(value) for name, value in line.items()})
  return [row for row in rows if _COLUMNS <= set(row) and all(map(math.isfinite, row.values()))]


def _score(record: Mapping[str, Any], metric: str) -> float | None:
  """Returns the score of a record by its name without extractor; None if it has none."""
  scores = record.get('scores', {})
  return next((value for name, value in scores.items() if name.split('[')[0] == metric), None)
