"""`--dataset=image_folder(size=(64, 128)) --data_dir=/pictures`: a user's own pictures.

layout.py defines the meanings of folders, survey.py finds the pictures that can be read,
decoding.py makes arrays of them.
"""

from __future__ import annotations

import functools
import logging
import math
from typing import Any, Literal

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.data.folders.assembly import assemble
from tfgan_pipeline.data.folders.find_files import find_files
from tfgan_pipeline.data.folders.former_folder import former_folder
from tfgan_pipeline.data.folders.layout import Layout, read_layout
from tfgan_pipeline.data.folders.partition import partition, partition_of_partners
from tfgan_pipeline.data.folders.picture_files import is_named_like_picture
from tfgan_pipeline.data.folders.side_folder import inside_folder
from tfgan_pipeline.data.folders.survey import Survey, data_range, survey_pictures
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.media.sizes import height_and_width
from tfgan_pipeline.registry.calls import Later

_log = logging.getLogger(__name__)
_WHITE = (255, 255, 255)
_LEAST_SHARE = 1 / 16  # Of the range of values: 12 bits stored in 16 use just less.


@registry.dataset
def image_folder(
  options: DataOptions,
  *,
  size: int | tuple[int, int],
  channels: int = 3,
  validation: float = 0.1,
  test: float = 0.1,
  resize: str = 'crop',
  range: Later[Literal['data'] | tuple[float, float] | None] = None,
  background: Later[str | None] = None,
  folder: Later[str] = '',
) -> Dataset:
  """The pictures under --data_dir; sub-folders are classes, train/val/test folders are splits.

  Pictures are all files that Pillow reads, by their content; hidden files are ignored, and files
  that cannot be decoded are left out and named in the log. Each file is decoded once at the start.
  Pictures that do not fit into memory are decoded again on every use; one that breaks meanwhile
  counts as the next one of its class.

  Args:
    options: `data_dir` (may be gs://) and the memory limit.
    size: Pixels per side, or (height, width).
    channels: 1 for greyscale, 3 for colour, 4 for colour with alpha. With 1 and 3, transparency is
      laid over `background`.
    validation: Share of the pictures held out for validation, in proportion to the classes; used
      only without split folders.
    test: Share of the pictures held out for the final evaluation, in proportion to the classes;
      used only without split folders.
    resize: 'crop' (to the largest central part with the proportions of `size`), 'stretch', 'width'
      (to the width of `size`; height is cut, or filled with a mirror image) or 'none' (the middle
      of the stored pixels; smaller pictures are left out).
    range: Stored values (LOW, HIGH) of grey or colour that become black and white, such as
      (0, 4095) for 12 bits stored in 16; 'data' takes the extremes of all pictures. By default 0 to
      the largest value of the file's number format; floating-point pixels and integers beyond 16
      bits need a range.
    background: Colour below transparent pixels, by name or as '#rrggbb'; by default white.
    folder: Name of a folder below --data_dir, to read its pictures alone, see side_folder.py.

  Raises:
    UsageError: There are no readable pictures, the layout is ambiguous, or an argument is out of
      range.
  """
  if channels not in decoding.MODES or resize not in decoding.RESIZES:
    raise UsageError(
      f"dataset 'image_folder': channels={channels}, resize={resize} should be 1, 3 or 4, and "
      f'{", ".join(decoding.RESIZES)}'
    )
  sides = height_and_width(size, "dataset 'image_folder'")
  root = options.data_dir
  if not root:
    raise UsageError("--data_dir: dataset 'image_folder' needs the folder of the pictures")
  shape = (*sides, channels)
  shares = {'validation': validation, 'test': test}
  colour = _colour(background, channels)
  limits = _checked_range(range)
  if options.former:
    if range or background or folder:
      raise UsageError(
        "dataset 'image_folder': earlier versions had no range, no background and no folder"
      )
    return former_folder(options, root, shape=shape, resize=resize, shares=shares)
  found = find_files(root)
  paths = {name: name for name in found.names}  # What folders mean follows from these.
  if folder:
    paths = inside_folder(root, found.names, folder)
    found = found._replace(names=list(paths))
  limits = data_range(root, found.names) if range == 'data' else limits
  reading: dict[str, Any] = dict(
    size=sides, channels=channels, resize=resize, range=limits, background=colour
  )
  images = None
  if options.fits_memory(sum(map(is_named_like_picture, found.names)), shape):
    images = np.empty((len(found.names), *shape), np.uint8)
  survey = survey_pictures(
    root,
    found,
    functools.partial(decoding.to_pixels, **reading),
    keep=(lambda index, pixels: None) if images is None else images.__setitem__,
  )

  def recipe(members: np.ndarray) -> str:
    """Describes the decoding; in the words of earlier versions where it gives their pixels."""
    reduced = any(survey.facts[index].is_reduced_jpeg(sides) for index in members)
    words = [f'{resize} lanczos', *(['in full'] if reduced else [])]
    words += [f'range {limits[0]} {limits[1]}'] if limits else []
    words += [f'over {colour}'] if colour != _WHITE else []
    return ' '.join(words)

  names = [paths[name] for name in survey.names]
  layout = read_layout(root, names)
  parts = layout.parts or partition_of_partners(survey.names, options.partners)
  layout = layout._replace(parts=parts or partition(names, layout.labels, shares))
  _warn_of_values(root, survey, layout, limits, channels)
  return assemble(
    root,
    survey.names,
    layout,
    shape=shape,
    read=functools.partial(decoding.read_picture, **reading),
    recipe=recipe,
    images=None if images is None else lambda members: images[survey.indices[members]],
    sizes=[fact.size for fact in survey.facts],
    notes=survey.describe(),
  )


