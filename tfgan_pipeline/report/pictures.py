"""Pictures of runs, embedded into a page of limited size.

They stand in the page as they are stored, if there is room. Else all are made smaller alike, step
by step: first of losses that the eye hardly sees, then fewer of a run's samples, then fewer pixels.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
import dataclasses
import io
import logging
import os
import re

from tfgan_pipeline.errors import Unreachable, UsageError, first_line
from tfgan_pipeline.report.copies import PerSample
from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs import files

_log = logging.getLogger(__name__)
_SAMPLES = re.compile(r'(.+)-(\d{6,})\.png')
_REALS = re.compile(r'reals(?:-(.+))?\.png')


@dataclasses.dataclass(frozen=True)
class File:
  """A picture that a run has written.

  Attributes:
    path: Path of the file.
    words: What the picture shows, for those who do not see it.
    caption: A line below the picture.
    step: Step of the samples; 0 for real pictures.
  """

  path: str
  words: str
  caption: str
  step: int = 0


@dataclasses.dataclass(frozen=True)
class Picture:
  """A picture in a page: its address, which holds the picture itself, and its size in pixels."""

  address: str
  width: int
  height: int
  words: str
  caption: str
  step: int


@dataclasses.dataclass(frozen=True)
class Album:
  """The pictures of a run, as files or embedded.

  Attributes:
    samples: Pictures of the samples of each task, by step.
    reals: Pictures of real examples.
    copies: The picture of likely copies and worst samples, or none.
  """

  samples: Mapping[str, Sequence[File | Picture]]
  reals: Sequence[File | Picture]
  copies: Sequence[File | Picture]


@dataclasses.dataclass(frozen=True)
class _Rung:
  """A way to embed pictures: at most so many of a task, as WebP of a quality, of some pixels."""

  frames: int
  quality: int = 0  # 0 for the file as it is.
  side: int = 0  # 0 for the size as it is.


_DAMAGED = (OSError, SyntaxError, ValueError)  # A file that is gone or a folder, or no picture.
_LOOKED_AT = 12  # Pictures by which the size of all is estimated.
_LADDER = (
  *(_Rung(25), _Rung(25, 90), _Rung(13, 85), _Rung(13, 80, 1024), _Rung(7, 75, 768)),
  *(_Rung(4, 70, 512), _Rung(2, 60, 384), _Rung(2, 50, 256), _Rung(1, 40, 192)),
)


def album_of(run: RecordedRun, facts: PerSample | None) -> Album:
  """Returns the files of a run's pictures."""
  samples: dict[str, list[File]] = {}
  reals = []
  folder = run.directory.samples
  for name in files.names_in(folder):
    path = os.path.join(folder, name)
    if match := _SAMPLES.fullmatch(name):
      task, step = match[1], int(match[2])
      what = 'samples' if task == 'fakes' else f'outputs of {task}'
      words = f'Grid of {what} of {run.name} at step {step:,}'
      samples.setdefault(task, []).append(File(path, words, f'step {step:,}', step))
    elif match := _REALS.fullmatch(name):
      caption = f'real: {match[1]}' if match[1] else 'real'
      reals.append(File(path, f'Grid of real pictures of the data of {run.name}', caption))
  copies = []
  if facts and facts.picture:
    words = (
      f'Pairs of a sample of {run.name} at step {facts.step:,} and, to its right, the nearest real '
      'picture: the likeliest copies in the upper half, the samples least like any real picture '
      'in the lower half'
    )
    copies = [File(facts.picture, words, 'sample and nearest real picture, in pairs', facts.step)]
  return Album(
    {task: sorted(of, key=lambda f: f.step) for task, of in samples.items()}, reals, copies
  )


