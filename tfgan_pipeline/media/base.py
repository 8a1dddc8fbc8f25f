"""Media: how samples of one kind are stored, computed with, drawn and written.

    medium = registry.medium.build('image')
    values = medium.to_device(stored)            # float32 in [-1, 1], for networks
    picture = medium.picture(medium.to_stored(values).numpy())

Each medium has a file in this folder. A field of a dataset names its medium: data/fields.py.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.compat import tf


class Medium(abc.ABC):
  """A kind of samples: storage, conversion for networks, drawing and files.

  Attributes:
    call: Call string that the medium was built from, for records; set by data/fields.py.
    extension: Extension of a file with one sample, such as '.png'.
    is_picture: Whether samples are pictures uint8 [H, W, C], which can be augmented.
  """

  call = ''
  extension: str
  is_picture = False

  def __eq__(self, other: object) -> bool:
    return type(self) is type(other) and isinstance(other, Medium) and self.call == other.call

  def __hash__(self) -> int:
    return hash((type(self), self.call))

  @abc.abstractmethod
  def to_device(self, stored: tf.Tensor) -> tf.Tensor:
    """Converts stored samples [n, ...] to network inputs, float32 [n, ...] in [-1, 1]."""

  @abc.abstractmethod
  def to_stored(self, values: tf.Tensor) -> tf.Tensor:
    """Converts network outputs, float [n, ...] in [-1, 1], to stored samples [n, ...]."""

  @abc.abstractmethod
  def grid_size(self, shape: Sequence[int]) -> int:
    """Returns how many samples, each of `shape` without batch axis, one picture shows."""

  @abc.abstractmethod
  def picture(self, samples: np.ndarray, *, columns: int = 0) -> np.ndarray:
    """Draws stored samples [N, ...] as one picture uint8 [H, W, C] with C of 1, 3 or 4.

    Args:
      samples: Stored samples.
      columns: Samples per row, for media drawn in a grid; 0 lets the medium choose.
    """

  @abc.abstractmethod
  def encode(self, sample: np.ndarray) -> bytes:
    """Encodes one stored sample as the content of a file."""

  def shows(self, content: bytes, sample: np.ndarray) -> bool:
    """Returns whether a file's content, which `encode` may have written, is of a stored sample."""
    return content == self.encode(sample)

  def beside(self, sample: np.ndarray) -> dict[str, bytes]:
    """Returns further files of one stored sample by extension, such as how it sounds."""
    del sample
    return {}

  def sound(self, sample: np.ndarray) -> bytes:
    """Returns how a stored sample begins to sound, as a WAV file; b'' if it makes no sound."""
    del sample
    return b''

  def coordinates(self, samples: np.ndarray) -> np.ndarray:
    """Returns stored samples as numbers [N, ...] whose variance has a meaning.

    Samples that are numbers already, such as pixels, are returned unchanged; a point stored as
    bytes becomes its two coordinates.
    """
    return samples
