"""Drawn pictures of one to three things, with captions in words.

    pictures = draw(100, seed=0, things=2)
    pictures.render((32, 32))         # uint8 [100, 32, 32, 3]
    pictures.captions(0)              # ['a large red circle at the top left', ...]
    asked_in('a small blue ring left of a large red circle')    # Asked(things=(...), step=(-1, 0))

Things stand upright on a bright ground and do not touch. A caption says of each its size, colour
and form, and where the only one is, or where the first of two is beside the second; or how many
equal ones there are. Further captions of a picture say it in another order, or less.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import re

import numpy as np

from tfgan_pipeline.data.captions.vocabulary import words_of
from tfgan_pipeline.data.made.scenes import COLOURS, SHAPES, Scenes, together
from tfgan_pipeline.metrics.pairs.captions import Asked, Thing

MOST_THINGS = 3
SIZES = ('small', 'large')
_RADII = ((0.24, 0.28), (0.36, 0.42))  # Of SIZES, in halves of the shorter side.
BETWEEN = 0.32  # Radius between small and large.
_COUNTS = ('a', 'two', 'three')
_ROWS, _COLUMNS = ('top', '', 'bottom'), ('left', '', 'right')
_OFF = 0.5  # Distance of places from the middle.
_JITTER = 0.06
# Steps (x, y) from the second thing to the first.
RELATIONS = {'left of': (-1, 0), 'right of': (1, 0), 'above': (0, -1), 'below': (0, 1)}
_OPPOSITE = {'left of': 'right of', 'right of': 'left of', 'above': 'below', 'below': 'above'}


@dataclasses.dataclass(frozen=True)
class Pictures:
  """Contents of N pictures.

  Attributes:
    things: First, second, ... thing of each picture.
    count: Number of things, int [N].
    place: (row, column) of a single thing, int [N, 2] from 0 to 2.
    relation: Index in RELATIONS of two different things, int [N]; -1 for others.
  """

  things: tuple[Scenes, ...]
  count: np.ndarray
  place: np.ndarray
  relation: np.ndarray

  def __len__(self) -> int:
    return len(self.count)

  def part(self, rows: slice) -> Pictures:
    """Returns some of the pictures."""
    things = tuple(
      Scenes(*(value[rows] for value in vars(thing).values())) for thing in self.things
    )
    return Pictures(things, self.count[rows], self.place[rows], self.relation[rows])

  def render(self, size: tuple[int, int]) -> np.ndarray:
    """Renders the pictures, uint8 [N, H, W, 3]; `size` is (H, W)."""
    present = [self.count > number for number in range(len(self.things))]
    return together(self.things, present, size)

  def captions(self, index: int) -> list[str]:
    """Returns the captions of one picture, the one that says the most first."""
    count, relation = self.count[index], int(self.relation[index])
    names = [_name(thing, index) for thing in self.things[:count]]
    if count == 1:
      where = _place_in_words(*self.place[index])
      return [f'a {names[0]} {where}', f'{where} a {names[0]}', f'a {names[0]}']
    if relation < 0:
      return [f'{_COUNTS[count - 1]} {names[0]}s'.replace('crosss', 'crosses')]
    one, other = (f'a {name}' for name in names)
    beside = tuple(RELATIONS)[relation]
    return [f'{one} {beside} {other}', f'{other} {_OPPOSITE[beside]} {one}', f'{one} and {other}']


def draw(count: int, *, seed: int, things: int) -> Pictures:
  """Draws `count` random pictures of up to `things` things, each number as often.

  Of pictures of two, one third are of equal ones; three are always equal.
  """
  random = np.random.RandomState(seed)  # NumPy promises that its numbers never change.
  number = random.randint(1, things + 1, count)
  are_equal = (number == 3) | (random.uniform(size=count) < 1 / 3)
  place = random.randint(0, 3, (count, 2))
  relation = random.randint(0, len(RELATIONS), count)
  turn = random.randint(0, 4, count)  # Quarter turns of three things around the middle.
  centres = _centres(number, place, relation, turn)
  layers: list[Scenes] = []
  for layer in range(MOST_THINGS):
    fresh = _draw_things(random, centres[:, layer])
    layers.append(_like(layers[0], fresh, are_equal) if layers else fresh)
  is_relation = (number == 2) & ~are_equal
  return Pictures(tuple(layers[:things]), number, place, np.where(is_relation, relation, -1))


def _centres(
  number: np.ndarray, place: np.ndarray, relation: np.ndarray, turn: np.ndarray
) -> np.ndarray:
  """Returns the centres (x, y) of all things, float [N, MOST_THINGS, 2], before jitter."""
  one = _OFF * (place[:, ::-1] - 1.0)
  step = np.array(list(RELATIONS.values()), float)[relation] * _OFF
  corners = np.array([(-_OFF, -_OFF), (_OFF, -_OFF), (0, _OFF)])  # Of three things.
  angle = turn * np.pi / 2
  rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
  three = np.einsum('ijn,kj->nki', rotation, corners)
  two = np.stack([step, -step, np.zeros_like(step)], axis=1)
  single = np.stack([one, one, one], axis=1)
  choice = number[:, np.newaxis, np.newaxis]
  return np.where(choice == 1, single, np.where(choice == 2, two, three))


def _draw_things(random: np.random.RandomState, centres: np.ndarray) -> Scenes:
  """Draws one thing for each picture, near its centre."""
  count = len(centres)
  bounds = np.array(_RADII)[random.randint(0, len(SIZES), count)]
  radius = random.uniform(bounds[:, 0], bounds[:, 1])
  centre = centres + random.uniform(-_JITTER, _JITTER, (count, 2))
  shape, colour = random.randint(0, len(SHAPES), count), random.randint(0, len(COLOURS), count)
  return Scenes(shape, colour, np.zeros(count, bool), centre, radius, np.zeros(count))


def _like(first: Scenes, other: Scenes, are_equal: np.ndarray) -> Scenes:
  """Returns `other` with size, colour and form of `first` where things should be equal."""
  names = ('shape', 'colour', 'radius')
  equal = {name: np.where(are_equal, getattr(first, name), getattr(other, name)) for name in names}
  return dataclasses.replace(other, **equal)


def _name(thing: Scenes, index: int) -> str:
  size = SIZES[int(thing.radius[index] > BETWEEN)]
  return f'{size} {tuple(COLOURS)[thing.colour[index]]} {SHAPES[thing.shape[index]]}'


def _place_in_words(row: int, column: int) -> str:
  place = ' '.join(filter(None, [_ROWS[row], _COLUMNS[column]]))
  return f'at the {place}' if place else 'in the middle'


_PLACES = [
  ' '.join(filter(None, [row, column])) or 'middle' for row in _ROWS for column in _COLUMNS
]


def asked_in(caption: str) -> Asked | None:
  """Returns what a caption asks for; None if it has no words of captions of this module."""
  words = [_singular(word) for word in words_of(caption)]
  text = ' '.join(words)
  relation = next((name for name in RELATIONS if f' {name} ' in text), '')
  count = next(
    (number for number, word in enumerate(_COUNTS, 1) if number > 1 and word in words), 1
  )
  parts = re.split(rf' (?:{"|".join(RELATIONS)}|and) ', text)
  things = [_thing_in(part.split()) for part in parts] * (count if len(parts) == 1 else 1)
  if not any(any(thing.words) for thing in things):
    return None
  found = [word for word in words if word in ('top', 'bottom', 'left', 'right', 'middle')]
  place = ' '.join(found) if len(things) == 1 else ''
  return Asked(tuple(things), place if place in _PLACES else '', RELATIONS.get(relation))


def _singular(word: str) -> str:
  return next((form for form in SHAPES if word in (f'{form}s', f'{form}es')), word)


def _thing_in(words: Sequence[str]) -> Thing:
  size, colour, form = (
    next((word for word in words if word in known), '') for known in (SIZES, COLOURS, SHAPES)
  )
  return Thing(size, colour, form)
