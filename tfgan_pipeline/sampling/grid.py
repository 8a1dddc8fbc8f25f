"""Pictures of samples as one grid: samples, classes in columns, latent axes, or paths.

picture, count = draw_grid(Ensemble('/tmp/run', labels='0-9'), seed=0)    # uint8 [H, W, C], 80
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.media.headings import with_headings
from tfgan_pipeline.media.images import enlarge
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.latent import paths

_TILES = 64  # Pictures in a grid where they are small.


def draw_grid(
  ensemble: Ensemble,
  *,
  seed: int,
  count: int | None = None,
  columns: int = 0,
  traverse: int = 0,
  interpolate: int = 0,
  samples: Sequence[int] = (),
) -> tuple[np.ndarray, int]:
  """Returns one picture with a grid of samples, uint8 [H, W, 1, 3 or 4], and the number of samples.

  Args:
    ensemble: The source of samples 0 to count - 1.
    seed: Seed of all samples.
    count: Number of samples; by default eight rows if classes are chosen, fewer of large pictures,
      else `Medium.grid_size`.
      With `interpolate`, the number of rows; by default one for each class chosen, else 8.
    columns: Number of columns; 0 makes one for each class and run if classes are chosen, under the
      name of the class, else a square grid.
    traverse: Number of steps along each latent axis or code to show in place of samples.
    interpolate: Number of steps from each sample to the next to show in place of samples.
    samples: Numbers of the samples, in place of 0 to count - 1.

  Raises:
    UsageError: `traverse` or `interpolate` is asked of several runs or of an unsuitable game.
  """
  if traverse:
    pictures = paths.traversal(ensemble.only('--traverse'), seed, traverse)
  elif interpolate:
    sampler = ensemble.only('--interpolate')
    pictures = paths.interpolation(
      sampler, seed, count, interpolate, ensemble.classes, numbers=samples
    )
  else:
    most = ensemble.medium.grid_size(ensemble.image_shape)
    rows = max(1, min(8, most // ensemble.row)) if most < _TILES and ensemble.row else 8
    count = count or rows * ensemble.row or most
    pictures = ensemble.images(samples or range(count), seed)
  has_classes = columns in (0, ensemble.row) and not (traverse or interpolate)
  columns = columns or traverse or interpolate or ensemble.row
  grid = ensemble.medium.picture(pictures, columns=columns)
  if has_classes and ensemble.row and ensemble.medium.is_picture:
    grid = with_headings(grid, ensemble.headings)
  return enlarge(grid), len(pictures)
