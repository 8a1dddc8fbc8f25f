"""Sizes of images as arguments of components: one number for a square, or (height, width).

height, width = height_and_width(size, "dataset 'digits'", at_least=8)
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from tfgan_pipeline.errors import UsageError

_DRAWN = 2**22  # Pixels of all tiles of a grid: 64 of 256x256, 16 of 512x512, 4 of 1024x1024.
# Pixels of pictures that are made together, whatever the batch of training: 64 of 128x128, which
# fit wherever a network is trained.
_TOGETHER = 2**20


def height_and_width(
  size: int | tuple[int, int], where: str, *, at_least: int = 1
) -> tuple[int, int]:
  """Returns (height, width) of a size that may be one number.

  Args:
    size: One number for both sides, or (height, width).
    where: Start of the error message, such as "dataset 'digits'"; may be empty.
    at_least: Smallest number of pixels allowed for a side.

  Raises:
    UsageError: A side is smaller than `at_least`.
  """
  height, width = (size, size) if isinstance(size, int) else size
  if min(height, width) < at_least:
    rule = f'at least {at_least}, or (height, width) of at least {at_least} each'
    raise UsageError(f'{where}: size={size} should be {rule}'.removeprefix(': '))
  return height, width


def tiles(shape: Sequence[int], most: int) -> int:
  """Returns how many pictures to draw in a grid: a square number, fewer as pictures grow.

  Args:
    shape: (height, width, channels) of one picture.
    most: Number of small pictures.
  """
  pixels = math.prod(shape[:2])
  return most if most * pixels <= _DRAWN else max(1, math.isqrt(_DRAWN // pixels)) ** 2


def batch_size(shape: Sequence[int], most: int, trained: int) -> int:
  """Returns how many pictures to make together: at most the batch of training if they are large.

  Args:
    shape: (height, width, channels) of one picture.
    most: Number of small pictures.
    trained: Number of pictures in a training step, which are known to fit into memory.
  """
  return most if most * math.prod(shape[:2]) <= _TOGETHER else min(most, trained)


def size_text(size: tuple[int, int]) -> str:
  """Formats (height, width) for fingerprints: '64' for a square, '64x128' otherwise."""
  height, width = size
  return str(height) if height == width else f'{height}x{width}'


def largest_box(stored: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
  """Returns (height, width) of the largest part of a picture with given proportions.

  Args:
    stored: (height, width) of the picture.
    wanted: (height, width) whose proportions the part should have, to within a pixel.

  Returns:
    (height, width) of the part; one of them equals the picture's.
  """
  height, width = stored
  ratio_height, ratio_width = wanted
  return max(1, min(height, width * ratio_height // ratio_width)), max(
    1, min(width, height * ratio_width // ratio_height)
  )
