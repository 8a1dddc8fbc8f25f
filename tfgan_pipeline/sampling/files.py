"""Writes samples as tfgan-sample does: a picture of many, or a folder with a file of each.

ensemble = Ensemble('/tmp/run')
write_grid('/tmp/samples.png', ensemble, seed=0)
write_folder('/tmp/samples', ensemble, seed=0, count=50_000)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import logging
import os
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.folders.find_files import EXTENSIONS, find_pictures
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import images
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.runs import atomic_files
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.grid import draw_grid

_log = logging.getLogger(__name__)
_BATCH = 256  # Pictures in memory at a time.


def write_grid(
  path: str, ensemble: Ensemble, *, seed: int, count: int | None = None, **choices: Any
) -> int:
  """Writes one picture with a grid of samples; returns the number of samples in the grid.

  Args:
    path: The PNG file; may be gs://.
    ensemble: The source of the samples.
    seed: Seed of all samples.
    count: Number of samples, or of rows, see grid.draw_grid.
    **choices: Columns and order of samples, further arguments of grid.draw_grid.

  Raises:
    UsageError: `traverse` or `interpolate` is asked of several runs or of an unsuitable game.
    WriteError: The file cannot be written.
  """
  picture, count = draw_grid(ensemble, seed=seed, count=count, **choices)
  with atomic_files.writing(path):
    images.write_png(path, picture)
  return count


def write_folder(folder: str, ensemble: Ensemble, *, seed: int, count: int | None = None) -> int:
  """Writes samples 0 to count - 1 as 000000.png and so on; returns `count` or its default.

  Samples of other media than pictures have other files, such as 000000.mid, and some beside them.

  Files are never half written, and existing ones are not made again: a call that was stopped can be
  repeated, and a larger `count` adds files.

  Args:
    folder: The folder; made if missing, may be gs://.
    ensemble: The source of the samples.
    seed: Seed of all samples.
    count: Number of samples; by default eight rows of the classes chosen, else 64.

  Raises:
    UsageError: The folder contains other pictures.
    WriteError: The folder cannot be written.
  """
  count = count or 8 * ensemble.row or 64
  names = [f'{index:06d}{ensemble.medium.extension}' for index in range(count)]
  write_pictures(folder, names, ensemble.medium, lambda batch: ensemble.images(batch, seed))
  return count


def write_pictures(
  folder: str, names: Sequence[str], medium: Medium, make: Callable[[range], np.ndarray]
) -> None:
  """Writes pictures under their names, those that are not there yet; see write_folder.

  Args:
    folder: The folder; made if missing, may be gs://.
    names: Names of all files, in the order of the pictures.
    medium: Medium of the pictures.
    make: Makes pictures uint8 [n, H, W, C] by their numbers.

  Raises:
    UsageError: The folder contains other pictures.
    WriteError: The folder cannot be written.
  """
  count = len(names)
  with atomic_files.writing(folder):
    tf.io.gfile.makedirs(folder)
  extensions = EXTENSIONS if medium.extension in EXTENSIONS else (medium.extension,)
  names_present = set(find_pictures(folder, extensions))
  stranger = min(names_present - set(names), default=None)
  if stranger:
    raise UsageError(f'--images_dir={folder}: holds {stranger}, which is none of {count} samples')
  if names_present:
    _log.info('%s: %d of %d samples are there', folder, len(names_present), count)
  for first in range(0, count, _BATCH):
    batch = range(first, min(first + _BATCH, count))
    if first and names_present.issuperset(names[first : batch.stop]):
      continue  # The first batch is always made, to compare it with the files.
    samples = dict(zip(names[first:], make(batch)))
    for name in sorted(names_present.intersection(samples)):
      if not shows(medium, os.path.join(folder, name), samples[name]):
        what = 'picture' if medium.is_picture else 'file'
        raise UsageError(f'--images_dir={folder}: its {name} is another {what} than that sample')
    with atomic_files.writing(folder):
      for name in [name for name in samples if name not in names_present]:
        path = os.path.join(folder, name)
        for extension, content in medium.beside(samples[name]).items():
          atomic_files.write(
            path.removesuffix(medium.extension) + extension, content, durable=False
          )
        atomic_files.write(path, medium.encode(samples[name]), durable=False)


def shows(medium: Medium, path: str, sample: np.ndarray) -> bool:
  """Returns whether the file `path` is of a stored sample."""
  with tf.io.gfile.GFile(path, 'rb') as file:
    return medium.shows(file.read(), sample)
