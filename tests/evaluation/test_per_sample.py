"""Facts on single samples: of sets made by hand, of a run, and of a folder."""

from __future__ import annotations

import csv
import dataclasses
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.per_sample import facts
from tfgan_pipeline.metrics.features import Features


def test_facts_of_points_on_a_line():
  """Real points 0, 1, 2, 3, 10: 3 of them reach to their third neighbours 3, 2, 2, 3, and 9."""
  real = Features(np.array([[0.0], [1.0], [2.0], [3.0], [10.0]]))
  fakes = Features(np.array([[1.9], [-1.5], [30.0], [3.0], [12.0]]))
  found = facts(real, fakes)
  assert found['nearest_real'].tolist() == [2, 0, 4, 3, 4]
  np.testing.assert_allclose(found['distance'], [0.1, 1.5, 20, 0, 2])
  np.testing.assert_allclose(found['its_own_distance'], [1, 1, 7, 1, 7])
  assert found['likely_copy'].tolist() == [1, 0, 0, 1, 1]
  assert found['in_manifold'].tolist() == [1, 1, 0, 1, 1]
  two = Features(np.array([[0.0], [0.0]]))
  assert facts(two, two)['likely_copy'].tolist() == [1, 1]  # Copies of a duplicate are copies.


def table(path):
  with open(path) as file:
    return list(csv.DictReader(file))


def test_of_a_run(tiny_run, options, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  estimator = GANEstimator.of_run(str(run))
  record = estimator.evaluate(options=options)
  folder = run / 'eval' / 'random_projection-64'
  assert not list(folder.glob('per_sample*'))
  asked = dataclasses.replace(options, per_sample=True)  # Of a checkpoint that has its scores.
  assert estimator.evaluate(options=asked)['scores'] == record['scores']
  assert len((folder / 'scores.jsonl').read_text().splitlines()) == 1
  (path,) = folder.glob('per_sample-4-*.csv')
  rows = table(path)
  assert [row['sample'] for row in rows] == [str(number) for number in range(64)]
  assert all(float(row['distance']) > 0 for row in rows)
  assert Image.open(path.with_suffix('.png')).size[0] >= 480
  changed = path.stat().st_mtime_ns
  estimator.evaluate(options=asked)
  assert path.stat().st_mtime_ns == changed


def test_of_a_folder_with_copies(tmp_path, cache_dir):
  pictures = np.random.RandomState(0).randint(0, 256, (50, 8, 8, 3)).astype(np.uint8)
  for name, chosen in (('real', pictures[:40]), ('fake', [*pictures[5:8], *pictures[40:]])):
    (tmp_path / name).mkdir()
    for index, picture in enumerate(chosen):
      Image.fromarray(picture).save(tmp_path / name / f'{index:02}.png')
  flags = (
    f'--generated_dir={tmp_path}/fake',
    f'--reference_dir={tmp_path}/real',
    *('--extractor=random_projection', '--metrics=memorised', f'--cache_dir={cache_dir}'),
  )
  run_binary('evaluate', *flags, '--per_sample', f'--output={tmp_path}/score.json')
  rows = table(tmp_path / 'score.per_sample.csv')
  assert [row['nearest_real'] for row in rows[:3]] == ['5', '6', '7']
  # Of a copy, but for rounding: products of another number of rows may be added in another order.
  assert all(float(row['distance']) < 1e-5 for row in rows[:3])
  assert all(row['likely_copy'] == '1' for row in rows[:3])
  picture = np.asarray(Image.open(tmp_path / 'score.per_sample.png'))
  assert picture.shape[2] == 3
  refused = run_binary('evaluate', *flags, '--per_sample', code=2)
  assert '--per_sample: with --generated_dir give --output' in refused.stderr


def test_statistics_have_no_samples(tmp_path, options):
  from tfgan_pipeline import registry
  from tfgan_pipeline.data.dataset import DataOptions
  from tfgan_pipeline.errors import UsageError
  from tfgan_pipeline.evaluation.scorer import Scorer

  np.savez(tmp_path / 'a.npz', mu=np.zeros(64), sigma=np.eye(64))
  options = dataclasses.replace(options, per_sample=True, reference_stats=str(tmp_path / 'a.npz'))
  digits = registry.dataset.build('digits(size=16)', DataOptions())
  with pytest.raises(
    UsageError, match='--per_sample: needs real images, and --reference_stats has none'
  ):
    Scorer(digits, 'digits(size=16)', options)
  options = dataclasses.replace(options, reference_stats='', labels='3')
  with pytest.raises(UsageError, match='--per_sample: compares with images of all classes'):
    Scorer(digits, 'digits(size=16)', options)
