"""Scenes of one coloured shape each: drawn by chance, rendered in styles, told in words.

    scenes = draw(100, seed=0)               # what is in 100 pictures
    pictures = filled(scenes, (32, 64))      # uint8 [100, 32, 64, 3]
    sentences = [caption(scenes, i) for i in range(100)]

Scenes and their rendering are apart, so that pairs (one scene rendered twice) and two domains (two
sets of scenes) are made of them too: shapes.py.
"""

from __future__ import annotations

import dataclasses

import numpy as np

SHAPES = ('circle', 'square', 'triangle', 'ring', 'cross')
COLOURS = {
  'red': (220, 50, 47),
  'green': (64, 160, 43),
  'blue': (38, 105, 210),
  'yellow': (230, 180, 20),
}
_BRIGHT, _DARK = (235, 235, 225), (35, 35, 45)
_PAPER, _INK = 255, 30


@dataclasses.dataclass(frozen=True)
class Scenes:
  """What is in N pictures, whatever their size.

  Attributes:
    shape: int [N], of SHAPES.
    colour: int [N], of COLOURS.
    dark: bool [N], whether the background is.
    centre: float [N, 2], right and down, in [-1, 1] from edge to edge.
    radius: float [N], of the circle around the shape, in halves of the shorter side.
    angle: float [N] in radians.
  """

  shape: np.ndarray
  colour: np.ndarray
  dark: np.ndarray
  centre: np.ndarray
  radius: np.ndarray
  angle: np.ndarray

  def __len__(self) -> int:
    return len(self.shape)

  def attributes(self) -> dict[str, np.ndarray]:
    """bool [N] by name: 'large' and 'dark', and one for each shape and colour."""
    return {
      'large': self.radius > 0.5,
      'dark': self.dark,
      **{name: self.shape == number for number, name in enumerate(SHAPES)},
      **{name: self.colour == number for number, name in enumerate(COLOURS)},
    }


def draw(count: int, *, seed: int) -> Scenes:
  """`count` random scenes; all attributes are independent, and no shape leaves the picture."""
  random = np.random.RandomState(seed)  # Whose numbers are promised never to change.
  shape = random.randint(0, len(SHAPES), count)
  colour = random.randint(0, len(COLOURS), count)
  dark = random.randint(0, 2, count).astype(bool)
  radius = random.uniform(0.3, 0.7, count)
  centre = random.uniform(-1, 1, (count, 2)) * (0.95 - radius)[:, np.newaxis]
  return Scenes(shape, colour, dark, centre, radius, random.uniform(0, 2 * np.pi, count))


def filled(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Pictures uint8 [N, H, W, 3] in colour, with soft edges; `size` is (H, W)."""
  # Half a pixel on both sides of the edge is mixed.
  cover = np.clip(0.5 - _outside(scenes, size), 0, 1)[..., np.newaxis]
  paint = np.array(list(COLOURS.values()), float)[scenes.colour][:, np.newaxis, np.newaxis]
  ground = np.where(scenes.dark[:, np.newaxis], _DARK, _BRIGHT)[:, np.newaxis, np.newaxis]
  return np.rint(cover * paint + (1 - cover) * ground).astype(np.uint8)


def outline(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Pictures uint8 [N, H, W, 3] of the edges alone, dark on white, with sharp corners."""
  width = max(1.0, min(size) / 32)
  cover = np.clip((width + 1) / 2 - np.abs(_outside(scenes, size)), 0, 1)
  grey = np.rint(cover * _INK + (1 - cover) * _PAPER).astype(np.uint8)
  return np.repeat(grey[..., np.newaxis], 3, axis=-1)


def pairs(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Pictures uint8 [N, H, 2 * W, 3]: the outline at the left, the filled shape right."""
  return np.concatenate([outline(scenes, size), filled(scenes, size)], axis=2)


STYLES = {'filled': filled, 'outline': outline, 'pairs': pairs}


def _outside(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Returns distances float [N, H, W] of pixels from their shape, in pixels; negative inside."""
  shorter = min(size)
  away = []  # From the centres along each side, in halves of the shorter one: [N, H], [N, W].
  for side, centre in zip(size, (scenes.centre[:, 1], scenes.centre[:, 0])):
    axis = (2 * np.arange(side) + 1) / side - 1
    away.append((axis - centre[:, np.newaxis]) * (side / shorter))
  down = away[0][:, :, np.newaxis] / _wide(scenes.radius)
  right = away[1][:, np.newaxis] / _wide(scenes.radius)
  cosine, sine = _wide(np.cos(scenes.angle)), _wide(np.sin(scenes.angle))
  x, y = cosine * right + sine * down, cosine * down - sine * right
  outside = np.choose(_wide(scenes.shape), _distances(x, y))
  return outside * _wide(scenes.radius) * shorter / 2


def _wide(values: np.ndarray) -> np.ndarray:
  return values[:, np.newaxis, np.newaxis]


def _distances(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
  """How far places are outside each of SHAPES in the unit circle; negative inside."""
  far, across, along = np.hypot(x, y), np.abs(x), np.abs(y)
  half = np.sqrt(0.5)
  bar = 0.3  # Half the width of a cross's bars.
  length = np.sqrt(1 - bar**2)
  cross = np.minimum(
    np.maximum(across - bar, along - length), np.maximum(across - length, along - bar)
  )
  return [
    far - 1,
    np.maximum(across, along) - half,
    np.maximum(y, across * np.sqrt(0.75) - y / 2) - 0.5,
    np.abs(far - 0.75) - 0.25,
    cross,
  ]


def caption(scenes: Scenes, index: int) -> str:
  """One scene in words: 'a large red circle at the top left on a dark ground'."""
  x, y = scenes.centre[index]
  places = [
    *(['top' if y < 0 else 'bottom'] if abs(y) > 0.1 else []),
    *(['left' if x < 0 else 'right'] if abs(x) > 0.1 else []),
  ]
  where = f'at the {" ".join(places)}' if places else 'in the middle'
  size = 'large' if scenes.radius[index] > 0.5 else 'small'
  ground = 'dark' if scenes.dark[index] else 'bright'
  return (
    f'a {size} {tuple(COLOURS)[scenes.colour[index]]} {SHAPES[scenes.shape[index]]} {where} '
    f'on a {ground} ground'
  )
