"""Translation of many pictures into a folder, as tfgan-translate does; goes on where it stopped.

sources = find_sources('/data/sketches', '/tmp/paintings')
summary = translate_pictures(AnySize(translator), sources, '/tmp/paintings', ...)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
import json
import logging
import os
import re
from typing import Any

import numpy as np

from tfgan_pipeline.data.folders.decoding import to_pixels
from tfgan_pipeline.data.folders.picture_files import open_picture, picture_names
from tfgan_pipeline.errors import Interrupted, Unreachable, UsageError, first_line
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.digests import digest, digest_of_files
from tfgan_pipeline.sampling.any_size import AnySize
from tfgan_pipeline.sampling.marked_pictures import encode, mark_of
from tfgan_pipeline.sampling.translation import output_names, refuse_overlap
from tfgan_pipeline.writers.progress_bar import bar_type

_log = logging.getLogger(__name__)
_REPORT_EVERY = 100  # Pictures, where there is no progress bar.


@dataclasses.dataclass(frozen=True)
class Sources:
  """Pictures to translate.

  Attributes:
    root: Folder that names are relative to.
    names: Sorted names, such as 'cats/1.jpg'.
  """

  root: str
  names: list[str]


@dataclasses.dataclass
class Summary:
  """Numbers of pictures that a translation made and left as they were.

  Attributes:
    made: Number of outputs that were written.
    there: Number of outputs that were there already.
    broken: Name of each picture that could not be read -> why.
  """

  made: int = 0
  there: int = 0
  broken: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Picture:
  number: int
  name: str
  pixels: np.ndarray
  alpha: np.ndarray | None


def find_sources(path: str, output_dir: str) -> Sources:
  """Finds pictures in a folder, or those that a pattern with *, ? and [...] matches, or one file.

  Folders are searched with all folders in them. Files that are no pictures are left out, but for
  those with a picture's extension, which count as broken.

  Args:
    path: The value of --input; may be gs://.
    output_dir: Folder of the outputs, which may not be in a folder of pictures, nor around it.

  Raises:
    UsageError: There is no picture, or the folders overlap.
  """
  if files.is_folder(path):
    refuse_overlap(path, output_dir, '--output_dir', '--input')
    return Sources(path, picture_names(path, '--input', broken=True))
  if files.exists(path):
    return Sources(os.path.dirname(path), [os.path.basename(path)])
  found = files.matches(path) if set('*?[') & set(path) else []
  if not found:
    raise UsageError(f'--input={path}: no picture there')
  root = os.path.dirname(re.split(r'[*?[]', path)[0])
  names = []
  for match in found:
    name = os.path.relpath(match, root or '.') if files.is_local(match) else match[len(root) + 1 :]
    if files.is_folder(match):
      names += [os.path.join(name, part) for part in picture_names(match, '--input', broken=True)]
    else:
      names.append(name)
  return Sources(root, sorted(set(names)))


def translate_pictures(
  whole: AnySize,
  sources: Sources,
  output_dir: str,
  *,
  size: str = 'stored',
  reading: Mapping[str, Any],
  settings: Mapping[str, Any],
) -> Summary:
  """Writes the output of each picture as a PNG file under its name; passes over broken pictures.

  A PNG file notes what it was made of; one that is there and was made of equal things is left, and
  one made of other things is made again.

  Args:
    whole: The translator, of which `seed` is that of `settings`.
    sources: The pictures.
    output_dir: Folder of the outputs; may be gs://.
    size: 'stored' for pictures as they are, or 'trained' for pictures resized as in training.
    reading: How the run's own pictures were read, see data/folders/reading.py.
    settings: All that outputs depend on besides the picture.

  Raises:
    UsageError: An output has the name of a picture of another program, or of another output.
    Interrupted: A signal came; pictures up to then are written.
    WriteError: An output cannot be written.
  """
  targets = output_names(sources.names, f'--input={sources.root}', '.png')
  marks = _Marks(whole, sources, {**settings, 'size': size})
  todo, summary = [], Summary()
  for number, name in enumerate(sources.names):
    path = os.path.join(output_dir, targets[name])
    mark = mark_of(path) if files.exists(path) else None
    if mark == '':
      raise UsageError(
        f'--output_dir={output_dir}: {targets[name]} is there, and not of tfgan-translate; take '
        'another folder'
      )
    if mark and mark == marks.of(number, name):
      summary.there += 1
    else:
      todo.append((number, name))
  if summary.there:
    _log.info('%s: %d of %d pictures are there', output_dir, summary.there, len(sources.names))
  for folder in {os.path.dirname(os.path.join(output_dir, targets[name])) for _, name in todo}:
    with atomic_files.writing(folder):
      files.make_folder(folder)
      atomic_files.remove_leftovers(folder)
  with StopRequest() as stop, _Progress(len(todo)) as progress:
    for group in _groups(_read(whole, sources.root, todo, size, reading, summary), whole):
      outputs = whole.translate([(picture.number, picture.pixels) for picture in group])
      for picture, output in zip(group, outputs):
        path = os.path.join(output_dir, targets[picture.name])
        content = encode(_with_alpha(output, picture.alpha), marks.of(picture.number, picture.name))
        with atomic_files.writing(path):
          atomic_files.write(path, content, durable=False)
        summary.made += 1
      progress.move_to(summary.made + len(summary.broken))
      if stop.requested and summary.made + len(summary.broken) < len(todo):
        raise Interrupted(
          f'{output_dir}: stopped after {summary.made + summary.there} of {len(sources.names)} '
          'pictures; the same command continues'
        )
  return summary


class _Marks:
  """Digests of all that outputs depend on."""

  def __init__(self, whole: AnySize, sources: Sources, settings: Mapping[str, Any]):
    self._root = sources.root
    self._settings = dict(settings)
    self._is_random = whole.translator.game.is_random

  def of(self, number: int, name: str) -> str:
    """Returns the digest of a picture and the settings."""
    path = os.path.join(self._root, name)
    facts = {**self._settings, 'number': number} if self._is_random else self._settings
    return digest(json.dumps(facts, sort_keys=True, default=str), digest_of_files({'': path}))


def _read(
  whole: AnySize,
  root: str,
  todo: Sequence[tuple[int, str]],
  size: str,
  reading: Mapping[str, Any],
  summary: Summary,
) -> Iterator[_Picture]:
  """Yields pictures that can be read; notes the others in `summary.broken`."""
  height, width, channels = whole.translator.source.shape
  sides = (height, width) if size == 'trained' else None
  has_alpha = whole.translator.sample_shape[2] == 4
  for number, name in todo:
    try:
      image = open_picture(os.path.join(root, name))
      pixels = to_pixels(image, size=sides, channels=channels, **reading)
      alpha = None
      if image.has_transparency_data and not has_alpha:
        alpha = to_pixels(image, size=sides, channels=4, **reading)[..., 3]
    except (MemoryError, Unreachable):
      raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      summary.broken[name] = first_line(error)
      _log.warning('%s: cannot be read (%s); passed over', name, first_line(error))
      continue
    yield _Picture(number, name, pixels, alpha)


def _groups(pictures: Iterator[_Picture], whole: AnySize) -> Iterator[list[_Picture]]:
  """Yields consecutive pictures of one size, as many as are made together."""
  group: list[_Picture] = []
  for picture in pictures:
    if group and picture.pixels.shape != group[0].pixels.shape:
      yield group
      group = []
    group.append(picture)
    if len(group) >= whole.together(*picture.pixels.shape[:2]):
      yield group
      group = []
  if group:
    yield group


def _with_alpha(output: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
  """Returns an output [h, w, C] and the alpha [H, W] of its picture, resized, as last channel."""
  if alpha is None:
    return output
  if alpha.shape != output.shape[:2]:
    from PIL import Image
    from PIL.Image import Resampling

    resized = Image.fromarray(alpha).resize(output.shape[1::-1], Resampling.LANCZOS)
    alpha = np.asarray(resized)
  return np.concatenate([output, alpha[..., None]], axis=2)


class _Progress:
  """Progress of a translation: a bar, or a line of the log now and then."""

  def __init__(self, total: int):
    self._total, self._reported = total, 0
    kind = bar_type()
    self._bar = kind and kind(total=total, unit='picture', dynamic_ncols=True)

  def __enter__(self) -> _Progress:
    return self

  def __exit__(self, *_: object) -> None:
    if self._bar is not None:
      self._bar.close()

  def move_to(self, count: int) -> None:
    """Shows that `count` pictures are done."""
    if self._bar is not None:
      self._bar.update(count - self._bar.n)
    elif count - self._reported >= _REPORT_EVERY:
      self._reported = count
      _log.info('%d of %d pictures', count, self._total)
