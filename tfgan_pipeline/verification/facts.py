"""Facts with known values, by which the scores of this installation are checked.

outcomes = [check(fact) for fact in exact_facts()]
print(as_table(outcomes))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

from tabulate import tabulate

from tfgan_pipeline.errors import first_line


class Skip(Exception):
  """A fact cannot be measured because something is missing; the message says what."""


@dataclasses.dataclass(frozen=True)
class Fact:
  """A score whose value is known beforehand.

  Attributes:
    name: Description of the score and its data.
    expected: The known value.
    tolerance: The largest difference from `expected` that counts as right.
    measure: Computes the score; raises Skip if data or weights for it are missing.
  """

  name: str
  expected: float
  tolerance: float
  measure: Callable[[], float]


@dataclasses.dataclass(frozen=True)
class Outcome:
  """The outcome of checking a fact.

  Attributes:
    fact: The fact.
    state: 'ok', 'FAILED' or 'skipped'.
    got: The measured value; None if there is none.
    reason: Why the fact was skipped or could not be measured; None otherwise.
  """

  fact: Fact
  state: str
  got: float | None = None
  reason: str | None = None


def check(fact: Fact) -> Outcome:
  """Measures a fact and compares its value; an error other than Skip counts as failed."""
  try:
    value = float(fact.measure())
  except Skip as reason:
    return Outcome(fact, 'skipped', reason=str(reason))
  except Exception as error:
    return Outcome(fact, 'FAILED', reason=f'{type(error).__name__}: {first_line(error)}')
  is_right = abs(value - fact.expected) <= fact.tolerance  # False for NaN.
  return Outcome(fact, 'ok' if is_right else 'FAILED', value)


def as_table(outcomes: Sequence[Outcome]) -> str:
  """Formats outcomes as a table, one line per fact."""
  rows = [
    (outcome.fact.name, fact.expected, outcome.got, fact.tolerance, outcome.state, outcome.reason)
    for outcome in outcomes
    for fact in [outcome.fact]
  ]
  headers = ('fact', 'expected', 'got', 'tolerance', '', 'because')
  return tabulate(rows, headers, tablefmt='plain', floatfmt='.6g', numalign='left')
