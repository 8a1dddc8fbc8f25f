"""Any picture file as a uint8 array of one shape, by means of Pillow.

    image = read_picture(path, size=64, channels=3, resize='crop')      # uint8 [64, 64, 3]

Pillow is imported on first use.
"""

from __future__ import annotations

import io

import numpy as np

from tfgan_pipeline.compat import tf

EXTENSIONS = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.gif', '.tif', '.tiff')
RESIZES = ('crop', 'stretch')
_GREY = ('1', 'L', 'LA', 'La', 'I', 'I;16', 'I;16B', 'I;16L', 'I;16N')  # Pillow's modes.


def read_picture(path: str, *, size: int, channels: int, resize: str) -> np.ndarray:
  """Decodes a picture the way a person sees it.

  Orientation tags are obeyed, transparency is laid over white, 16-bit greys are scaled to 8 bits,
  and CMYK, palette and other colour models become RGB. Of animations, the first frame counts.

  Args:
    path: A file, `gs://` too.
    size: Height and width of the result; 0 keeps what is stored.
    channels: 1 for luminance (ITU-R 601), 3 for RGB, 0 for what is stored: 1 if that is grey.
    resize: 'crop' to the largest central square and then resize, or 'stretch' without cropping;
      either with Pillow's Lanczos filter, which averages over all pixels when reducing.

  Returns:
    uint8 [size, size, channels], or of the stored height and width.

  Raises:
    Exception: Of whatever kind Pillow chooses, for a file that is not a whole picture.
  """
  from PIL import Image, ImageOps

  with tf.io.gfile.GFile(path, 'rb') as file:
    content = file.read()
  with Image.open(io.BytesIO(content)) as image:
    # JPEG decoders can halve the size for free; stop at twice ours, to leave the filter its work.
    if size:
      image.draft(None, (2 * size, 2 * size))
    channels = channels or (1 if image.mode in _GREY else 3)
    image = _opaque(ImageOps.exif_transpose(image)).convert('L' if channels == 1 else 'RGB')
  width, height = image.size
  if not size:
    return np.asarray(image).reshape(height, width, channels)
  side = min(width, height)
  left, top = (width - side) // 2, (height - side) // 2
  box = (left, top, left + side, top + side) if resize == 'crop' else (0, 0, width, height)
  image = image.resize((size, size), Image.Resampling.LANCZOS, box=box)
  return np.asarray(image).reshape(size, size, channels)


def check_header(path: str) -> None:
  """Raises what Pillow raises when `path` does not even begin like a picture."""
  from PIL import Image

  with tf.io.gfile.GFile(path, 'rb') as file, Image.open(file):
    pass


def _opaque(image):
  """An image without transparency and with 8 bits per channel, in whatever colour model."""
  from PIL import Image

  if image.mode.startswith('I'):
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
      raise ValueError(f'32-bit values from {values.min()} to {values.max()} have no known scale')
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
  if image.mode == 'F':
    raise ValueError('floating-point pixels have no known scale')
  if not image.has_transparency_data:
    return image
  image = image.convert('RGBA')
  return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
