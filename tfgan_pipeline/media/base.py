"""Media: how samples of one kind are stored, computed with, drawn and written.

    medium = registry.medium.build('image')
    values = medium.to_device(stored)            # float32 in [-1, 1], what networks see
    picture = medium.picture(medium.to_stored(values).numpy())

A medium is one file of this folder. Fields of data name theirs, see data/fields.py.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.compat import tf


class Medium(abc.ABC):
  """A kind of samples.

  Attributes:
    call: The call string that it was built from, which records keep; see data/fields.py.
    extension: Of a file with one sample, such as '.png'.
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
    """Converts stored samples [n, ...] to the float32 [n, ...] in [-1, 1] that networks read."""

  @abc.abstractmethod
  def to_stored(self, values: tf.Tensor) -> tf.Tensor:
    """Converts what networks make, float [n, ...] in [-1, 1], to samples as they are stored."""

  @abc.abstractmethod
  def grid_size(self, shape: Sequence[int]) -> int:
    """Returns how many samples of a shape are drawn in one picture."""

  @abc.abstractmethod
  def picture(self, samples: np.ndarray, *, columns: int = 0) -> np.ndarray:
    """Draws stored samples [N, ...] as one picture uint8 [H, W, 1, 3 or 4].

    Args:
      samples: As they are stored.
      columns: How many stand side by side, where they do; 0 leaves it to the medium.
    """

  @abc.abstractmethod
  def encode(self, sample: np.ndarray) -> bytes:
    """Returns the content of a file with one stored sample."""

  def coordinates(self, samples: np.ndarray) -> np.ndarray:
    """Returns numbers [N, ...] of stored samples, whose variance says how diverse they are."""
    return samples
