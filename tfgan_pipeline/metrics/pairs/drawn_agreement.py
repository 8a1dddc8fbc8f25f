"""Agreement of drawn pictures with what their captions ask for, attribute by attribute."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import needs
from tfgan_pipeline.metrics.pairs.captions import Asked, Captions, Thing
from tfgan_pipeline.metrics.ranking import higher_is_better

ATTRIBUTES = ('colour', 'form', 'size', 'place', 'count')
_NEAR = 0.25  # Half the width of the middle, in halves of a side.


@registry.pair_metric
@higher_is_better('drawn_agreement', *(f'{name}_agreement' for name in ATTRIBUTES))
@needs('captions')
def drawn_agreement(captions: Captions, outputs: np.ndarray) -> dict[str, float]:
  """Shares of pictures that show the colours, forms, sizes, place and count of their captions.

  For captions of `shapes(style=captions)`. Things are read back by geometry, without a network:
  patches apart from the ground, and the form that covers them best.

  Args:
    captions: Captions of N pictures.
    outputs: Pictures made of them, uint8 [N, H, W, 3].

  Returns:
    drawn_agreement: Share of pictures with all that is asked for, each thing having its own.
    colour_agreement, form_agreement, size_agreement: Shares of pictures with all that is asked for,
      as often as asked. place_agreement: Of captions that say where, the share of right places, or
      of two things on the right sides of each other. count_agreement: Share of right numbers of
      things. What no caption says is left out.

  Raises:
    UsageError: The pictures are not in colour, or no caption asks for things of `shapes`.
  """
  if outputs.shape[-1] != 3:
    raise UsageError('drawn_agreement: pictures should have three channels')
  if captions.asked is None:
    raise UsageError(
      'drawn_agreement: no caption has words of "shapes(style=captions)"; r_precision scores '
      'pictures of other captions'
    )
  rights = collections.defaultdict(list)
  for asked, things in zip(captions.asked, captions.read(outputs)):
    for name, is_right in _compare(asked, things).items():
      rights[name].append(is_right)
  names = [name for name in ('drawn', *ATTRIBUTES) if name in rights]
  return {f'{name}_agreement': float(np.mean(rights[name])) for name in names}


def _compare(asked: Asked, things: Sequence[Thing]) -> dict[str, bool]:
  """Returns whether a picture shows what its caption asks for, by attribute."""
  sizes, colours, forms = zip(*(thing.words for thing in asked.things))
  found = {
    'colour': (colours, [thing.colour for thing in things]),
    'form': (forms, [thing.form for thing in things]),
    'size': (sizes, [thing.size for thing in things]),
  }
  rights = {name: _holds(own, wanted) for name, (wanted, own) in found.items() if any(wanted)}
  rights['count'] = len(things) == len(asked.things)
  if asked.place:
    rights['place'] = bool(things) and _place_of(things[0]) == asked.place
  elif asked.step and len(asked.things) == 2:
    rights['place'] = _are_beside(asked, things)
  wanted = [thing.words for thing in asked.things if all(thing.words)]
  has_own = _holds([thing.words for thing in things], wanted)
  return {**rights, 'drawn': has_own and all(rights.values())}


def _holds(found: Iterable[object], wanted: Iterable[object]) -> bool:
  """Returns whether all that is wanted, '' left out, is found, as often."""
  return not collections.Counter(filter(None, wanted)) - collections.Counter(found)


def _place_of(thing: Thing) -> str:
  x, y = thing.centre
  row = 'top' if y < -_NEAR else 'bottom' if y > _NEAR else ''
  column = 'left' if x < -_NEAR else 'right' if x > _NEAR else ''
  return ' '.join(filter(None, [row, column])) or 'middle'


def _are_beside(asked: Asked, things: Sequence[Thing]) -> bool:
  """Returns whether the two things that resemble those asked for most lie as they should."""
  if len(things) < 2:
    return False
  one, other = things[:2]

  def likeness(first: Thing, second: Thing) -> int:
    pairs = zip((first, second), asked.things)
    return sum(
      own == word for thing, wanted in pairs for own, word in zip(thing.words, wanted.words)
    )

  straight, crossed = likeness(one, other), likeness(other, one)
  are_alike = asked.things[0] == asked.things[1]
  if straight == crossed and not are_alike:  # Which is which cannot be told.
    return False
  first, second = (one, other) if straight > crossed else (other, one)
  step = np.subtract(first.centre, second.centre)
  assert asked.step is not None
  wanted = np.array(asked.step)
  along = int(np.abs(wanted).argmax())
  is_along = abs(step[along]) > abs(step[1 - along])
  return bool(is_along and (are_alike or step[along] * wanted[along] > 0))