def embed(albums: Sequence[Album], room: int) -> tuple[list[Album], str]:
  """Returns the albums with their pictures embedded, and how they were made smaller, or ''.

  Args:
    albums: Albums of files. One that cannot be decoded is left out, with a warning.
    room: Bytes of a page that pictures may take.

  Raises:
    UsageError: The smallest form is still larger.
  """
  contents: dict[str, bytes] = {}
  for rung in _LADDER:
    if _expected(rung, albums, contents) > 1.2 * room:  # Spares the time of embedding them all.
      continue
    embedded = [_at(rung, album, contents) for album in albums]
    if sum(len(picture.address) for album in embedded for picture in _all(album)) <= room:
      return embedded, _told(rung, albums)
  raise UsageError(
    f'--model_dir: the pictures of {len(albums)} runs do not fit into one page; name fewer runs'
  )


def _expected(rung: _Rung, albums: Sequence[Album], contents: dict[str, bytes]) -> float:
  """Returns the bytes that pictures would take, by those of a few of them."""
  chosen = [
    file
    for album in albums
    for found in (*album.samples.values(), album.reals, album.copies)
    for file in _spread(found, rung.frames)
    if isinstance(file, File)
  ]
  few = [_picture(file, rung, contents) for file in chosen[:: len(chosen) // _LOOKED_AT + 1]]
  sizes = [len(picture.address) for picture in few if picture]
  return len(chosen) * sum(sizes) / max(len(sizes), 1)


def _all(album: Album) -> list[Picture]:
  found = [*(p for of in album.samples.values() for p in of), *album.reals, *album.copies]
  return [picture for picture in found if isinstance(picture, Picture)]


def _told(rung: _Rung, albums: Sequence[Album]) -> str:
  parts = []
  if any(len(of) > rung.frames for album in albums for of in album.samples.values()):
    parts.append(f'{rung.frames} steps of each task are shown')
  if rung.quality:
    parts.append(f'pictures are WebP of quality {rung.quality}')
  if rung.side:
    parts.append(f'of at most {rung.side} pixels a side')
  return (
    f'To keep the page small, {", ".join(parts)}; the folders samples/ have all.' if parts else ''
  )


def _at(rung: _Rung, album: Album, contents: dict[str, bytes]) -> Album:
  """Returns an album with its pictures embedded in the way of a rung."""

  def embedded(found: Sequence[File | Picture]) -> list[File | Picture]:
    pictures = [_picture(file, rung, contents) for file in found if isinstance(file, File)]
    return [picture for picture in pictures if picture]

  samples = {task: embedded(_spread(of, rung.frames)) for task, of in album.samples.items()}
  return Album(
    {task: of for task, of in samples.items() if of}, embedded(album.reals), embedded(album.copies)
  )


def _spread(found: Sequence[File | Picture], count: int) -> list[File | Picture]:
  """Returns at most `count` of some pictures, evenly spread, the last one among them."""
  if len(found) <= count:
    return list(found)
  last = len(found) - 1
  return [found[last - round(index * last / max(count - 1, 1))] for index in range(count)][::-1]


def _picture(file: File, rung: _Rung, contents: dict[str, bytes]) -> Picture | None:
  from PIL import Image, UnidentifiedImageError  # Slow to load.

  is_new = file.path not in contents
  try:
    if is_new:
      contents[file.path] = files.read_bytes(file.path)
    content, kind = contents[file.path], 'png'
    with Image.open(io.BytesIO(content)) as image:
      image.load()
      if rung.side:
        image.thumbnail((rung.side, rung.side))
      if rung.quality:
        stream, kind = io.BytesIO(), 'webp'
        image.save(stream, 'WEBP', quality=rung.quality)
        content = stream.getvalue()
      width, height = image.size
  except (Unreachable, UsageError):
    raise
  except (UnidentifiedImageError, Image.DecompressionBombError, *_DAMAGED) as error:
    if is_new or contents[file.path]:  # Told once.
      reason = getattr(error, 'strerror', None) or first_line(error)
      _log.warning('%s: cannot be decoded (%s); left out', file.path, reason)
    contents[file.path] = b''
    return None
  address = f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
  return Picture(address, width, height, file.words, file.caption, file.step)
