"""`--dataset=gaussian_ring` and `gaussian_grid`: points in the plane, usual tests of mode collapse.

A point is stored as a 2x2 picture (media/points.py), so that everything made for images, from the
input pipeline to the records of scores, works unchanged.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import require
from tfgan_pipeline.media import points

_SIZES = {'train': 50_000, 'test': 10_000}


@registry.dataset
def gaussian_ring(options: DataOptions, *, modes: int = 8) -> Dataset:
  """Points near 8 centres on a ring in the plane, to show mode collapse.

  The ring of PacGAN (Lin et al. 2018, arXiv:1712.04086) has radius 1 and standard deviation 0.01;
  both are scaled by 0.8 here, so that points lie within [-1, 1]. Networks: `points_mlp`.
  Evaluation: --extractor=points --metrics=mode_coverage.

  Args:
    options: Ignored.
    modes: Number of centres, each of which is a class.

  Raises:
    UsageError: `modes` is not from 1 to 10,000.
  """
  del options
  require("dataset 'gaussian_ring'", at_least=1, at_most=10_000, modes=modes)
  angles = np.arange(modes) * 2 * np.pi / modes
  centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
  return _draw_mixture('gaussian_ring', 0.8 * centres, 0.8 * 0.01)


@registry.dataset
def gaussian_grid(options: DataOptions, *, side: int = 5) -> Dataset:
  """Points near 5x5 centres on a grid in the plane, to show mode collapse.

  The grid of PacGAN (Lin et al. 2018, arXiv:1712.04086) has centres 2 apart and standard deviation
  0.05; both are divided by `side` here, so that points lie within [-1, 1]. Networks: `points_mlp`.
  Evaluation: --extractor=points --metrics=mode_coverage.

  Args:
    options: Ignored.
    side: Number of centres along each axis; every centre is a class.

  Raises:
    UsageError: `side` is not from 1 to 100.
  """
  del options
  require("dataset 'gaussian_grid'", at_least=1, at_most=100, side=side)
  axis = 2.0 * np.arange(side) - (side - 1)
  centres = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
  return _draw_mixture('gaussian_grid', centres / side, 0.05 / side)


def _draw_mixture(name: str, centres: np.ndarray, deviation: float) -> Dataset:
  """Draws points of equally likely isotropic Gaussians at centres [K, 2]; each is a class."""
  random = np.random.RandomState(0)  # NumPy promises that its numbers never change.
  splits = {}
  for split, size in _SIZES.items():
    labels = random.randint(0, len(centres), size)
    positions = centres[labels] + deviation * random.randn(size, 2)
    splits[split] = MemorySplit({'image': points.to_images(positions), 'label': labels})
  return Dataset.of_images(
    name=name,
    image_shape=points.IMAGE_SHAPE,
    label_names=tuple(f'({x:.3g}, {y:.3g})' for x, y in centres),
    splits=splits,
    medium='point',
  )