def _checked_range(range: Any) -> tuple[float, float] | None:
  """Returns the numbers of a range that is given by numbers; raises UsageError if they are none."""
  if range is None or range == 'data':
    return None
  low, high = range
  if not (math.isfinite(low) and math.isfinite(high) and low < high):
    raise UsageError(
      f"dataset 'image_folder': range=({low:g}, {high:g}) should be (LOW, HIGH), LOW below HIGH"
    )
  return low, high


def _colour(background: str | None, channels: int) -> tuple[int, int, int]:
  from PIL import ImageColor

  if background is None:
    return _WHITE
  if channels == 4:
    raise UsageError(
      f"dataset 'image_folder': background={background}: channels=4 keeps transparency, so that "
      'nothing lies below it'
    )
  try:
    red, green, blue, *_ = ImageColor.getrgb(background)
  except ValueError:
    raise UsageError(
      f"dataset 'image_folder': background={background} is no colour; say black, or '#ff8800'"
    ) from None
  return red, green, blue


def _warn_of_values(
  root: str, survey: Survey, layout: Layout, limits: tuple[float, float] | None, channels: int
) -> None:
  """Warns of training pictures that are all equal, or that use little of the range of values."""
  assert layout.parts is not None
  facts = [survey.facts[index] for index in layout.parts['train']]
  if len(facts) > 1 and len({fact.checksum for fact in facts}) == 1:
    way_out = (
      '' if channels == 4 else '; if they are transparent, take channels=4, or background=black'
    )
    _log.warning(
      spoken('--data_dir=%s: all %d training pictures are equal as they are read%s'),
      *(root, len(facts), way_out),
    )
  # Pictures of 8 and of 16 bits may lie side by side, so shares of their ranges are compared.
  ends = [limits or (0.0, fact.white) for fact in facts]
  low = min((fact.low - first) / (last - first) for fact, (first, last) in zip(facts, ends))
  high = max((fact.high - first) / (last - first) for fact, (first, last) in zip(facts, ends))
  if 0 < high - low < _LEAST_SHARE:
    first, last = min(fact.low for fact in facts), max(fact.high for fact in facts)
    _log.warning(
      spoken(
        '--data_dir=%s: the training pictures use the values %g to %g, %.1f%% of their range; '
        'range=(%g, %g) or range=data spreads them from black to white'
      ),
      *(root, first, last, 100 * (high - low), first, last),
    )
