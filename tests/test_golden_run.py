"""A run recorded by version 0.1.0 can still be sampled and continued: names on disk are a promise.

When this fails, a name in the checkpoint or in experiment.json has changed, and every run there is
has become unreadable. Make the old name work, and leave tests/golden_run alone.
"""

import pathlib
import shutil

import numpy as np

from tfgan_pipeline.estimator import GANEstimator

GOLDEN = pathlib.Path(__file__).parent / 'golden_run'


def test_sampled_and_continued(tmp_path):
  model_dir = tmp_path / 'run'
  shutil.copytree(GOLDEN, model_dir)
  estimator = GANEstimator.of_run(str(model_dir), max_steps=603)
  pictures = estimator.predict(4)
  assert pictures.shape == (4, 16, 16, 1)
  means = pictures.astype(int).mean((1, 2, 3))
  np.testing.assert_allclose(means, [91.05, 90.92, 71.13, 97.32], atol=0.5)
  assert estimator.train() == 603  # All of its variables were found, those of optimisers too.
