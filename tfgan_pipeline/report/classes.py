"""Best and worst classes, by what is known of the samples of each."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import re
import statistics

from tfgan_pipeline.report.copies import PerSample
from tfgan_pipeline.report.recorded_run import RecordedRun

_WORST = re.compile(r'intra_class_fid_worst_(\d+)(?:\[.*\])?')


@dataclasses.dataclass(frozen=True)
class ClassRow:
  """Facts on the samples that were asked to be of one class.

  Attributes:
    name: Name of the class.
    samples: Number of the samples.
    in_manifold: Share of them that resemble real pictures, of any class.
    likely_copies: Share of them that are likely copies.
    distance: Median distance to the nearest real picture, in units of that picture's own distance
      to the nearest other one.
  """

  name: str
  samples: int
  in_manifold: float
  likely_copies: float
  distance: float


@dataclasses.dataclass(frozen=True)
class Worst:
  """The worst classes by the Frechet distance within classes.

  Attributes:
    step: Step of the checkpoint.
    values: The distance by name of the class, worst first.
    mean: Mean over all classes.
  """

  step: int
  values: dict[str, float]
  mean: float


def class_rows(run: RecordedRun, facts: PerSample | None) -> list[ClassRow]:
  """Returns the classes that samples were asked for, best first; [] where none was asked for."""
  groups: dict[int, list] = {}
  for row in facts.rows if facts else ():
    if 'label' in row:
      groups.setdefault(int(row['label']), []).append(row)
  rows = [
    ClassRow(
      _name(run.class_names, label),
      len(own),
      statistics.fmean(row['in_manifold'] for row in own),
      statistics.fmean(row['likely_copy'] for row in own),
      statistics.median(row['distance'] / (row['its_own_distance'] or 1e-300) for row in own),
    )
    for label, own in sorted(groups.items())
  ]
  return sorted(rows, key=lambda row: (-row.in_manifold, row.distance))


def worst_classes(run: RecordedRun) -> Worst | None:
  """Returns the worst classes by intra_class_fid, of the newest checkpoint that has the score."""
  for record in reversed(run.scores):
    scores = record['scores']
    worst = {
      _name(run.class_names, int(match[1])): value
      for name, value in scores.items()
      if (match := _WORST.fullmatch(name))
    }
    means = [value for name, value in scores.items() if name.split('[')[0] == 'intra_class_fid']
    if worst and means:
      ordered = sorted(worst.items(), key=lambda pair: -pair[1])
      return Worst(record['step'], dict(ordered), means[0])
  return None


def _name(names: Sequence[str], label: int) -> str:
  return names[label] if label < len(names) else str(label)
