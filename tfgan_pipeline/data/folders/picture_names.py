"""Pictures that tables name by their path, or by the end of it, with or without extension.

names = PictureNames(['train/cat/1.jpg', 'train/dog/2.jpg'])
names.find('cat/1')                # {0}
"""

from __future__ import annotations

from collections.abc import Sequence
import os


class PictureNames:
  """Places of pictures by the names that a table may give them.

  Args:
    names: Paths of the pictures.
  """

  def __init__(self, names: Sequence[str]):
    self._places: dict[str, set[int]] = {}
    for place, name in enumerate(names):
      parts = name.replace(os.sep, '/').split('/')
      for first in range(len(parts)):
        end = '/'.join(parts[first:])
        for key in {end, os.path.splitext(end)[0]}:
          self._places.setdefault(key, set()).add(place)

  def find(self, text: str) -> set[int]:
    """Returns the pictures that a text names, by all of its path or the end of it."""
    parts = text.replace('\\', '/').removeprefix('./').split('/')
    for first in range(len(parts)):
      end = '/'.join(parts[first:])
      for key in (end, os.path.splitext(end)[0]):
        if key in self._places:
          return self._places[key]
    return set()
