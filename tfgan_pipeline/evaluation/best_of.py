"""Scores over seeds: mean, interval, and the optimism of picking the best of several.

cell = cell_of([('fid[inception]', record), ...])       # records that differ in the seed alone
cell.value, cell.low, cell.high
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math
import statistics
from typing import Any

from tfgan_pipeline.metrics.ranking import BESIDE
from tfgan_pipeline.runs.score_records import Record

_NORMAL = statistics.NormalDist()


@dataclasses.dataclass(frozen=True)
class Cell:
  """A score of one checkpoint, or its mean over runs.

  Attributes:
    value: The score; its mean over seeds where there are several.
    low, high: Finite ends of the 95 % interval; both None when either is unknown.
    seeds: Number of sample sets that were scored, or of runs.
    beside: Finite scores to compare with, by the ends of their names, see metrics.ranking.BESIDE.
    variance: Variance over seeds, with ddof=1; None for one seed.
  """

  value: float
  low: float | None
  high: float | None
  seeds: int
  beside: Mapping[str, float] = dataclasses.field(default_factory=dict)
  variance: float | None = None

  @property
  def floor(self) -> float | None:
    """The score that a perfect generator would get, for a Frechet distance; else None."""
    return self.beside.get('floor')


@dataclasses.dataclass(frozen=True)
class Row:
  """A row of a table: the scores of one checkpoint, or their means over runs.

  Attributes:
    run: The name of the run or image folder; of several runs, the settings that tell them from
      others.
    step: Step of the checkpoint; None for a folder of images, and for runs with several steps.
    cells: The scores by metric, as asked for; a score that is not known is missing.
    rank: Place among the rows by the first metric, from 1.
    best_of: Number of checkpoints that this one is the best of; None unless only such are shown.
    optimism: Amount by which picking the best of them flatters the first metric; None if unknown.
    settings: The settings that tell averaged runs from those of other rows, by name.
    steps: The steps of averaged runs, by run; {} for a row of one checkpoint.
  """

  run: str
  step: int | None
  cells: Mapping[str, Cell]
  rank: int = 0
  best_of: int | None = None
  optimism: float | None = None
  settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  steps: Mapping[str, int | None] = dataclasses.field(default_factory=dict)


def cell_of(records: Sequence[tuple[str, Record]]) -> Cell:
  """Returns the cell of one checkpoint's records.

  Args:
    records: The full name of the score and the record, for records that differ in nothing but the
      seed. Of two with one seed, which count once, one with an interval is preferred.
  """
  by_seed: dict[object, tuple[str, Record]] = {}
  for name, record in records:
    seed = record['definition'].get('sample_seed')
    if seed not in by_seed or with_suffix(name, 'low') in record['scores']:
      by_seed[seed] = name, record
  score, record = next(iter(by_seed.values()))
  values = [record['scores'][name] for name, record in by_seed.values()]
  details = {
    end: value
    for end in ('low', 'high', *BESIDE)
    if (value := record['scores'].get(with_suffix(score, end))) is not None and math.isfinite(value)
  }
  beside = {end: value for end, value in details.items() if end in BESIDE}
  if len(values) > 1:
    return cell_over(values, beside)
  has_ends = {'low', 'high'} <= set(details)
  low, high = (details['low'], details['high']) if has_ends else (None, None)
  return Cell(values[0], low, high, 1, beside)


def cell_over(values: Sequence[float], beside: Mapping[str, float]) -> Cell:
  """Returns the mean of independent scores with Student's 95 % interval; a single one has none."""
  mean, count = statistics.fmean(values), len(values)
  if count == 1:
    return Cell(mean, None, None, 1, beside)
  from scipy import special  # Slow to load, and of use here alone.

  variance = statistics.variance(values)
  half = special.stdtrit(count - 1, 0.975) * math.sqrt(variance / count)
  return Cell(mean, mean - half, mean + half, count, beside, variance)


def best_of_each_run(rows: Sequence[Row], metric: str) -> list[Row]:
  """Returns the first row of each run, numbered anew, with the optimism of having picked it.

  Args:
    rows: Rows in the order of their ranks.
    metric: The metric that ranks.
  """
  by_run: dict[str, list[Row]] = {}
  for row in rows:
    by_run.setdefault(row.run, []).append(row)
  every = [row.cells.get(metric) for row in rows]
  return [
    dataclasses.replace(
      own[0],
      rank=number,
      best_of=len(own),
      optimism=optimism([row.cells.get(metric) for row in own], spread_of=every),
    )
    for number, own in enumerate(by_run.values(), 1)
  ]


def optimism(
  cells: Sequence[Cell | None], *, spread_of: Sequence[Cell | None] = ()
) -> float | None:
  """Returns by about how much the best of some scores flatters for having been picked.

  That is s E[max of K standard normals], the expected error of the best of K scores that are equal
  but for errors of standard deviation s: an upper bound where the scores are not equal.

  Args:
    cells: The K scores that were picked from; None for a score that is not known.
    spread_of: Scores that s is taken from if none of `cells` has several seeds.

  Returns:
    The amount in units of the score; None for a single score, and where s is not known since no
    checkpoint was scored with several seeds.
  """
  known = [cell for cell in cells if cell]
  repeated = [cell for cell in known if cell.seeds > 1] or [
    cell for cell in spread_of if cell and cell.seeds > 1
  ]
  if len(known) < 2 or not repeated:
    return None
  freedom = sum(cell.seeds - 1 for cell in repeated)
  variance = sum((cell.variance or 0) * (cell.seeds - 1) for cell in repeated) / freedom
  seeds = statistics.fmean(
    cell.seeds for cell in known
  )  # The mean over n seeds errs by s / sqrt n.
  return math.sqrt(variance / seeds) * expected_maximum(len(known))


def expected_maximum(count: int) -> float:
  """Returns the expected maximum of `count` independent standard normals, such as 1.54 of 10.

  Computed as the integral of x n phi(x) Phi(x)^(n - 1) by the trapezoidal rule, from -10 to 10 in
  steps of 0.01, which is exact to 1e-9.
  """
  points = (number / 100 for number in range(-1000, 1001))
  return 0.01 * sum(x * count * _NORMAL.pdf(x) * _NORMAL.cdf(x) ** (count - 1) for x in points)


def with_suffix(score: str, suffix: str) -> str:
  """Adds a suffix to a score's name: 'fid[inception]', 'low' -> 'fid_low[inception]'."""
  stem, bracket, extractor = score.partition('[')
  return f'{stem}_{suffix}{bracket}{extractor}'
