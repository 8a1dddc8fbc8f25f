"""Random scenes of one coloured shape each, rendered in several styles or described in words.

    scenes = draw(100, seed=0)               # the contents of 100 pictures
    pictures = filled(scenes, (32, 64))      # uint8 [100, 32, 64, 3]
    sentences = [caption(scenes, i) for i in range(100)]

Scenes and their rendering are separate, so that shapes.py can make pairs (one scene rendered twice)
and two domains (two sets of scenes) of them.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

SHAPES = ('circle', 'square', 'triangle', 'ring', 'cross')
COLOURS = {  # RGB.
  'red': (220, 50, 47),
  'green': (64, 160, 43),
  'blue': (38, 105, 210),
  'yellow': (230, 180, 20),
}
BRIGHT, _DARK = (235, 235, 225), (35, 35, 45)  # Grounds of filled shapes, RGB.
_PAPER, _INK = 255, 30  # Ground and lines of outlines, grey.


@dataclasses.dataclass(frozen=True)
class Scenes:
  """Contents of N pictures, independent of the pictures' size.

  Attributes:
    shape: int [N], indices into SHAPES.
    colour: int [N], indices into COLOURS.
    dark: bool [N], True for a dark background.
    centre: float [N, 2], (x, y) of the shape, rightwards and downwards, in [-1, 1] from edge to
      edge.
    radius: float [N], radius of the circle around the shape, in halves of the shorter side.
    angle: float [N], rotation of the shape in radians.
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
    """Returns bool [N] by name: 'large' and 'dark', and one for each shape and colour."""
    return {
      'large': self.radius > 0.5,  # The middle of the range that `draw` uses.
      'dark': self.dark,
      **{name: self.shape == number for number, name in enumerate(SHAPES)},
      **{name: self.colour == number for number, name in enumerate(COLOURS)},
    }


def draw(count: int, *, seed: int) -> Scenes:
  """Draws `count` random scenes with independent attributes; no shape leaves its picture."""
  random = np.random.RandomState(seed)  # NumPy promises that its numbers never change.
  shape = random.randint(0, len(SHAPES), count)
  colour = random.randint(0, len(COLOURS), count)
  dark = random.randint(0, 2, count).astype(bool)
  radius = random.uniform(0.3, 0.7, count)
  # Below 1, so that shapes stay clear of the edges.
  centre = random.uniform(-1, 1, (count, 2)) * (0.95 - radius)[:, np.newaxis]
  return Scenes(shape, colour, dark, centre, radius, random.uniform(0, 2 * np.pi, count))


def filled(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Renders filled shapes with soft edges, uint8 [N, H, W, 3] in colour; `size` is (H, W)."""
  return together([scenes], [np.ones(len(scenes), bool)], size)


def together(
  things: Sequence[Scenes], present: Sequence[np.ndarray], size: tuple[int, int]
) -> np.ndarray:
  """Renders several shapes in each picture, uint8 [N, H, W, 3], later ones before earlier ones.

  Args:
    things: The first shape of each of N pictures, with the ground, the second, and so on.
    present: bool [N] for each of `things`: which pictures have that shape.
    size: (H, W).
  """
  dark = things[0].dark[:, np.newaxis]
  pixels = np.where(dark, _DARK, BRIGHT)[:, np.newaxis, np.newaxis]
  for scenes, shows in zip(things, present):
    # Colours are mixed up to half a pixel on both sides of an edge: [N, H, W, 1].
    cover = coverage(scenes, size)[..., np.newaxis] * shows[:, np.newaxis, np.newaxis, np.newaxis]
    paint = np.array(list(COLOURS.values()), float)[scenes.colour][:, np.newaxis, np.newaxis]
    pixels = cover * paint + (1 - cover) * pixels
  return np.rint(pixels).astype(np.uint8)


def coverage(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Returns how much of each pixel a filled shape covers, float [N, H, W] in [0, 1]."""
  return np.clip(0.5 - _signed_distances(scenes, size), 0, 1)


def outline(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Renders outlines, dark on white, sharp corners, uint8 [N, H, W, 3]; `size` is (H, W)."""
  width = max(1.0, min(size) / 32)  # Of the lines; in proportion, and never too thin to see.
  cover = np.clip((width + 1) / 2 - np.abs(_signed_distances(scenes, size)), 0, 1)
  grey = np.rint(cover * _INK + (1 - cover) * _PAPER).astype(np.uint8)
  return np.repeat(grey[..., np.newaxis], 3, axis=-1)


def pairs(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Renders outlines at the left of filled shapes, uint8 [N, H, 2 * W, 3]; `size` is (H, W)."""
  return np.concatenate([outline(scenes, size), filled(scenes, size)], axis=2)


STYLES = {'filled': filled, 'outline': outline, 'pairs': pairs}


def _signed_distances(scenes: Scenes, size: tuple[int, int]) -> np.ndarray:
  """Returns distances float [N, H, W] of pixels from the scene's shape, in pixels; inside < 0."""
  shorter = min(size)
  # Of pixels from the centres, along each side, in halves of the shorter one: [N, H], [N, W].
  offsets = []
  for side, centre in zip(size, (scenes.centre[:, 1], scenes.centre[:, 0])):
    axis = (2 * np.arange(side) + 1) / side - 1
    offsets.append((axis - centre[:, np.newaxis]) * (side / shorter))
  dy = offsets[0][:, :, np.newaxis] / _expand(scenes.radius)
  dx = offsets[1][:, np.newaxis] / _expand(scenes.radius)
  cosine, sine = _expand(np.cos(scenes.angle)), _expand(np.sin(scenes.angle))
  x, y = cosine * dx + sine * dy, cosine * dy - sine * dx
  distances = np.choose(_expand(scenes.shape), _unit_distances(x, y))
  return distances * _expand(scenes.radius) * shorter / 2


def _expand(values: np.ndarray) -> np.ndarray:
  """Returns values [N] as [N, 1, 1], one for all pixels of a picture."""
  return values[:, np.newaxis, np.newaxis]


def _unit_distances(x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
  """Returns the distances of (x, y) from each of SHAPES in the unit circle; negative inside.

  Distances from polygons are measured to the lines of their edges, which keeps corners sharp.
  """
  radius, abs_x, abs_y = np.hypot(x, y), np.abs(x), np.abs(y)
  half = np.sqrt(0.5)  # Half the side of a square in the unit circle.
  bar = 0.3  # Half the width of a cross's bars.
  length = np.sqrt(1 - bar**2)  # Half the length of the bars, whose corners are on the circle.
  cross = np.minimum(
    np.maximum(abs_x - bar, abs_y - length), np.maximum(abs_x - length, abs_y - bar)
  )
  return [
    radius - 1,
    np.maximum(abs_x, abs_y) - half,
    np.maximum(y, abs_x * np.sqrt(0.75) - y / 2) - 0.5,  # Edges are 0.5 from the centre.
    np.abs(radius - 0.75) - 0.25,  # From radius 0.5 to 1.
    cross,
  ]


def caption(scenes: Scenes, index: int) -> str:
  """Describes one scene in words: 'a large red circle at the top left on a dark ground'."""
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
