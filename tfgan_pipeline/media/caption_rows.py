"""Rows of pictures, each under the caption that they show."""

from __future__ import annotations

from collections.abc import Sequence
import textwrap

import numpy as np

from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.media.images import enlarge

_SIZE = 15  # Pixels of the font.
_MARGIN = 4
_LETTER = 8  # Pixels of a letter, on average.


def caption_rows(medium: Medium, captions: Sequence[str], pictures: np.ndarray) -> np.ndarray:
  """Draws a row of pictures for each caption, under the caption in black on white.

  The font is Pillow's own, which knows Latin letters.

  Args:
    medium: Medium that draws grids of pictures.
    captions: A caption for each row; long ones take several lines.
    pictures: Stored pictures uint8 [rows, columns, H, W, C].

  Returns:
    uint8 [height, width, 1, 3 or 4].
  """
  rows, columns = pictures.shape[:2]
  # All rows at once, so that they are enlarged alike.
  grid = enlarge(medium.picture(pictures.reshape(-1, *pictures.shape[2:]), columns=columns))
  strips = np.array_split(grid, rows)
  parts: list[np.ndarray] = []
  for caption, strip in zip(captions, strips):
    parts += [_text(caption, strip.shape[1], strip.shape[2]), strip]
  return np.concatenate(parts)


def _text(caption: str, width: int, channels: int) -> np.ndarray:
  """Returns a caption in black on white, uint8 [height, width, channels]."""
  from PIL import Image, ImageDraw, ImageFont

  font = ImageFont.load_default(_SIZE)
  lines = textwrap.wrap(caption, max(1, (width - 2 * _MARGIN) // _LETTER)) or ['']
  height = _SIZE + _MARGIN
  strip = Image.new('L', (width, height * len(lines) + _MARGIN), 255)
  for number, line in enumerate(lines):
    ImageDraw.Draw(strip).text((_MARGIN, number * height + 2), line, fill=0, font=font)
  values = np.asarray(strip)[..., np.newaxis].repeat(channels, axis=2)
  if channels == 4:
    values[..., 3] = 255
  return values
