"""Reactions to numbers that are not finite: `--on_nan=stop`, `--on_nan=rollback(times=3)`.

A component returns how many rollbacks a run may make. In a rollback the run returns to its newest
checkpoint and continues with other random numbers: order of the data, noise, dropout. The number of
rollbacks made is part of the checkpoint, so a run is still a function of its seed and resumes
exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
import math

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError


@registry.on_nan
def stop() -> int:
  """Stops the run with exit code 1 and writes the scalars of the faulty step to a file.

  Returns:
    0, the number of rollbacks allowed.
  """
  return 0


@registry.on_nan
def rollback(*, times: int = 3) -> int:
  """Rolls back to the newest checkpoint and continues with new random numbers, up to `times` times.

  Returns:
    `times`, the number of rollbacks allowed.

  Raises:
    UsageError: `times` is less than 1.
  """
  if times < 1:
    raise UsageError(f'--on_nan: rollback(times={times}) should be at least 1')
  return times


def has_to_be_finite(tag: str, precision: str) -> bool:
  """Returns whether a scalar that is infinite or NaN is an error.

  Only gradient norms in mixed_float16 are no errors: after an overflow, loss scaling skips the
  update and lowers its scale (Micikevicius et al. 2018, arXiv:1710.03740).

  Args:
    tag: TensorBoard tag of the scalar, such as 'gradient_norm/generator'.
    precision: The experiment's `precision`, such as 'float32'.
  """
  return not (precision == 'mixed_float16' and tag.startswith('gradient_norm/'))


def faults(scalars: Mapping[str, float], precision: str) -> dict[str, float]:
  """Returns the scalars, by TensorBoard tag, that are not finite although they should be."""
  return {
    tag: value
    for tag, value in scalars.items()
    if not math.isfinite(value) and has_to_be_finite(tag, precision)
  }


def summary(faults: Mapping[str, float]) -> str:
  """Formats faults for a message, with the players at fault: 'generator: loss/generator=nan, ...'.

  If any tags name a player, only those are listed; else all are, after 'a scalar: '.
  """
  players = ('generator', 'discriminator')
  tags_by_player = {player: [tag for tag in faults if f'/{player}' in tag] for player in players}
  tags = [tag for player_tags in tags_by_player.values() for tag in player_tags] or list(faults)
  players_text = (
    ' and '.join(player for player, player_tags in tags_by_player.items() if player_tags)
    or 'a scalar'
  )
  return f'{players_text}: ' + ', '.join(f'{tag}={faults[tag]}' for tag in tags)
