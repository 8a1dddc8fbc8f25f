"""`--dataset=gaussian_ring` and `gaussian_grid`: points in the plane, the usual toys for collapse.

A point is stored as the 2x2 picture that points.py describes, so that everything made for images,
from the input pipeline to the records of scores, is used as it is.
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
  """Points around 8 places on a ring of radius 1, standard deviation 0.01: shows mode collapse.

  As in PacGAN (Lin et al. 2018, arXiv:1712.04086) but 0.8 times as large, to lie within [-1, 1].
  Networks: `points_mlp`. Evaluation: --extractor=points --metrics=mode_coverage.

  Args:
    options: Not needed here.
    modes: Number of places; also of classes.

  Raises:
    UsageError: `modes` is not from 1 to 10,000.
  """
  del options
  require("dataset 'gaussian_ring'", at_least=1, at_most=10_000, modes=modes)
  angles = np.arange(modes) * 2 * np.pi / modes
  centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
  return _mixture('gaussian_ring', 0.8 * centres, 0.8 * 0.01)


@registry.dataset
def gaussian_grid(options: DataOptions, *, side: int = 5) -> Dataset:
  """Points around 5x5 places 2 apart, standard deviation 0.05: shows mode collapse.

  As in PacGAN (Lin et al. 2018, arXiv:1712.04086) but a fifth as large, to lie within [-1, 1].
  Networks: `points_mlp`. Evaluation: --extractor=points --metrics=mode_coverage.

  Args:
    options: Not needed here.
    side: Places along an axis; its square is the number of classes.

  Raises:
    UsageError: `side` is not from 1 to 100.
  """
  del options
  require("dataset 'gaussian_grid'", at_least=1, at_most=100, side=side)
  axis = 2.0 * np.arange(side) - (side - 1)
  centres = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
  return _mixture('gaussian_grid', centres / side, 0.05 / side)


def _mixture(name: str, centres: np.ndarray, deviation: float) -> Dataset:
  """Equally likely isotropic Gaussians; the class is the one that a point was drawn from."""
  random = np.random.RandomState(0)  # Whose numbers are promised never to change.
  splits = {}
  for split, size in _SIZES.items():
    labels = random.randint(0, len(centres), size)
    drawn = centres[labels] + deviation * random.randn(size, 2)
    splits[split] = MemorySplit({'image': points.to_images(drawn), 'label': labels})
  return Dataset.of_images(
    name=name,
    image_shape=points.IMAGE_SHAPE,
    label_names=tuple(f'({x:.3g}, {y:.3g})' for x, y in centres),
    splits=splits,
    medium='point',
  )
