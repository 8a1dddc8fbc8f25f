"""Averages early in a run: of batch normalisation, which are warned of, and of weights."""

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.estimator import GANEstimator

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.mark.parametrize('networks, told', [('dcgan(filters=4)', 1), ('mlp(units=4)', 0)])
def test_samples_of_the_first_steps_are_warned_of_once(tmp_path, caplog, networks, told):
  GANEstimator(tiny_experiment(tmp_path, networks=networks)).train()
  sampler = GANEstimator.of_run(str(tmp_path)).sampler()
  for step in (0, 2, 4):
    sampler.restore(step)
  texts = [text for text in caplog.messages if 'batch normalisation' in text]
  assert len(texts) == told
  if told:
    assert texts[0].startswith('step 2: ') and '--batch_norm=batch' in texts[0]


@pytest.mark.parametrize('decay', [0.9, 0.999, 0.9999, 0.999999])
def test_an_average_of_weights_is_never_mostly_early_weights(decay):
  """Follows the decay of training/ema.py: what is left of the first half of all steps."""
  decays = np.minimum(decay, (1.0 + np.arange(100_000)) / (10.0 + np.arange(100_000)))
  logs = np.concatenate([[0], np.cumsum(np.log(decays))])
  for steps in (10, 100, 1000, 10_000, 100_000):
    assert np.exp(logs[steps] - logs[steps // 2]) < 0.03
