"""Opening of picture files by their content, with whatever Pillow reads.

    image = open_picture('/pictures/without_extension')     # a PIL image, upright and loaded

Pillow is imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
import io
import os
from typing import IO, TYPE_CHECKING

from tfgan_pipeline.data.folders.find_files import find_files
from tfgan_pipeline.data.splits.files import open_file
from tfgan_pipeline.errors import UsageError

if TYPE_CHECKING:
  from PIL.Image import Image, Transpose

# Pillow's own limit, above which it takes a file for a decompression bomb; kept where a program has
# lifted Pillow's. A picture of this size takes 0.7 GB as RGBA.
MAX_PIXELS = 178_956_970

# EPS is a program, which Ghostscript would run; Pillow reads the others only with a plug-in.
_NOT_READ = ('EPS', 'BUFR', 'GRIB', 'HDF5', 'MPEG', 'WMF')
_PNG = b'\x89PNG\r\n\x1a\n'
_PNG_TEXTS = (b'tEXt', b'zTXt', b'iTXt', b'iCCP')  # Chunks without influence on decoded pixels.
_ORIENTATION = 0x0112  # Tag of EXIF.


class NoPicture(ValueError):
  """A file whose content is of no format that is read."""


def open_picture(path: str) -> Image:
  """Opens, decodes and turns upright a picture; its attribute `format` is kept.

  The format follows from the content; formats without a signature, such as TGA, from the extension
  as well. An orientation that cannot be read counts as none. Text in a PNG that Pillow finds too
  long is left out.

  Args:
    path: Path of the file; may be gs://.

  Raises:
    NoPicture: The content is of no format that is read.
    Exception: The file is no complete picture; the type is Pillow's choice.
  """
  with open_file(path) as file:
    if '://' in path:  # Pillow reads in small pieces.
      file = io.BytesIO(file.read())
    return open_content(file, path)


def open_content(file: IO[bytes], path: str = '') -> Image:
  """Opens a picture like open_picture, from an open file; `path` helps to find the format."""
  formats = _formats_of(file.read(32), path)  # Longer than any signature.
  file.seek(0)
  try:
    return _load(file, formats)
  except (MemoryError, NoPicture):
    raise
  except Exception:
    file.seek(0)
    content = _without_texts(file) if formats == ['PNG'] else None
    if content is None:
      raise
  return _load(io.BytesIO(content), formats)


def picture_names(root: str, flag: str) -> list[str]:
  """Returns the sorted paths, relative to `root`, of all files that begin like pictures.

  Args:
    root: Folder of the pictures; may be gs://.
    flag: Flag that named the folder, for messages.

  Raises:
    UsageError: `root` is no folder, or has no pictures.
  """
  names = [name for name in find_files(root, flag).names if is_picture(os.path.join(root, name))]
  if not names:
    raise UsageError(f'{flag}={root}: no pictures in it')
  return names


def is_picture(path: str) -> bool:
  """Returns whether a file can be read and begins like a picture."""
  try:
    with open_file(path) as file:
      return bool(_formats_of(file.read(32), path))
  except Exception:  # A missing file, and signatures that Pillow finds wrong.
    return False


def is_named_like_picture(name: str) -> bool:
  """Returns whether a name has the extension of a format that is read, or none."""
  from PIL import Image

  tests, others = _formats()
  extension = os.path.splitext(name)[1].lower()
  format = Image.registered_extensions().get(extension)
  return not extension or format in tests or extension in others


@functools.cache
def _formats() -> tuple[dict[str, Callable[[bytes], bool | str]], dict[str, str]]:
  """Returns Pillow's formats with a signature and their tests, and extension -> other format."""
  from PIL import Image

  Image.init()
  tests = {
    name: accept
    for name, (_, accept) in Image.OPEN.items()
    if accept is not None and name not in _NOT_READ
  }
  extensions = Image.registered_extensions().items()
  others = {
    extension: name
    for extension, name in extensions
    if name in Image.OPEN and name not in tests and name not in _NOT_READ
  }
  return tests, others


def _formats_of(start: bytes, path: str) -> list[str]:
  """Returns the formats that a file may have by its first bytes; raises NoPicture if none."""
  tests, others = _formats()
  found = []
  for name, accept in tests.items():
    try:
      answer = accept(start)
    except Exception:  # The file is shorter than the signature.
      continue
    if isinstance(answer, str):  # Why the installed Pillow cannot read this format.
      raise ValueError(answer)
    if answer:
      found.append(name)
  extension = os.path.splitext(path)[1].lower()
  if extension in others:  # First, as other formats have signatures of two or three bytes.
    found.insert(0, others[extension])
  if not found:
    raise NoPicture('EPS is a program' if start.startswith(b'%!PS') else 'no picture')
  return found


def _load(file: IO[bytes], formats: list[str]) -> Image:
  from PIL import Image, UnidentifiedImageError

  try:
    image = Image.open(file, formats=formats)
  except UnidentifiedImageError:  # Its message has an address in memory.
    raise NoPicture('no picture') from None
  if image.width * image.height > MAX_PIXELS:
    raise ValueError(f'{image.width} x {image.height} pixels are more than {MAX_PIXELS:,}')
  image.load()
  kind = image.format
  try:
    method = _turns()[image.getexif()[_ORIENTATION]]
  except Exception:  # No tag, or damaged metadata, of which Pillow says so in a dozen ways.
    method = None
  if method is not None:
    image = image.transpose(method)
    image.format = kind
  return image


@functools.cache
def _turns() -> dict[int, Transpose]:
  """Returns the transpositions by which pictures with an EXIF orientation become upright."""
  from PIL.Image import Transpose

  return {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
  }


def _without_texts(file: IO[bytes]) -> bytes | None:
  """Returns a PNG without its chunks of text; None if it has none."""
  content = file.read()
  if not content.startswith(_PNG):
    return None
  kept, place = [_PNG], len(_PNG)
  while place < len(content):  # A chunk: its length, 4 bytes of type, content, 4 bytes of checksum.
    end = place + 12 + int.from_bytes(content[place : place + 4], 'big')
    if content[place + 4 : place + 8] not in _PNG_TEXTS:
      kept.append(content[place:end])
    place = end
  shorter = b''.join(kept)
  return shorter if len(shorter) < len(content) else None
