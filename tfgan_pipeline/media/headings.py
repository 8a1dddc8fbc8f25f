"""Headings of grids in which each column has a meaning, such as a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfgan_pipeline.media.images import enlarge

if TYPE_CHECKING:
  from PIL.ImageFont import FreeTypeFont, ImageFont

_SIZES = (18, 15, 12)  # Pixels of the font, the first that fits.
_MARGIN = 4  # Pixels around a heading.
_LONGEST = 160  # Pixels of an upright heading; longer ones are cut.


def with_headings(picture: np.ndarray, headings: Sequence[str]) -> np.ndarray:
  """Returns an enlarged picture with black headings on white above its columns.

  The picture is enlarged first, see images.enlarge, so that headings can be read. The font is
  Pillow's own, which knows Latin letters. Headings that are wider than a column stand upright, all
  of them.

  Args:
    picture: uint8 [H, W, 1, 3 or 4]; with 4 channels the headings are opaque.
    headings: Headings of columns of equal width.

  Returns:
    uint8 [k * H + h, k * W, 1, 3 or 4].
  """
  from PIL import Image, ImageDraw, ImageFont

  picture = enlarge(picture)
  width, channels = picture.shape[1:]
  room = width / len(headings) - _MARGIN
  texts = [' '.join(text.split()) for text in headings]  # No lines within a heading.
  fonts = [ImageFont.load_default(size) for size in _SIZES]
  fitting = (font for font in fonts if max(map(font.getlength, texts)) <= room)
  font = next(fitting, fonts[-1])
  texts = [_cut(text, font, _LONGEST) for text in texts]
  lengths = [font.getlength(text) for text in texts]
  upright = max(lengths) > room
  line = int(max(font.getbbox(text)[3] for text in texts)) + 1
  height = int(max(lengths) if upright else line) + 2 * _MARGIN
  strip = Image.new('L', (width, height), 255)
  for index, (text, length) in enumerate(zip(texts, lengths)):
    tile = Image.new('L', (int(length) + 1, line), 255)
    ImageDraw.Draw(tile).text((0, 0), text, fill=0, font=font)
    tile = tile.rotate(90, expand=True) if upright else tile
    middle = (index + 0.5) * width / len(headings)
    strip.paste(tile, (int(middle - tile.width / 2), height - _MARGIN - tile.height))
  rows = np.asarray(strip)[..., np.newaxis].repeat(channels, axis=2)
  if channels == 4:
    rows[..., 3] = 255
  return np.concatenate([rows, picture])


def _cut(text: str, font: FreeTypeFont | ImageFont, longest: int) -> str:
  """Returns a text, or as much of it as is `longest` pixels wide, with three dots."""
  if font.getlength(text) <= longest:
    return text
  while text and font.getlength(text + '...') > longest:
    text = text[:-1]
  return text + '...'
