"""Facts that this installation's scores can be checked by.

outcomes = [check(fact) for fact in exact_facts()]
print(as_table(outcomes))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

from tabulate import tabulate

from tfgan_pipeline.errors import first_line


class Skip(Exception):
  """What a fact needs is not here; the message says what that is."""


@dataclasses.dataclass(frozen=True)
class Fact:
  """A number that is known beforehand.

  Attributes:
    name: What is measured.
    expected: The number.
    tolerance: How far off is still right.
    measure: Returns it; raises Skip when it cannot be had here.
  """

  name: str
  expected: float
  tolerance: float
  measure: Callable[[], float]


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What became of a fact: 'ok', 'FAILED' or 'skipped', and why."""

  fact: Fact
  state: str
  got: float | None = None
  reason: str | None = None


def check(fact: Fact) -> Outcome:
  """Measures a fact. One that raises has failed."""
  try:
    got = float(fact.measure())
  except Skip as reason:
    return Outcome(fact, 'skipped', reason=str(reason))
  except Exception as error:
    return Outcome(fact, 'FAILED', reason=f'{type(error).__name__}: {first_line(error)}')
  right = abs(got - fact.expected) <= fact.tolerance  # False for NaN.
  return Outcome(fact, 'ok' if right else 'FAILED', got)


def as_table(outcomes: Sequence[Outcome]) -> str:
  rows = [
    (outcome.fact.name, fact.expected, outcome.got, fact.tolerance, outcome.state, outcome.reason)
    for outcome in outcomes
    for fact in [outcome.fact]
  ]
  headers = ('fact', 'expected', 'got', 'tolerance', '', 'because')
  return tabulate(rows, headers, tablefmt='plain', floatfmt='.6g', numalign='left')
