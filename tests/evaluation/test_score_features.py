"""Features and statistics of other programs, scored without images."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import run_binary
from tests.evaluation.test_other_programs import FAKE, POOLS, save
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.evaluation.score_features import score_features
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid


def test_features_of_others(tmp_path):
  paths = [save(tmp_path / f'{name}.npy', x=pool) for name, pool in zip('rg', POOLS)]
  process = run_binary(
    'evaluate',
    f'--generated_features={paths[1]}',
    f'--reference_features={paths[0]}',
    '--metrics=fid, prdc',
  )
  record = json.loads(process.stdout)
  assert record['scores']['fid[features]'] == pytest.approx(fid(*map(Features, POOLS))['fid'])
  assert 'coverage[features]' in record['scores']
  assert record['definition']['num_reference'] == 300
  assert 'could not be checked beyond their width, 5' in process.stderr


def test_features_are_found_in_files_of_several_arrays(tmp_path):
  real = save(tmp_path / 'r.npz', pool=POOLS[0], logits=POOLS[0], labels=np.zeros(300, int))
  fake = save(tmp_path / 'g.npz', features=POOLS[1].astype(np.float16), paths=np.array(['a', 'b']))
  options = EvaluationOptions(metrics='fid', reference_features=real)
  half = Features(POOLS[1].astype(np.float16).astype(np.float32))
  expected = fid(Features(POOLS[0]), half)['fid']
  record = score_features(fake, options)
  assert record['scores']['fid[features]'] == pytest.approx(expected)
  drawn = score_features(
    fake, EvaluationOptions(metrics='fid', reference_features=real, num_samples=99), every=False
  )
  assert drawn['definition']['num_generated'] == 99


@pytest.mark.parametrize('names', [('mu', 'sigma'), ('mean', 'cov'), ('m', 's'), ('MU', 'Sigma')])
def test_statistics_that_hold_more_or_hold_it_otherwise(tmp_path, names):
  """Reads a file with objects and pictures, a mean in a row and a covariance of long doubles."""
  pool = POOLS[0].astype(np.float64)
  mean, covariance = pool.mean(0), np.cov(pool, rowvar=False)
  more = {'arr_0': FAKE, 'files': np.array([{'a': 1}], object), 'num': np.array(300)}
  path = save(
    tmp_path / 's.npz', **{names[0]: mean[None], names[1]: covariance.astype(np.longdouble)}, **more
  )
  options = EvaluationOptions(metrics='fid', reference_stats=path)
  record = score_features(save(tmp_path / 'g.npy', x=POOLS[1]), options)
  assert record['scores'] == {
    'fid[features]': pytest.approx(fid(*map(Features, POOLS))['fid'], rel=1e-5)
  }
