"""Scores of chosen classes of a conditional run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import QUICK, run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.data.class_names import chosen_classes
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid

EXTRACTOR = 'random_projection(width=8)'


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  path = tmp_path_factory.mktemp('conditional') / 'run'
  run_binary('train', *QUICK, '--model=conditional_gan', f'--model_dir={path}')
  return path


def test_one_class_is_scored_against_real_images_of_it(run, cache_dir):
  flags = (f'--model_dir={run}', f'--extractor={EXTRACTOR}', '--metrics=fid', '--num_samples=300')
  process = run_binary('evaluate', *flags, '--labels=7', f'--cache_dir={cache_dir}')
  record = json.loads(process.stdout)
  sampler = GANEstimator.of_run(str(run)).sampler()
  sampler.restore(4)
  data = registry.dataset.build('digits(size=16)', DataOptions())
  train = next(data.split('train').ordered(10_000))
  extractor = registry.extractor.build(EXTRACTOR, ExtractorContext(data, ''))
  sets = train['image'][train['label'] == 7], sampler.images(range(300), 0, labels=[7] * 300)
  expected = fid(*(Features(extractor.features([images]).pool) for images in sets))['fid']
  assert record['scores']['fid[random_projection]'] == pytest.approx(expected, rel=1e-5)
  definition = record['definition']
  assert definition['num_reference'] == np.sum(train['label'] == 7)
  assert definition['reference']['classes'] == ['7']
  assert definition['labels'] == 'of sample i: 7 in turn'
  everything = json.loads(run_binary('evaluate', *flags, f'--cache_dir={cache_dir}').stdout)
  assert everything['score_ids'].keys() == record['score_ids'].keys()
  assert everything['score_ids'] != record['score_ids']
  assert 'classes' not in everything['definition']['reference']


@pytest.mark.parametrize(
  'more, message',
  [
    (['--labels=cat'], "--labels=cat: no class 'cat'; there are classes 0 to 9: 0, 1, 2, 3"),
    (['--labels=3', '--batch_norm=batch'], '--labels: of chosen samples, so not with'),
  ],
)
def test_classes_that_cannot_be_scored(run, tmp_path, more, message):
  process = run_binary('evaluate', f'--model_dir={run}', *more, f'--cache_dir={tmp_path}', code=2)
  assert message in process.stderr.splitlines()[-1]
  assert not (tmp_path / 'classifier').exists()


def test_a_generator_that_is_not_told_classes(tiny_run, tmp_path):
  flags = (f'--model_dir={tiny_run}', '--labels=3', f'--cache_dir={tmp_path}')
  process = run_binary('evaluate', *flags, code=2)
  assert f'--labels=3: the generator of {tiny_run} is not told any class' in process.stderr


def test_names_come_before_numbers():
  names = ('10', '2', 'cat', 'dog')
  assert chosen_classes('', names) == ()
  assert chosen_classes('cat, dog,cat', names) == (2, 3)
  assert chosen_classes('2', names) == (1,) and chosen_classes('3', names) == (3,)
  assert chosen_classes('0-2', names) == (0, 1, 2)
  for wrong in ('4', 'cow', ',', '-1', '1-9'):
    with pytest.raises(UsageError, match=f'--labels={wrong}: '):
      chosen_classes(wrong, names)
  with pytest.raises(UsageError, match='the data has no labels'):
    chosen_classes('1', ())
