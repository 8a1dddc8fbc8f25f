"""Decoding of picture files to uint8 arrays of one shape.

image = read_picture(path, size=(64, 128), channels=3, resize='crop')   # uint8 [64, 128, 3]
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tfgan_pipeline.data.folders.picture_files import open_content, open_picture
from tfgan_pipeline.media.sizes import largest_box

if TYPE_CHECKING:
  from PIL.Image import Image

RESIZES = ('crop', 'stretch', 'width', 'none')
MODES = {1: 'L', 3: 'RGB', 4: 'RGBA'}  # Channels -> Pillow's mode.
Range = tuple[float, float]  # Values that become black and white.
GREY_MODES = ('1', 'L', 'LA', 'La', 'F', 'I', 'I;16', 'I;16B', 'I;16L', 'I;16N')  # Of Pillow.
_DEEP = 65535  # White in greys of 16 bits.


def read_picture(path: str, **how: Any) -> np.ndarray:
  """Decodes a picture file as `to_pixels` does with arguments `how`; `path` may be gs://."""
  return to_pixels(open_picture(path), **how)


def decode_picture(content: bytes, **how: Any) -> np.ndarray:
  """Decodes the content of a picture file as `to_pixels` does with arguments `how`."""
  return to_pixels(open_content(io.BytesIO(content)), **how)


def to_pixels(
  image: Image,
  *,
  size: tuple[int, int] | None,
  channels: int,
  resize: str,
  range: Range | None = None,
  background: tuple[int, int, int] = (255, 255, 255),
) -> np.ndarray:
  """Converts an upright Pillow image to the pixels that an image viewer shows.

  Transparency is laid over `background` unless `channels` is 4, 16-bit greys are scaled to 8 bits,
  and CMYK, palette and other colour models become RGB. Animations are read as their first frame.

  Args:
    image: The image, as of `open_picture`.
    size: (height, width) of the result; None keeps the stored size.
    channels: 1 for luminance (ITU-R 601), 3 for RGB, 4 for RGBA, 0 for 1 if the stored picture is
      grey and 3 otherwise.
    resize: 'crop' cuts out the largest central part with the proportions of `size` and resizes
      it, 'stretch' resizes the whole picture; 'width' resizes it to the width of `size` with its
      proportions, and cuts the middle out of its height, or mirrors what is missing there; 'none'
      cuts the middle out of the stored pixels. Resizing is by Pillow's Lanczos filter on all
      pixels, which averages when reducing, weighted by opacity if alpha is kept.
    range: Stored values of grey or colour that become 0 and 255; values beyond are these. By
      default 0 to the largest that the file's number format holds.
    background: Colour below transparent pixels.

  Returns:
    uint8 [height, width, channels]. With 4 channels, alpha is 255 for pictures without alpha, and
    fully transparent pixels are black.

  Raises:
    Exception: The file is no complete picture, or needs a range, or is too small not to be resized;
      the type is often Pillow's choice.
  """
  channels = channels or (1 if image.mode in GREY_MODES else 3)
  image = _to_8_bits(image, range)
  image = (image if channels == 4 else _lay_over(image, background)).convert(MODES[channels])
  if size:
    image = _resized(image, size, resize)
  pixels = np.asarray(image).reshape(*image.size[::-1], channels)
  if size and len(pixels) < size[0]:  # By the width alone.
    above = (size[0] - len(pixels)) // 2
    around = ((above, size[0] - len(pixels) - above), (0, 0), (0, 0))
    pixels = np.pad(pixels, around, 'symmetric')
  return np.where(pixels[..., 3:], pixels, 0) if channels == 4 else pixels


