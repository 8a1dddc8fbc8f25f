"""Pictures of files that have the size of a run, or are resized to it, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import os
from typing import Any

import numpy as np

from tfgan_pipeline.data.folders.decoding import to_pixels
from tfgan_pipeline.data.folders.picture_files import open_picture
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.sampling.sources import Sources

_BATCH = 64


class Pictures:
  """Reads pictures in batches, and passes over what cannot be read.

  Args:
    sources: The files.
    image_shape: (height, width, channels) of the run.
    reading: How the run's own pictures were read, see data/folders/reading.py.
    resize: Whether pictures of other sizes are read as those of the training were; else they are
      refused.

  Attributes:
    broken: Name of each picture that could not be read -> why.
  """

  def __init__(
    self,
    sources: Sources,
    image_shape: Sequence[int],
    reading: Mapping[str, Any],
    *,
    resize: bool = False,
  ):
    self._sources, self._shape = sources, tuple(image_shape)
    self._reading, self._resize = reading, resize
    self.broken: dict[str, str] = {}

  def batches(self) -> Iterator[tuple[list[str], np.ndarray]]:
    """Yields names and pictures, uint8 [n, H, W, C].

    Raises:
      UsageError: A picture has another size, or none can be read.
    """
    names: list[str] = []
    pictures: list[np.ndarray] = []
    for name in self._sources.names:
      pixels = self._read(name)
      if pixels is None:
        continue
      names.append(name)
      pictures.append(pixels)
      if len(names) == _BATCH:
        yield names, np.stack(pictures)
        names, pictures = [], []
    if names:
      yield names, np.stack(pictures)
    if len(self.broken) == len(self._sources.names):
      name, reason = next(iter(self.broken.items()))
      raise UsageError(f'--input={self._sources.root}: {name} cannot be read ({reason})')

  def _read(self, name: str) -> np.ndarray | None:
    *sides, channels = self._shape
    try:
      image = open_picture(os.path.join(self._sources.root, name))
      stored = [image.height, image.width]
      if stored == sides or self._resize:
        return to_pixels(image, size=(sides[0], sides[1]), channels=channels, **self._reading)
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      self.broken[name] = first_line(error)
      return None
    raise UsageError(
      f'--input={self._sources.root}: {name} is {stored[0]}x{stored[1]} pixels, and pictures of '
      f'this run are {sides[0]}x{sides[1]}; --resize cuts and resizes as training did'
    )
