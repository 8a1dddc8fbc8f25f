"""Preparation of uint8 images for a pretrained network: channels, size, range.

    prepare = Preprocessing(size=299, resize='tf1', subtract=128, divide=128)
    inputs = prepare(images)             # uint8 [n, H, W, C] -> float32 [n, 299, 299, 3]

The method of resizing changes scores as much as many a better model does, so each of these choices
is part of an extractor's fingerprint.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width
from tfgan_pipeline.metrics.images.transparency import over_white


def tf1_bilinear(images: tf.Tensor, height: int, width: int) -> tf.Tensor:
  """Resizes images bilinearly as TensorFlow 1 did and as Inception's scores are defined with.

  Output pixel i lies at i * (input size / output size): `align_corners=False`, corners of pixels on
  corners, no half-pixel centres, no smoothing when shrinking. `tf.image.resize` puts centres on
  centres, which makes another metric. The results are those of
  `tf.compat.v1.image.resize(images, [height, width])` on a CPU, to the bit. They come from two
  lookups and arithmetic, so that no device and no compiler has a method of its own for them.

  Args:
    images: Any real dtype, [n, H, W, C], H, W and C static.
    height: Rows of the result.
    width: Columns of the result.

  Returns:
    float32 [n, height, width, C].
  """
  left, right, across = _neighbours(images.shape[2], width)
  top, bottom, down = _neighbours(images.shape[1], height)
  # Columns first and both as `a + (b - a) * t`, like the original: the rounding is then the same.
  across, down = across[:, None], down[:, None, None]
  images = tf.cast(images, tf.float32)
  wide = _lerp(tf.gather(images, left, axis=2), tf.gather(images, right, axis=2), across)
  return _lerp(tf.gather(wide, top, axis=1), tf.gather(wide, bottom, axis=1), down)


def _lerp(one: tf.Tensor, other: tf.Tensor, share: np.ndarray) -> tf.Tensor:
  return one + (other - one) * share


def _neighbours(size: int, new_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Returns indices below and above each output pixel, and its place between in [0, 1)."""
  position = np.arange(new_size, dtype=np.float32) * (np.float32(size) / np.float32(new_size))
  below = np.floor(position)
  above = np.minimum(below + 1, size - 1)
  return below.astype(np.int32), above.astype(np.int32), position - below


_RESIZES = {
  'tf1': tf1_bilinear,
  'bilinear': lambda images, *size: tf.image.resize(images, size),
  'antialias': lambda images, *size: tf.image.resize(images, size, antialias=True),
  'bicubic': lambda images, *size: tf.image.resize(images, size, 'bicubic', antialias=True),
}


@dataclasses.dataclass(frozen=True)
class Preprocessing:
  """Recipe that turns images into the input of a network.

  Attributes:
    size: Pixels a side of the network's input, or (height, width), to which images of other
      proportions are stretched; 0 keeps the images' own.
    resize: 'tf1', see tf1_bilinear; or `tf.image.resize` with its half-pixel centres as
      'bilinear', 'antialias' (bilinear, smoothing when shrinking) or 'bicubic' (smoothing when
      shrinking).
    subtract: Number subtracted from the values 0 to 255.
    divide: Number that the differences are divided by.
    channels: 3 repeats a grey channel three times and lays RGBA over white; 0 keeps the images'
      own.

  Raises:
    UsageError: There is no such resize, or a size that is negative.
  """

  size: int | tuple[int, int] = 0
  resize: str = 'tf1'
  subtract: float = 0.0
  divide: float = 1.0
  channels: int = 3

  def __post_init__(self) -> None:
    if self.resize not in _RESIZES:
      raise UsageError(f'resize={self.resize}: there are {", ".join(_RESIZES)}')
    if isinstance(self.size, int) and self.size < 0:
      raise UsageError(f'size={self.size}: should be at least 0')
    _ = self.sides  # Raises UsageError for a bad size.

  @property
  def sides(self) -> tuple[int, int] | None:
    """Height and width of the network's input; None for the images' own."""
    return height_and_width(self.size, '') if self.size else None

  def __str__(self) -> str:
    """Returns the recipe as text, for records and fingerprints."""
    steps = [f'{self.channels} channels'] if self.channels else []
    steps += [f'{self.resize} to {"x".join(map(str, self.sides))}'] if self.sides else []
    return ', '.join([*steps, f'(x - {float(self.subtract)!r}) / {float(self.divide)!r}'])

  def __call__(self, images: tf.Tensor) -> tf.Tensor:
    """Returns uint8 [n, H, W, C] as float32 [n, *sides, channels]; works in graphs as well.

    Raises:
      UsageError: The images' channels cannot become the network's.
    """
    channels = images.shape[-1]
    images = tf.cast(images, tf.float32)
    if (channels, self.channels) == (4, 3):
      images, channels = over_white(images), 3
    if self.channels and channels not in (1, self.channels):
      raise UsageError(f'it takes images of 1 or {self.channels} channels, these have {channels}')
    if self.sides and tuple(images.shape[1:3]) != self.sides:
      images = _RESIZES[self.resize](images, *self.sides)
    if self.channels and channels == 1:
      images = tf.repeat(images, self.channels, axis=-1)
    return (images - self.subtract) / self.divide