def values_of(image: Image) -> tuple[float, float, float]:
  """Returns the smallest and the largest stored value of colour, and the value of white.

  White is infinite for floating-point pixels and 32-bit integers beyond 16 bits.
  """
  if _is_deep(image):
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    known = image.mode != 'F' and low >= 0 and high <= _DEEP
    return low, high, _DEEP if known else math.inf
  extremes = _with_plain_bands(image).getextrema()
  bands = [extremes] if isinstance(extremes[0], (int, float)) else list(extremes)[:3]
  bands = bands[:1] if len(bands) == 2 else bands  # Grey with alpha.
  return min(low for low, _ in bands), max(high for _, high in bands), 255


def _resized(image: Image, size: tuple[int, int], resize: str) -> Image:
  """Returns an image as large as `size`, (height, width); by its width alone perhaps less high."""
  from PIL.Image import Resampling

  stored = (image.height, image.width)
  if resize == 'stretch':
    return image.resize(size[::-1], Resampling.LANCZOS)
  if resize == 'none':
    if any(side < wanted for side, wanted in zip(stored, size)):
      raise ValueError(
        f'{stored[0]}x{stored[1]} pixels are fewer than {size[0]}x{size[1]}, and resize=none '
        'enlarges nothing'
      )
    return image.crop(_middle(stored, size))
  box = largest_box(stored, size)
  if resize == 'width' and box[1] < image.width:  # Wider than `size`.
    height = max(1, round(image.height * size[1] / image.width))
    return image.resize((size[1], height), Resampling.LANCZOS)
  return image.resize(size[::-1], Resampling.LANCZOS, box=_middle(stored, box))


def _middle(stored: tuple[int, int], part: tuple[int, int]) -> tuple[int, int, int, int]:
  """Returns (left, top, right, bottom) of the middle part (height, width) of a picture."""
  top, left = ((side - wanted) // 2 for side, wanted in zip(stored, part))
  return (left, top, left + part[1], top + part[0])


def _is_deep(image: Image) -> bool:
  return image.mode == 'F' or image.mode.startswith('I')


def _to_8_bits(image: Image, range: Range | None) -> Image:
  """Returns an image with 8 bits per channel; raises ValueError if the scale is unknown."""
  from PIL import Image

  if _is_deep(image):
    values = np.asarray(image)
    if not np.isfinite(values).all():
      raise ValueError('some pixels are infinite or no numbers')
    if range:
      return Image.fromarray(_scale(values, range))
    if image.mode == 'F':
      raise ValueError(
        'floating-point pixels have no known scale; give range=(LOW, HIGH) or range=data'
      )
    values = values.astype(np.int64)
    if values.min() < 0 or values.max() > _DEEP:
      raise ValueError(
        f'32-bit values from {values.min()} to {values.max()} have no known scale; give '
        'range=(LOW, HIGH) or range=data'
      )
    # 65535 / 257 = 255, and half of 257 rounds to nearest.
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
  if not range:
    return image
  image = _with_plain_bands(image)
  table = _scale(np.arange(256), range).tolist()
  alpha = list(np.arange(256).tolist()) if image.mode in ('LA', 'RGBA') else []
  colours = len(image.getbands()) - (1 if alpha else 0)
  return image.point(table * colours + alpha)


def _scale(values: np.ndarray, range: Range) -> np.ndarray:
  low, high = range
  shares = (values.astype(np.float64) - low) / (high - low)
  return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)


def _with_plain_bands(image: Image) -> Image:
  """Returns an image as grey or RGB, with alpha if it has transparency."""
  grey, clear = image.mode in GREY_MODES, image.has_transparency_data
  return image.convert({(0, 0): 'RGB', (0, 1): 'RGBA', (1, 0): 'L', (1, 1): 'LA'}[grey, clear])


def _lay_over(image: Image, background: tuple[int, int, int]) -> Image:
  """Lays an image with transparency over a colour; returns other images unchanged."""
  from PIL import Image

  if not image.has_transparency_data:
    return image
  image = image.convert('RGBA')
  return Image.alpha_composite(Image.new('RGBA', image.size, (*background, 255)), image)
