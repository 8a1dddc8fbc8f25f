"""Decoding of picture files with Pillow, to uint8 arrays of one shape.

    image = read_picture(path, size=(64, 128), channels=3, resize='crop')   # uint8 [64, 128, 3]

Pillow is imported on first use.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.media.sizes import largest_box

if TYPE_CHECKING:
  from PIL.Image import Image

EXTENSIONS = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.gif', '.tif', '.tiff')
RESIZES = ('crop', 'stretch')
MODES = {1: 'L', 3: 'RGB', 4: 'RGBA'}  # Channels -> Pillow's mode.
_GREY = ('1', 'L', 'LA', 'La', 'I', 'I;16', 'I;16B', 'I;16L', 'I;16N')  # Pillow's modes.


def read_picture(
  path: str, *, size: tuple[int, int] | None, channels: int, resize: str
) -> np.ndarray:
  """Decodes a picture file, see decode_picture; `path` may be gs://."""
  with tf.io.gfile.GFile(path, 'rb') as file:
    return decode_picture(file.read(), size=size, channels=channels, resize=resize)


def decode_picture(
  content: bytes, *, size: tuple[int, int] | None, channels: int, resize: str
) -> np.ndarray:
  """Decodes the content of a picture file to the pixels that an image viewer shows.

  Orientation tags are applied, transparency is laid over white unless `channels` is 4, 16-bit greys
  are scaled to 8 bits, and CMYK, palette and other colour models become RGB. Animations are read
  as their first frame.

  Args:
    content: Content of the file.
    size: (height, width) of the result; None keeps the stored size.
    channels: 1 for luminance (ITU-R 601), 3 for RGB, 4 for RGBA, 0 for 1 if the stored picture is
      grey and 3 otherwise.
    resize: 'crop' cuts out the largest central part with the proportions of `size` and resizes
      it, 'stretch' resizes the whole picture. Both use Pillow's Lanczos filter, which averages
      over all pixels when reducing, weighted by opacity if alpha is kept.

  Returns:
    uint8 [height, width, channels]. With 4 channels, alpha is 255 for pictures without alpha, and
    fully transparent pixels are black.

  Raises:
    Exception: The file is no complete picture; the type is Pillow's choice.
  """
  from PIL import Image, ImageOps

  with Image.open(io.BytesIO(content)) as image:
    # JPEG decoders can halve the size at no cost. Stopping at twice the requested size leaves the
    # last reduction to the better filter below.
    if size:
      image.draft(None, (2 * max(size), 2 * max(size)))
    channels = channels or (1 if image.mode in _GREY else 3)
    image = _to_8_bits(ImageOps.exif_transpose(image))
    image = (image if channels == 4 else _lay_over_white(image)).convert(MODES[channels])
  if size:
    width, height = image.size
    crop_height, crop_width = (
      largest_box((height, width), size) if resize == 'crop' else (height, width)
    )
    left, top = (width - crop_width) // 2, (height - crop_height) // 2
    box = (left, top, left + crop_width, top + crop_height)
    image = image.resize(size[::-1], Image.Resampling.LANCZOS, box=box)
  pixels = np.asarray(image).reshape(*image.size[::-1], channels)
  return np.where(pixels[..., 3:], pixels, 0) if channels == 4 else pixels


def check_header(path: str) -> None:
  """Raises Pillow's error if the file at `path` does not begin like a picture."""
  from PIL import Image

  with tf.io.gfile.GFile(path, 'rb') as file, Image.open(file):
    pass


def _to_8_bits(image: Image) -> Image:
  """Returns an image with 8 bits per channel; raises ValueError if the scale is unknown."""
  from PIL import Image

  if image.mode.startswith('I'):
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
      raise ValueError(f'32-bit values from {values.min()} to {values.max()} have no known scale')
    # 65535 / 257 = 255, and half of 257 rounds to nearest.
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
  if image.mode == 'F':
    raise ValueError('floating-point pixels have no known scale')
  return image


def _lay_over_white(image: Image) -> Image:
  """Lays an image with transparency over white; returns other images unchanged."""
  from PIL import Image

  if not image.has_transparency_data:
    return image
  image = image.convert('RGBA')
  return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
