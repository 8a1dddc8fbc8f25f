"""Requirements that components have of a run, and the flag that provides each.

Penalty('discriminator', penalty, needs=frozenset({Need.DISCRIMINATOR, Need.PICTURES}))
"""

from __future__ import annotations

import enum


class Need(enum.Enum):
  """A requirement; its value is how messages name it.

  A dataset, a game or a loss meets it, or does not; training/refusals.py compares.
  """

  GENERATOR = 'a generator'
  DISCRIMINATOR = 'a discriminator'
  LABELS = 'labels'
  PICTURES = 'pictures'
  BORDER = 'a border at 0'  # Of the loss: the logit at which real and generated meet.
  FEATURES = 'features of the discriminator'  # As image_game.Discriminator has them.
  ONE_DIRECTION = 'one direction'  # Of the game: one pair of real and generated samples.

  @property
  def flag(self) -> str:
    """The flag whose value meets the requirement or does not."""
    return _FLAGS[self]


_FLAGS = {
  Need.GENERATOR: 'model',
  Need.DISCRIMINATOR: 'model',
  Need.LABELS: 'dataset',
  Need.PICTURES: 'dataset',
  Need.BORDER: 'loss',
  Need.FEATURES: 'model',
  Need.ONE_DIRECTION: 'model',
}


def of_player(player: str) -> Need:
  """Returns the requirement that a game has a player, 'generator' or 'discriminator'."""
  return Need(f'a {player}')
