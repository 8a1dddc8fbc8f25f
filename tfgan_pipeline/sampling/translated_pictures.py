"""Translation of many pictures into a folder, as tfgan-translate does; goes on where it stopped.

sources = find_sources('/data/sketches', '/tmp/paintings')
summary = translate_pictures(AnySize(translator), sources, '/tmp/paintings', ...)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import dataclasses
import io
import json
import logging
import os
from typing import Any

import numpy as np

from tfgan_pipeline.data.folders.decoding import to_pixels
from tfgan_pipeline.data.folders.picture_files import open_content
from tfgan_pipeline.errors import Interrupted, Unreachable, UsageError, first_line
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.sampling.any_size import AnySize
from tfgan_pipeline.sampling.marked_pictures import encode, mark_of
from tfgan_pipeline.sampling.sources import Sources
from tfgan_pipeline.sampling.translation import output_names
from tfgan_pipeline.writers.progress_bar import bar_type

_log = logging.getLogger(__name__)
_REPORT_EVERY = 100  # Pictures, where there is no progress bar.


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

  @property
  def done(self) -> int:
    """Number of pictures that nothing is left to do for."""
    return self.made + self.there + len(self.broken)


@dataclasses.dataclass(frozen=True)
class _Picture:
  number: int
  name: str
  mark: str
  pixels: np.ndarray
  alpha: np.ndarray | None


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
  paths = {name: os.path.join(output_dir, target) for name, target in targets.items()}
  there = {}
  for name, path in paths.items():
    if files.exists(path):
      there[name] = mark_of(path)
      if not there[name]:
        raise UsageError(
          f'--output_dir={output_dir}: {targets[name]} is there, and not of tfgan-translate; take '
          'another folder'
        )
  for folder in sorted({os.path.dirname(path) for path in paths.values()}):
    with atomic_files.writing(folder):
      files.make_folder(folder)
      atomic_files.remove_leftovers(folder)
  total, summary = len(sources.names), Summary()
  mark = _Mark(whole, {**settings, 'size': size})
  with StopRequest() as stop, _Progress(total) as progress:

    def goes_on() -> bool:
      progress.move_to(summary.done)
      return not stop.requested

    for group in _groups(
      _read(whole, sources, size, reading, mark, there, summary, goes_on), whole
    ):
      outputs = whole.translate([(picture.number, picture.pixels) for picture in group])
      for picture, output in zip(group, outputs):
        path = paths[picture.name]
        content = encode(_with_alpha(output, picture.alpha), picture.mark)
        with atomic_files.writing(path):
          atomic_files.write(path, content, durable=False)
        summary.made += 1
      if not goes_on():
        break
    if not goes_on() and summary.done < total:
      ready = f'{summary.made + summary.there} of {total} pictures'
      raise Interrupted(f'{output_dir}: stopped after {ready}; the same command continues')
  if summary.there:
    _log.info('%s: %d of %d pictures were there', output_dir, summary.there, total)
  return summary


class _Mark:
  """Digest of all that an output depends on."""

  def __init__(self, whole: AnySize, settings: Mapping[str, Any]):
    self._settings = dict(settings)
    self._is_random = whole.translator.game.is_random

  def of(self, number: int, content: bytes) -> str:
    """Returns the digest of a picture's file and number, and the settings."""
    facts = {**self._settings, 'number': number} if self._is_random else self._settings
    text = json.dumps(facts, sort_keys=True, default=str)
    return digest(text, np.frombuffer(content, np.uint8))


def _read(
  whole: AnySize,
  sources: Sources,
  size: str,
  reading: Mapping[str, Any],
  mark: _Mark,
  there: Mapping[str, str],
  summary: Summary,
  goes_on: Callable[[], bool],
) -> Iterator[_Picture]:
  """Yields pictures to translate; notes others in `summary`: broken ones, and those of `there`.

  Each file is read once, and none after `goes_on` has said no, which is asked before each.
  """
  height, width, channels = whole.translator.source.shape
  sides = (height, width) if size == 'trained' else None
  has_alpha = whole.translator.sample_shape[2] == 4
  for number, name in enumerate(sources.names):
    if not goes_on():
      return
    path = os.path.join(sources.root, name)
    try:
      content = files.read_bytes(path)
      made_of = mark.of(number, content)
      if there.get(name) == made_of:
        summary.there += 1
        continue
      image = open_content(io.BytesIO(content), path)
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
    yield _Picture(number, name, made_of, pixels, alpha)


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

    resized = Image.fromarray(alpha).resize(output.shape[1::-1], Image.Resampling.LANCZOS)
    alpha = np.asarray(resized)
  return np.concatenate([output, alpha[..., None]], axis=2)


class _Progress:
  """Progress of a translation: a bar, or a line of the log now and then."""

  def __init__(self, total: int):
    self._total, self._reported = total, 0
    self._bar = (kind := bar_type()) and kind(total=total, unit='picture', dynamic_ncols=True)

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
