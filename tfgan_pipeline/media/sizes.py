"""Sizes of images as arguments of components: one number for a square, or (height, width).

height, width = height_and_width(size, "dataset 'digits'", at_least=8)
"""

from __future__ import annotations

from tfgan_pipeline.errors import UsageError


def height_and_width(
  size: int | tuple[int, int], where: str, *, at_least: int = 1
) -> tuple[int, int]:
  """(height, width) of a size.

  Args:
    size: One number for both, or (height, width).
    where: What a message starts with, such as "dataset 'digits'"; may be empty.
    at_least: The fewest pixels of either side.

  Raises:
    UsageError: A side has fewer.
  """
  height, width = (size, size) if isinstance(size, int) else size
  if min(height, width) < at_least:
    rule = f'at least {at_least}, or (height, width) of at least {at_least} each'
    raise UsageError(f'{where}: size={size} should be {rule}'.removeprefix(': '))
  return height, width


def size_text(size: tuple[int, int]) -> str:
  """A size (height, width) in fingerprints: '64' of a square, or '64x128'."""
  height, width = size
  return str(height) if height == width else f'{height}x{width}'


def largest_box(stored: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
  """The sides of the largest part of a picture that has the proportions of a size.

  Args:
    stored: (height, width) of the picture.
    wanted: (height, width) whose proportions the part should have, to within a pixel.

  Returns:
    (height, width) of the part, one of which is the picture's.
  """
  height, width = stored
  tall, wide = wanted
  return max(1, min(height, width * tall // wide)), max(1, min(width, height * wide // tall))
