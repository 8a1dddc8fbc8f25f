"""Animated pictures: GIF files by Pillow, and MP4 files where imageio and ffmpeg are installed.

write('/tmp/film.gif', frames, rate=12)           # frames uint8 [H, W, 1 or 3]
"""

from __future__ import annotations

from collections.abc import Iterable
import importlib
import importlib.util
import io
import itertools
import os
import tempfile

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import atomic_files

EXTENSIONS = ('.gif', '.mp4')


def is_animation(path: str) -> bool:
  """Returns whether a path has the extension of an animation."""
  return os.path.splitext(path)[1].lower() in EXTENSIONS


def require_writer(path: str) -> None:
  """Raises UsageError if the packages that write the animation --output=`path` are missing."""
  if os.path.splitext(path)[1].lower() != '.mp4':
    return
  for name in ('imageio', 'imageio_ffmpeg'):
    if importlib.util.find_spec(name) is None:
      raise UsageError(
        f'--output={path}: MP4 needs {name}: pip install "tfgan-pipeline[video]"; .gif needs none'
      )


def write(path: str, frames: Iterable[np.ndarray], *, rate: float = 12.0) -> int:
  """Writes frames as a GIF that repeats for ever, or as an MP4; returns the number of frames.

  Args:
    path: The file, .gif or .mp4; may be gs://.
    frames: Pictures uint8 [H, W, C] of one size, C of 1, 3 or 4; alpha is laid over white.
    rate: Frames in a second.

  Raises:
    UsageError: The packages for MP4 are missing.
    WriteError: The file cannot be written.
  """
  require_writer(path)
  pictures = map(_rgb, frames)
  encode = _mp4 if path.lower().endswith('.mp4') else _gif
  content, count = encode(pictures, rate)
  with atomic_files.writing(path):
    atomic_files.write(path, content)
  return count


def _rgb(frame: np.ndarray) -> np.ndarray:
  """Returns a frame as uint8 [H, W, 3]."""
  if frame.shape[2] == 4:
    alpha = frame[..., 3:].astype(np.float32) / 255
    frame = np.rint(frame[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
  return np.repeat(frame, 3, axis=2) if frame.shape[2] == 1 else frame


def _gif(frames: Iterable[np.ndarray], rate: float) -> tuple[bytes, int]:
  from PIL import Image

  count = itertools.count()
  images = (Image.fromarray(frame) for frame, _ in zip(frames, count))
  stream = io.BytesIO()
  first = next(images)
  # Whole hundredths of a second, as the format has them; below two, viewers take ten.
  duration = 10 * max(2, round(100 / rate))
  first.save(stream, 'GIF', save_all=True, append_images=images, duration=duration, loop=0)
  return stream.getvalue(), next(count)


def _mp4(frames: Iterable[np.ndarray], rate: float) -> tuple[bytes, int]:
  imageio = importlib.import_module('imageio.v2')
  count = 0
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'film.mp4')
    with imageio.get_writer(path, fps=rate, macro_block_size=1) as writer:
      for frame in frames:
        height, width = frame.shape[:2]  # H.264 wants even sides.
        writer.append_data(np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), 'edge'))
        count += 1
    with open(path, 'rb') as file:
      return file.read(), count
