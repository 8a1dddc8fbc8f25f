"""`--dataset=shapes`: coloured shapes drawn on the spot, with all that is known of each.

    scenes = draw(100, seed=0)             # what is in 100 pictures
    pictures = render(scenes, 32)          # uint8 [100, 32, 32, 3]
    sentences = [caption(scenes, i) for i in range(100)]

Scenes and their rendering are apart, so that pairs (one scene rendered twice) and two domains (two
sets of scenes) can be made of them too.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.memory_split import MemorySplit
from tfgan_pipeline.errors import UsageError

SHAPES = ('circle', 'square', 'triangle', 'ring', 'cross')
COLOURS = {
  'red': (220, 50, 47),
  'green': (64, 160, 43),
  'blue': (38, 105, 210),
  'yellow': (230, 180, 20),
}
_BRIGHT, _DARK = (235, 235, 225), (35, 35, 45)
_FRACTIONS = {'train': 0.8, 'validation': 0.1, 'test': 0.1}


@dataclasses.dataclass(frozen=True)
class Scenes:
  """What is in N pictures, whatever their size.

  Attributes:
    shape: int [N], of SHAPES.
    colour: int [N], of COLOURS.
    dark: bool [N], whether the background is.
    centre: float [N, 2], right and down, in [-1, 1] from edge to edge.
    radius: float [N], of the circle around the shape, in the same measure.
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


def render(scenes: Scenes, size: int) -> np.ndarray:
  """Pictures uint8 [N, size, size, 3] with soft edges."""
  axis = (2 * np.arange(size) + 1) / size - 1
  right = (axis[np.newaxis, np.newaxis] - _wide(scenes.centre[:, 0])) / _wide(scenes.radius)
  down = (axis[np.newaxis, :, np.newaxis] - _wide(scenes.centre[:, 1])) / _wide(scenes.radius)
  cosine, sine = _wide(np.cos(scenes.angle)), _wide(np.sin(scenes.angle))
  x, y = cosine * right + sine * down, cosine * down - sine * right
  outside = np.choose(_wide(scenes.shape), _distances(x, y))
  # Half a pixel on both sides of the edge is mixed.
  cover = np.clip(0.5 - outside * _wide(scenes.radius) * size / 2, 0, 1)[..., np.newaxis]
  paint = np.array(list(COLOURS.values()), float)[scenes.colour][:, np.newaxis, np.newaxis]
  ground = np.where(scenes.dark[:, np.newaxis], _DARK, _BRIGHT)[:, np.newaxis, np.newaxis]
  return np.rint(cover * paint + (1 - cover) * ground).astype(np.uint8)


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


@registry.dataset
def shapes(
  options: DataOptions,
  *,
  size: int = 32,
  count: int = 10_000,
  label: str = 'shape',
  seed: int = 0,
) -> Dataset:
  """Coloured shapes drawn on the spot: 5 shapes in 4 colours, no download.

  Args:
    options: For the memory limit.
    size: Height and width in pixels.
    count: Pictures, split 80/10/10.
    label: What the class is: 'shape', 'colour', or 'both' for their 20 pairs.
    seed: Chooses the pictures.

  Returns:
    Images [size, size, 3] in memory.

  Raises:
    UsageError: An argument is out of range, or the pictures do not fit into the memory limit.
  """
  if size < 8 or count < 10 or seed < 0:
    raise UsageError(
      f"dataset 'shapes': size={size} should be at least 8, count={count} at least 10, and "
      f'seed={seed} at least 0'
    )
  names = {
    'shape': SHAPES,
    'colour': tuple(COLOURS),
    'both': tuple(f'{colour} {shape}' for shape in SHAPES for colour in COLOURS),
  }
  if label not in names:
    raise UsageError(f"dataset 'shapes': label={label} should be one of {', '.join(names)}")
  if not options.fits_memory(count, (size, size, 3)):
    raise UsageError(
      f"dataset 'shapes': {count} pictures do not fit --memory_limit_gb={options.memory_limit_gb}"
    )
  scenes = draw(count, seed=seed)
  labels = {
    'shape': scenes.shape,
    'colour': scenes.colour,
    'both': scenes.shape * len(COLOURS) + scenes.colour,
  }[label]
  images = np.concatenate([render(part, size) for part in _parts(scenes, 512)])
  splits, start = {}, 0
  for split, fraction in _FRACTIONS.items():
    stop = count if split == 'test' else start + round(fraction * count)
    splits[split] = MemorySplit(images[start:stop], labels[start:stop])
    start = stop
  return Dataset('shapes', (size, size, 3), len(names[label]), names[label], splits)


def _parts(scenes: Scenes, size: int):
  """The scenes in parts, whose rendering needs many floats per pixel."""
  for start in range(0, len(scenes), size):
    yield Scenes(*(value[start : start + size] for value in vars(scenes).values()))
