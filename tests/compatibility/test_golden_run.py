"""A run recorded by version 0.1.0 can still be sampled and continued: names on disk are a promise.

When this fails, a name in the checkpoint or in experiment.json has changed, or the weights make
other images, and every run there is has become unreadable. Make the old name work, and leave
golden_run and golden_samples.png alone.
"""

import hashlib
import pathlib
import shutil

import numpy as np
from PIL import Image

from tests.conftest import checkpoint
from tfgan_pipeline.estimator import GANEstimator

GOLDEN = pathlib.Path(__file__).parent / 'golden_run'
SAMPLES = GOLDEN.with_name('golden_samples.png')  # Those of average weights above those of raw.
STORED = 'f2a9e1552c3f9e3ac6dc913d22e80c43bcf7d86e703c4168f702b42cfaede9e5'


def digest(tensors: dict[str, np.ndarray]) -> str:
  """Hashes the names, dtypes, shapes and bytes of tensors."""
  found = hashlib.sha256()
  for name, value in sorted(tensors.items()):
    found.update(f'{name} {value.dtype.str} {value.shape}\n'.encode() + value.tobytes())
  return found.hexdigest()


def samples(estimator: GANEstimator, weights: str) -> np.ndarray:
  """Draws four samples side by side, uint8 [16, 64]."""
  sampler = estimator.sampler(weights)
  sampler.restore(600)
  return np.concatenate([*next(sampler.batches(4, 0, batch_size=4))[..., 0]], axis=1)


def test_sampled_and_continued(tmp_path):
  stored = checkpoint(GOLDEN, 600)
  assert digest(stored) == STORED
  model_dir = tmp_path / 'run'
  shutil.copytree(GOLDEN, model_dir)
  estimator = GANEstimator.of_run(str(model_dir), max_steps=603)
  made = np.concatenate([samples(estimator, weights) for weights in ('average', 'raw')])
  apart = np.abs(made.astype(int) - np.asarray(Image.open(SAMPLES)))
  assert apart.max() <= 1, f'{np.count_nonzero(apart > 1)} pixels differ by up to {apart.max()}'

  assert estimator.train() == 603  # All of its variables were found, those of optimisers too.
  continued = checkpoint(model_dir, 603)
  assert {name: (value.dtype, value.shape) for name, value in stored.items()} == {
    name: (continued[name].dtype, continued[name].shape) for name in stored
  }
  for name, value in stored.items():
    if value.dtype == np.int64:  # Counters, equal on all machines.
      assert continued[name] == value + 3 * ('rollbacks' not in name), name
