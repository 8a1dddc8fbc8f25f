"""Samples as PNG files, what tfgan-sample writes: a grid, or a folder of single pictures.

ensemble = Ensemble('/tmp/run')
write_grid('/tmp/samples.png', ensemble, seed=0)
write_folder('/tmp/samples', ensemble, seed=0, count=50_000)
"""

from __future__ import annotations

import logging
import os

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.folders.layout import find_pictures
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import images
from tfgan_pipeline.runs import atomic_files
from tfgan_pipeline.sampling.ensemble import Ensemble

_log = logging.getLogger(__name__)
_BATCH = 256


def write_grid(
  path: str,
  ensemble: Ensemble,
  *,
  seed: int,
  count: int | None = None,
  columns: int = 0,
  traverse: int = 0,
  interpolate: int = 0,
) -> int:
  """Writes one picture of samples side by side; returns how many.

  Args:
    path: The PNG file; may be gs://.
    ensemble: Whose samples 0 to count - 1.
    seed: Chooses all of them.
    count: How many; by default eight rows if classes are chosen, else `Medium.grid_size`. Of
      `interpolate`, how many rows; by default one for each class chosen, else 8.
    columns: How many side by side; 0 makes a column for each class and run, or else a square.
    traverse: Show so many steps along each latent axis or code instead.
    interpolate: Show so many steps from each sample to the next instead.

  Raises:
    UsageError: Of several runs, neither of these can be shown.
    WriteError: The file cannot be written.
  """
  if traverse:
    pictures = ensemble.only('--traverse').traversal(seed, traverse)
  elif interpolate:
    rows, classes = count or len(ensemble.classes) or 8, ensemble.classes
    labels = [classes[row % len(classes)] for row in range(rows) if classes]
    sampler = ensemble.only('--interpolate')
    pictures = sampler.interpolation(seed, rows, interpolate, labels or None)
  else:
    count = count or 8 * ensemble.row or ensemble.medium.grid_size(ensemble.image_shape)
    pictures = ensemble.images(range(count), seed)
  columns = columns or traverse or interpolate or ensemble.row
  grid = ensemble.medium.picture(pictures, columns=columns)
  with atomic_files.writing(path):
    images.write_png(path, images.enlarge(grid))
  return len(pictures)


def write_folder(folder: str, ensemble: Ensemble, *, seed: int, count: int | None = None) -> int:
  """Writes samples 0 to count - 1 as 000000.png and so on; returns how many there are then.

  No file is ever half written, and those that are there already are not made again: stopped and
  started once more, it goes on, and with a larger `count` it adds to them.

  Args:
    folder: Made if need be; may be gs://.
    ensemble: Whose samples.
    seed: Chooses all of them.
    count: How many; by default eight of each class chosen, else 64.

  Raises:
    UsageError: The folder holds other pictures.
    WriteError: It cannot be written.
  """
  count = count or 8 * ensemble.row or 64
  names = [f'{index:06d}{ensemble.medium.extension}' for index in range(count)]
  with atomic_files.writing(folder):
    tf.io.gfile.makedirs(folder)
  there = set(find_pictures(folder))
  other = min(there - set(names), default=None)
  if other:
    raise UsageError(f'--images_dir={folder}: holds {other}, which is none of {count} samples')
  if there:
    _log.info('%s: %d of %d pictures are there', folder, len(there), count)
  for first in range(0, count, _BATCH):
    batch = range(first, min(first + _BATCH, count))
    if first and there.issuperset(names[first : batch.stop]):
      continue  # The first ones are always made, to see whether they are these.
    pictures = ensemble.images(batch, seed)
    made = dict(zip(names[first:], pictures))
    for name in sorted(there.intersection(made)):
      if not shows(os.path.join(folder, name), made[name]):
        raise UsageError(f'--images_dir={folder}: its {name} is another picture than that sample')
    with atomic_files.writing(folder):
      for name in [name for name in made if name not in there]:
        content = ensemble.medium.encode(made[name])
        atomic_files.write(os.path.join(folder, name), content, durable=False)
  return count


def shows(path: str, picture: np.ndarray) -> bool:
  """Whether a file holds these pixels; their compression differs between versions of zlib."""
  with tf.io.gfile.GFile(path, 'rb') as file:
    content = file.read()
  try:
    return np.array_equal(tf.io.decode_png(content), picture)
  except tf.errors.InvalidArgumentError:
    return False
