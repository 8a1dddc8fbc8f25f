"""Scores over sample seeds: mean, interval, and the optimism of picking the best of several.

cell = cell_of([('fid[inception]', record), ...])       # records that differ in the seed alone
cell.value, cell.low, cell.high
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math
import statistics

from tfgan_pipeline.runs.score_records import Record

_NORMAL = statistics.NormalDist()


@dataclasses.dataclass(frozen=True)
class Cell:
  """A score of one checkpoint.

  Attributes:
    value: The score; its mean over seeds where there are several.
    low, high: Ends of the 95 % interval; None when unknown.
    seeds: Number of sample sets that were scored.
    floor: The score that a perfect generator would get, for a Frechet distance; else None.
    variance: Variance over seeds, with ddof=1; None for one seed.
  """

  value: float
  low: float | None
  high: float | None
  seeds: int
  floor: float | None
  variance: float | None = None


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
  mean, count, variance = statistics.fmean(values), len(values), None
  low, high = (record['scores'].get(with_suffix(score, end)) for end in ('low', 'high'))
  if count > 1:
    from scipy import special  # Slow to load, and of use here alone.

    variance = statistics.variance(values)
    half = special.stdtrit(count - 1, 0.975) * math.sqrt(variance / count)  # Student's t.
    low, high = mean - half, mean + half
  floor = record['scores'].get(with_suffix(score, 'floor'))
  return Cell(mean, low, high, count, floor, variance)


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
