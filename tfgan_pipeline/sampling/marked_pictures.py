"""PNG files that say what they were made of, so that they need not be made again.

content = encode(pixels, mark='0a1b2c')
mark_of('/tmp/out/cat.png')        # '0a1b2c'; '' for a picture of another program
"""

from __future__ import annotations

import io

import numpy as np

from tfgan_pipeline.runs import files

_KEY = 'tfgan-translate'  # Of a text in the PNG's head.
_HEAD = 4096  # Bytes that have the text, which stands before the pixels.


def encode(pixels: np.ndarray, mark: str) -> bytes:
  """Encodes a picture uint8 [H, W, C], of 1 to 4 channels, as a PNG file with a mark.

  Two channels are grey and alpha.
  """
  from PIL import Image
  from PIL.PngImagePlugin import PngInfo

  info = PngInfo()
  info.add_text(_KEY, mark)
  stream = io.BytesIO()
  Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(
    stream, 'PNG', pnginfo=info
  )
  return stream.getvalue()


def mark_of(path: str) -> str:
  """Returns the mark of a PNG file at `path`, which may be gs://; '' for a file without one."""
  head = next(files.blocks(path, _HEAD), b'')
  start = head.find(b'tEXt' + _KEY.encode() + b'\0')
  if start < 4:
    return ''
  size = int.from_bytes(head[start - 4 : start], 'big') - len(_KEY) - 1
  start += 4 + len(_KEY) + 1
  return head[start : start + size].decode('latin-1')
