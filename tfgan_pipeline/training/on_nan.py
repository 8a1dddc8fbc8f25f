"""What to do about numbers that are not finite: `--on_nan=stop`, `--on_nan=rollback(times=3)`.

A component returns how often a run may go back to its newest checkpoint and go on from there with
other random numbers: order of the data, noise, dropout. The number of times it did is part of the
checkpoint, so such a run is still a function of its seed and resumes exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
import math

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError


@registry.on_nan
def stop() -> int:
  """End the run with exit code 1, and keep the evidence."""
  return 0


@registry.on_nan
def rollback(*, times: int = 3) -> int:
  """Go back to the newest checkpoint and on with other random numbers, so often in a run."""
  if times < 1:
    raise UsageError(f'--on_nan: rollback(times={times}) should be at least 1')
  return times


def has_to_be_finite(tag: str, precision: str) -> bool:
  """Whether a scalar that is not finite is a fault.

  With float16 an overflowing gradient is not: loss scaling leaves that update out and takes a lower
  scale.
  """
  return not (precision == 'mixed_float16' and tag.startswith('gradient_norm/'))


def faults(scalars: Mapping[str, float], precision: str) -> dict[str, float]:
  """The scalars, by TensorBoard tag, that are not finite and should be."""
  return {
    tag: value
    for tag, value in scalars.items()
    if not math.isfinite(value) and has_to_be_finite(tag, precision)
  }


def summary(faults: Mapping[str, float]) -> str:
  """Who is at fault and how: 'generator: loss/generator=nan, ...', as far as a player is known."""
  players = ('generator', 'discriminator')
  theirs = {player: [tag for tag in faults if f'/{player}' in tag] for player in players}
  tags = [tag for found in theirs.values() for tag in found] or list(faults)
  who = ' and '.join(player for player, found in theirs.items() if found) or 'a scalar'
  return f'{who}: ' + ', '.join(f'{tag}={faults[tag]}' for tag in tags)
