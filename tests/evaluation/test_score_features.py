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


def test_cautions_name_the_file_and_intervals_the_flag(tmp_path):
  """A set with copies has neighbourhoods of radius zero; 32 samples are too few for an interval."""
  copies = np.concatenate([POOLS[1][:60], np.repeat(POOLS[1][:1], 20, axis=0)])
  real, good, doubtful, few = (
    save(tmp_path / f'{name}.npy', x=pool)
    for name, pool in (('r', POOLS[0]), ('g', POOLS[1]), ('d', copies), ('f', POOLS[1][:32]))
  )
  command = ('evaluate', f'--reference_features={real}')
  process = run_binary(*command, f'--generated_features={good},{doubtful}', '--metrics=prdc')
  assert len(process.stdout.splitlines()) == 2
  assert f'--generated_features={doubtful}: --metrics=prdc(k=5): ' in process.stderr
  assert f'--generated_features={good}: --metrics' not in process.stderr
  more = (f'--generated_features={few}', '--metrics=fid', '--bootstrap=100')
  refused = run_binary(*command, *more, code=2)
  assert 'blocks' not in refused.stderr
  assert (
    '--bootstrap=100: the interval of fid needs 40 generated samples or more, and there are 32; '
    'take more, or leave out --bootstrap'
  ) in refused.stderr.splitlines()[-1]


def test_default_metrics_are_those_that_the_features_allow(tmp_path):
  real = save(tmp_path / 'r.npy', x=POOLS[0])
  bare = save(tmp_path / 'g.npy', x=POOLS[1])
  more = save(tmp_path / 'g.npz', pool=POOLS[1], logits=POOLS[1])
  options = EvaluationOptions(reference_features=real)
  without, having = (set(score_features(path, options)['scores']) for path in (bare, more))
  assert having - without == {'inception_score[features]', 'inception_score_std[features]'}
  assert {'fid[features]', 'kid[features]'} <= without


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
