"""`--dataset=shapes`: coloured shapes computed on the spot, with known attributes as labels.

shapes(style=pairs)                                      # outline and picture, side by side
shapes(style=filled), shapes(style=outline, seed=1)      # two domains, without any pairs
shapes(style=captions, things=2)                         # pictures of one or two things, in words
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.captions.fields import CAPTION, caption_field, vocabulary_of
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.made import described
from tfgan_pipeline.data.made.scenes import COLOURS, SHAPES, STYLES, Scenes, draw
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media.sizes import height_and_width
from tfgan_pipeline.registry.calls import Later

_FRACTIONS = {'train': 0.8, 'validation': 0.1, 'test': 0.1}


@registry.dataset
def shapes(
  options: DataOptions,
  *,
  size: int | tuple[int, int] = 32,
  count: int = 10_000,
  label: str = 'shape',
  seed: int = 0,
  style: str = 'filled',
  things: Later[int] = 2,
) -> Dataset:
  """Coloured shapes drawn on the spot: 5 shapes in 4 colours, no download.

  Args:
    options: Memory limit; no folder is needed.
    size: Pixels per side, or (height, width); shapes are sized in proportion to the shorter side.
    count: Number of pictures: 80 % in train, 10 % each in validation and test.
    label: Class of a picture: 'shape', 'colour', or 'both' for the 20 combinations.
    seed: Seed of the random scenes.
    style: 'filled', 'outline' (dark on white, no colour), or 'pairs': every scene as outline and
      filled, side by side, as pix2pix stores its data sets (Isola et al. 2017, arXiv:1611.07004).
      'captions': pictures of several things on a bright ground, such as "a large red circle left of
      a small blue square", with up to three captions each.
    things: Most things in a picture, 1 to 3, for 'captions'.

  Returns:
    Images [height, width, 3], or [height, 2 * width, 3] for 'pairs', in memory; for 'captions' with
    a field `caption`, tokens int32 [3, length], in place of labels.

  Raises:
    UsageError: An argument is out of range, or the pictures do not fit into the memory limit.
  """
  height, width = height_and_width(size, "dataset 'shapes'", at_least=8)
  require("dataset 'shapes'", at_least=10, count=count)
  require("dataset 'shapes'", at_least=0, below=2**32, seed=seed)
  names = {
    'shape': SHAPES,
    'colour': tuple(COLOURS),
    'both': tuple(f'{colour} {shape}' for shape in SHAPES for colour in COLOURS),
  }
  if label not in names:
    raise UsageError(f"dataset 'shapes': label={label} should be one of {', '.join(names)}")
  styles = (*STYLES, 'captions')
  if style not in styles:
    raise UsageError(f"dataset 'shapes': style={style} should be one of {', '.join(styles)}")
  if style == 'captions' and label != 'shape':
    raise UsageError(f"dataset 'shapes': label={label}: captions take the place of labels")
  require("dataset 'shapes'", at_least=1, at_most=described.MOST_THINGS, things=things)
  if style == 'outline' and label != 'shape':
    raise UsageError(f"dataset 'shapes': label={label}: an outline has no colour")
  image_shape = (height, 2 * width if style == 'pairs' else width, 3)
  if not options.fits_memory(count, image_shape):
    raise UsageError(
      f"dataset 'shapes': {count} pictures do not fit --memory_limit_gb={options.memory_limit_gb}"
    )
  if style == 'captions':
    return _with_captions(described.draw(count, seed=seed, things=things), (height, width))
  scenes = draw(count, seed=seed)
  labels = {
    'shape': scenes.shape,
    'colour': scenes.colour,
    'both': scenes.shape * len(COLOURS) + scenes.colour,
  }[label]
  images = np.concatenate(
    [STYLES[style](part, (height, width)) for part in _iterate_parts(scenes, 512)]
  )
  splits = {
    split: MemorySplit({'image': images[rows], 'label': labels[rows]})
    for split, rows in _rows_of_splits(count).items()
  }
  return Dataset.of_images('shapes', image_shape, names[label], splits)


def _with_captions(pictures: described.Pictures, size: tuple[int, int]) -> Dataset:
  rows_of = _rows_of_splits(len(pictures))
  captions = [pictures.captions(index) for index in range(len(pictures))]
  field = caption_field(captions[rows_of['train']], captions[rows_of['test']])
  tokens = vocabulary_of(field).encode_all(captions, field.shape)
  parts = [pictures.part(slice(start, start + 512)) for start in range(0, len(pictures), 512)]
  images = np.concatenate([part.render(size) for part in parts])
  splits = {
    split: MemorySplit({'image': images[rows], CAPTION: tokens[rows]})
    for split, rows in rows_of.items()
  }
  fields = {**Fields.of_images((*size, 3)), CAPTION: field}
  return Dataset('shapes', Fields(fields), splits)


def _rows_of_splits(count: int) -> dict[str, slice]:
  rows, start = {}, 0
  for split, fraction in _FRACTIONS.items():
    stop = count if split == 'test' else start + round(fraction * count)
    rows[split] = slice(start, stop)
    start = stop
  return rows


def _iterate_parts(scenes: Scenes, size: int) -> Iterator[Scenes]:
  """Yields the scenes in parts of `size`, because rendering takes many floats per pixel."""
  for start in range(0, len(scenes), size):
    yield Scenes(*(value[start : start + size] for value in vars(scenes).values()))
