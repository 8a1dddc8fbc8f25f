"""Evaluation without choices: the extractor suits the data, and the metrics suit the extractor."""

import json
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, run_binary
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.extractors.auto import chosen

SMALL = 'auto(classifier(steps=5), self_supervised(steps=5))'


def test_the_number_of_classes_decides():
  default = EvaluationOptions()
  for names, expected in (((), 'self_supervised'), ('a', 'self_supervised'), ('ab', 'classifier')):
    assert chosen(default, Dataset.of_images('mine', (8, 8, 1), tuple(names), {})) == expected
  points = EvaluationOptions(extractor='points')
  assert chosen(points, Dataset.of_images('mine', (8, 8, 1), (), {})) == 'points'


@pytest.mark.parametrize(
  'options, expected',
  [
    (dict(image_metrics='ms_ssim', pair_metrics='l1, cycle_error'), 'random_projection'),
    (dict(pair_metrics='l1, feature_distance'), 'self_supervised'),
    (dict(per_sample=True), 'self_supervised'),
    (dict(path_length=10), 'self_supervised'),
    (dict(pair_metrics='l1', extractor='points'), 'points'),
  ],
)
def test_nothing_is_trained_for_scores_that_read_no_features(options, expected):
  data = Dataset.of_images('mine', (8, 8, 1), (), {})
  assert chosen(EvaluationOptions(metrics='', **options), data) == expected


@pytest.mark.heavy
def test_a_labelled_run_has_the_scores_that_its_classifier_gave(tiny_run, tmp_path, cache_dir):
  shutil.copytree(tiny_run, tmp_path / 'run')
  flags = (f'--model_dir={tmp_path}/run', f'--cache_dir={cache_dir}', '--num_samples=64')
  by_classifier = run_binary('evaluate', *flags, '--extractor=classifier(steps=5)')
  by_default = run_binary('evaluate', *flags, f'--extractor={SMALL}')
  assert 'step 4 has these scores already' in by_default.stderr
  assert by_default.stdout == by_classifier.stdout
  assert [path.name for path in (tmp_path / 'run/eval').iterdir()] == ['classifier-64']
  names = [name.split('[')[0] for name in json.loads(by_default.stdout)['scores']]
  assert {'inception_score', 'fid', 'kid'} <= set(names)


@pytest.fixture(scope='module')
def unlabelled_run(tmp_path_factory):
  """model_dir of a finished run on pictures in one folder."""
  folder = tmp_path_factory.mktemp('unlabelled')
  (folder / 'data').mkdir()
  for number in range(40):
    pixels = np.random.RandomState(number).randint(0, 256, (16, 16)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f'data/{number}.png')
  data = ('--dataset=image_folder(size=16, channels=1)', f'--data_dir={folder}/data')
  run_binary('train', *QUICK, *data, f'--model_dir={folder}/run', '--max_steps=2')
  return folder / 'run'


def test_a_run_without_labels_is_scored_without_flags(unlabelled_run, cache_dir):
  flags = (f'--model_dir={unlabelled_run}', f'--cache_dir={cache_dir}', '--num_samples=64')
  process = run_binary('evaluate', *flags, f'--extractor={SMALL}')
  record = json.loads(process.stdout)
  names = {name.split('[')[0] for name in record['scores']}
  assert {'fid', 'kid'} <= names and 'inception_score' not in names
  left_out = '--metrics: without inception_score, as self_supervised:data has no logits'
  assert process.stderr.count(left_out) == 1
  extractor = record['definition']['extractor']
  assert extractor['name'] == 'self_supervised:data' and len(extractor['fingerprint']) == 16
  assert record['definition']['metrics'].startswith('fid(')
  assert [path.name for path in (unlabelled_run / 'eval').iterdir()] == ['self_supervised-64']
  again = run_binary('evaluate', *flags, '--extractor=self_supervised(steps=5)')
  assert 'has these scores already' in again.stderr and again.stdout == process.stdout
  of_pixels = ('--metrics=', '--image_metrics=sliced_wasserstein')
  process = run_binary('evaluate', *flags, *of_pixels)  # With the extractor of default.
  assert 'training' not in process.stderr
  assert {name.split('_')[0] for name in json.loads(process.stdout)['scores']} == {'sliced'}
  chosen_by_user = '--metrics=inception_score, fid'
  refused = run_binary('evaluate', *flags, f'--extractor={SMALL}', chosen_by_user, code=2)
  assert 'logits are needed' in refused.stderr.splitlines()[-1]
