"""Facts on single generated samples, and a picture of likely copies and of the worst.

    PerSample(path, real, lambda: sampler.batches(1000, seed=0))(reference, generated)
    # writes <path>.csv, a line per sample, and <path>.png

The picture has likely copies above and the worst below, each sample to the left of its nearest real
picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import csv
import io
import logging

import numpy as np

from tfgan_pipeline.data.split import Split
from tfgan_pipeline.media import images
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.crossing import Ball, cross
from tfgan_pipeline.metrics.neighbours.nearest import radii
from tfgan_pipeline.runs import atomic_files

_log = logging.getLogger(__name__)
_K = 3  # The manifold is that of precision_recall: balls to the third neighbour, closed.
_SHOWN = 16  # Likely copies, and as many of the worst: four rows of eight pairs.


def facts(reference: Features, generated: Features) -> dict[str, np.ndarray]:
  """Returns facts on each generated sample, arrays [M] by the name of the column.

  Args:
    reference: N real samples, N >= 2.
    generated: M generated samples, M >= 2.

  Returns:
    nearest_real: Number of the nearest real picture in stored order.
    distance: Distance to that picture's features.
    its_own_distance: Distance from that picture to the nearest other real one; a smaller `distance`
      is that of a likely copy.
    likely_copy: 1 where `distance` is below `its_own_distance`, or is 0; else 0.
    in_manifold: 1 for a sample that is within the third nearest neighbour of any real one, as in
      precision_recall; else 0. Smaller sets take as many neighbours as they have.
  """
  ball = Ball(min(_K, len(reference) - 1, len(generated) - 1), closed=True)
  crossing = cross(reference, generated, ball)
  nearest = crossing.nearest_index[:, 0]
  distance = np.sqrt(crossing.nearest[:, 0])
  own = np.sqrt(radii(reference, 1)[nearest, 0])
  return {
    'nearest_real': nearest,
    'distance': distance,
    'its_own_distance': own,
    'likely_copy': ((distance < own) | (distance == 0)).astype(int),
    'in_manifold': crossing.balls[ball].generated.astype(int),
  }


class PerSample:
  """Writer of the facts on the samples of one score.

  Args:
    path: Path of the files to write, without .csv and .png.
    real: Real pictures, in the order of the reference features.
    generated: Function that makes the generated pictures again, in batches uint8 [n, H, W, C].
  """

  def __init__(self, path: str, real: Split, generated: Callable[[], Iterable[np.ndarray]]):
    self._path, self._real, self._generated = path, real, generated

  def __call__(self, reference: Features, generated: Features) -> None:
    """Writes both files for the features that were scored."""
    columns = facts(reference, generated)
    if generated.labels is not None:
      columns['label'] = generated.labels
    content = io.StringIO()
    writer = csv.writer(content, lineterminator='\n')
    writer.writerow(['sample', *columns])
    writer.writerows(zip(range(len(generated)), *(values.tolist() for values in columns.values())))
    atomic_files.write(f'{self._path}.csv', content.getvalue())
    images.write_png(f'{self._path}.png', images.enlarge(self._picture(columns)))
    _log.info(
      '%s.csv: %d of %d samples are likely copies, %d outside of the manifold',
      self._path,
      columns['likely_copy'].sum(),
      len(generated),
      len(generated) - columns['in_manifold'].sum(),
    )

  def _picture(self, columns: dict[str, np.ndarray]) -> np.ndarray:
    # Likely copies are nearest in terms of the distance that is usual where they lie; a duplicate's
    # own distance is 0. The worst are outside of the manifold, and farthest.
    usual = np.maximum(columns['its_own_distance'], np.finfo(np.float64).tiny)
    copies = np.argsort(columns['distance'] / usual, kind='stable')[:_SHOWN]
    worst = np.lexsort((-columns['distance'], columns['in_manifold']))[:_SHOWN]
    samples = np.concatenate([copies, worst])
    fakes = _pick(self._generated(), samples)
    nearest = columns['nearest_real'][samples]
    reals = _pick((batch['image'] for batch in self._real.ordered(1024)), nearest)
    pairs = np.stack([fakes, reals], axis=1).reshape(-1, *fakes.shape[1:])
    return images.grid(pairs, columns=16)


def _pick(batches: Iterable[np.ndarray], rows: np.ndarray) -> np.ndarray:
  """Returns the pictures with the numbers `rows`, which may repeat, uint8 [n, H, W, C]."""
  found, first = {}, 0
  for batch in batches:
    for row in set(rows.tolist()) & set(range(first, first + len(batch))):
      found[row] = batch[row - first]
    first += len(batch)
  return np.stack([found[row] for row in rows.tolist()])
