"""Any picture file as a uint8 array of one shape, by means of Pillow.

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
  """Decodes a picture the way a person sees it.

  Orientation tags are obeyed, transparency is laid over white unless it is asked for, 16-bit greys
  are scaled to 8 bits, and CMYK, palette and other colour models become RGB. Of animations, the
  first frame counts.

  Args:
    path: A file, `gs://` too.
    size: (height, width) of the result; None keeps what is stored.
    channels: 1 for luminance (ITU-R 601), 3 for RGB, 4 for RGBA, 0 for what is stored: 1 if that is
      grey, else 3.
    resize: 'crop' to the largest central part of the proportions of `size` and then resize, or
      'stretch' without cropping; either with Pillow's Lanczos filter, which averages over all
      pixels when reducing, by their opacity if that is kept.

  Returns:
    uint8 [height, width, channels]. Alpha is 255 where a picture has none; what is fully
    transparent is black.

  Raises:
    Exception: Of whatever kind Pillow chooses, for a file that is not a whole picture.
  """
  from PIL import Image, ImageOps

  with tf.io.gfile.GFile(path, 'rb') as file:
    content = file.read()
  with Image.open(io.BytesIO(content)) as image:
    # JPEG decoders can halve the size for free; stop at twice ours, to leave the filter its work.
    if size:
      image.draft(None, (2 * max(size), 2 * max(size)))
    channels = channels or (1 if image.mode in _GREY else 3)
    image = _of_bytes(ImageOps.exif_transpose(image))
    image = (image if channels == 4 else _opaque(image)).convert(MODES[channels])
  if size:
    width, height = image.size
    tall, wide = largest_box((height, width), size) if resize == 'crop' else (height, width)
    left, top = (width - wide) // 2, (height - tall) // 2
    box = (left, top, left + wide, top + tall)
    image = image.resize(size[::-1], Image.Resampling.LANCZOS, box=box)
  pixels = np.asarray(image).reshape(*image.size[::-1], channels)
  return np.where(pixels[..., 3:], pixels, 0) if channels == 4 else pixels


def check_header(path: str) -> None:
  """Raises what Pillow raises when `path` does not even begin like a picture."""
  from PIL import Image

  with tf.io.gfile.GFile(path, 'rb') as file, Image.open(file):
    pass


def _of_bytes(image: Image) -> Image:
  """An image with 8 bits per channel, in whatever colour model."""
  from PIL import Image

  if image.mode.startswith('I'):
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
      raise ValueError(f'32-bit values from {values.min()} to {values.max()} have no known scale')
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
  if image.mode == 'F':
    raise ValueError('floating-point pixels have no known scale')
  return image


def _opaque(image: Image) -> Image:
  """An image without transparency, which is laid over white."""
  from PIL import Image

  if not image.has_transparency_data:
    return image
  image = image.convert('RGBA')
  return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
