"""Scores of translators: directions by themselves, true outputs, ways back, chosen checkpoints."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary, tiny_experiment
from tests.runs.test_best_step import FID, add_scores
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator, train_and_evaluate
from tfgan_pipeline.evaluation.many_runs import watch_runs
from tfgan_pipeline.evaluation.open_run import check_options
from tfgan_pipeline.extractors.base import Extractor

_SIDES = ('shapes(size=16, count=60, style=outline)', 'shapes(size=16, count=60)')
PAIRED = f'paired(a="{_SIDES[0]}", b="{_SIDES[1]}")'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """A CycleGAN of four steps, trained on pairs so that true outputs are known."""
  one = GANEstimator(
    tiny_experiment(
      tmp_path_factory.mktemp('cyclegan') / 'run',
      model='cyclegan(identity_weight=0.0)',
      networks='resnet_translator(filters=2, blocks=1), patchgan(filters=2, layers=0)',
      dataset=PAIRED,
      sample_every=9,
      ema_decay=0,
    )
  )
  one.train()
  return one


def flags(trained, cache_dir, *more):
  return (
    *('evaluate', f'--model_dir={trained.experiment.model_dir}', f'--cache_dir={cache_dir}'),
    *('--extractor=random_projection', '--metrics=fid, kid, mind', *more),
  )


def records_of(result):
  return [json.loads(line) for line in result.stdout.splitlines()]


def test_all_tasks_are_scored_by_one_command_and_are_never_comparable(trained, cache_dir):
  result = run_binary(
    *flags(trained, cache_dir, '--task=all', '--num_samples=40', '--watch'),
    '--pair_metrics=l1, ssim, feature_distance, cycle_error',
  )
  records = records_of(result)
  tasks = [record['definition']['task']['name'] for record in records]
  steps = [record['step'] for record in records]
  assert tasks == ['a_to_b', 'b_to_a'] * 3 and steps == [0, 0, 2, 2, 4, 4]
  there, back = (record['score_ids'] for record in records[-2:])
  assert there.keys() == back.keys() and not set(there.values()) & set(back.values())
  scores = records[-1]['scores']
  for name in ('fid_floor', 'mind_floor'):
    assert f'{name}[random_projection]' in scores, scores
  for stem in ('l1', 'ssim'):
    assert {stem, f'{stem}_identity', f'{stem}_constant'} <= scores.keys()
  assert 'feature_distance_identity[random_projection]' in scores
  assert 0 < scores['cycle_error'] < 2 and 'cycle_error_identity' not in scores
  examples = next(trained.dataset.split('train').ordered(40))
  sides = {side: examples[f'image_{side}'] for side in 'ab'}
  returned = trained.translate(trained.translate(sides['b'], task='b_to_a'), task='a_to_b')
  outputs = trained.translate(sides['b'], task='b_to_a')

  def l1(one, other):
    return np.abs(one.astype(float) - other).mean()

  assert scores['cycle_error'] == pytest.approx(l1(sides['b'], returned) / 127.5)
  assert scores['l1'] == pytest.approx(l1(outputs, sides['a']))
  assert scores['l1_identity'] == pytest.approx(l1(sides['b'], sides['a']))
  colour = np.median(sides['a'], axis=(0, 1, 2))
  assert scores['l1_constant'] == pytest.approx(l1(np.rint(colour), sides['a']))


def rewrite_scores(run, task, scores):
  """Writes {step: fid} into the records of a task."""
  for path in (run / 'eval').glob('*/scores.jsonl'):
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
      if record['definition']['task']['name'] == task:
        record['scores'][FID] = scores[record['step']]
    path.write_text(''.join(json.dumps(record) + '\n' for record in records))


@pytest.mark.heavy
def test_training_stops_when_no_task_improves(trained, options, tmp_path):
  run = shutil.copytree(trained.experiment.model_dir, tmp_path / 'run')
  shutil.rmtree(run / 'eval', ignore_errors=True)
  options = dataclasses.replace(options, task='all', num_samples=6)
  watched = functools.partial(watch_runs, str(run), options)
  assert len(list(watched())) == 6
  rewrite_scores(run, 'a_to_b', {0: -1.0, 2: 5.0, 4: 5.0})
  rewrite_scores(run, 'b_to_a', {0: 5.0, 2: 4.0, 4: -1.0})
  (run / 'TRAIN_DONE').unlink()  # As while it trains.
  rule = {'stop_when': 'fid has not improved for 2 evaluations'}
  assert len(list(watched(stop_after=3, **rule))) == 6
  assert not (run / 'STOP_REQUEST').exists()
  estimator = GANEstimator.of_run(str(run), max_steps=100)
  steps = [record['step'] for record in train_and_evaluate(estimator, options, **rule)]
  assert steps == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8]  # Nothing is below -1, at step 4 of b_to_a.
  why = json.loads((run / 'STOP_REQUEST').read_text())['why']
  assert re.match('a_to_b: fid .*: -1 at step 0, .*; b_to_a: fid .*: -1 at step 4, ', why)


def test_features_are_extracted_once(trained, options, register):
  seen = []

  def counting(context):
    """Means, and a list of how many pictures these were asked for."""
    del context

    def function(images):
      seen.append(int((images.reshape(len(images), -1).max(axis=1) > 0).sum()))
      return images.mean(axis=(1, 2), dtype=np.float32), None

    return Extractor('means', 'a fingerprint', function)

  register(registry.extractor, counting)
  options = dataclasses.replace(
    options, task='a_to_b', extractor='counting', num_samples=8, pair_metrics='feature_distance'
  )
  evaluator = trained.evaluator(options)
  scores = []
  for step in (0, 2):
    seen.clear()
    scores.append(evaluator.evaluate(step)['scores'])
    # Of 8 outputs, and at first of as many true ones and three kinds of outputs of no network.
    assert seen == ([8] * 5 if step == 0 else [8])
  examples = next(trained.dataset.split('train').ordered(8))
  outputs = trained.translate(examples['image_a'], task='a_to_b', step=2)
  means = [images.mean(axis=(1, 2)) for images in (outputs, examples['image_b'])]
  distance = np.square(means[0] - means[1]).sum() / 8
  assert scores[1]['feature_distance[means]'] == pytest.approx(distance, rel=1e-5)


def test_the_rule_for_the_checkpoint_is_part_of_the_definition(trained, cache_dir):
  common = ('--num_samples=6', '--task=a_to_b')
  (last,), (best,), (plain,) = (
    records_of(run_binary(*flags(trained, cache_dir, *common, *more)))
    for more in (
      ('--protocol=translation_last',),
      ('--protocol=translation_best_of_k', '--best_by=kid'),
      ('--reference_split=test',),
    )
  )
  assert last['step'] == 4 and last['definition']['checkpoint'] == 'last'
  assert best['definition']['checkpoint'] == 'best of 3 by kid'
  assert {last['protocol'], best['protocol']} == {'translation_last', 'translation_best_of_k'}
  assert last['scores'] == plain['scores'] and 'checkpoint' not in plain['definition']
  kids = [
    record['scores']['kid[random_projection]']
    for record in trained.records()
    if 'checkpoint' not in record['definition'] and record['definition']['num_generated'] == 6
  ]
  assert len(kids) == 3 and best['scores']['kid[random_projection]'] == min(kids)
  ids = [set(record['score_ids'].values()) for record in (last, best, plain)]
  assert not ids[0] & ids[1] and not ids[0] & ids[2] and not ids[1] & ids[2]
  assert last['definition']['reference']['split'] == 'test'


@pytest.mark.parametrize('task, step', [('', 2), ('all', 4)])
def test_the_best_without_a_task_is_that_of_the_first(trained, options, tmp_path, task, step):
  run = shutil.copytree(trained.experiment.model_dir, tmp_path / 'run')
  shutil.rmtree(run / 'eval', ignore_errors=True)
  for name, scores in {'a_to_b': {2: 1.0, 4: 5.0}, 'b_to_a': {0: 3.0, 2: 2.0, 4: 0.5}}.items():
    add_scores(run, name, {step: {FID: fid} for step, fid in scores.items()}, task={'name': name})
  options = dataclasses.replace(options, task=task, num_samples=4)
  assert GANEstimator.of_run(str(run)).evaluate('best', options)['step'] == step


@pytest.mark.parametrize(
  'more, message',
  [
    (('--watch',), '--protocol=translation_last: scores one checkpoint .* without --watch'),
    (('--step=2',), '--step=2: not with --protocol=translation_last, which chooses'),
    (('--protocol=translation_best_of_k',), '--best_by=fid, which is not among the scores'),
  ],
)
def test_what_does_not_go_with_a_rule_is_refused(trained, cache_dir, more, message):
  metrics = '--metrics=kid' if '--protocol' in more[0] else '--metrics=fid'
  common = (*flags(trained, cache_dir, '--protocol=translation_last', '--num_samples=6'), metrics)
  assert re.search(message, run_binary(*common, *more, code=2).stderr)


def test_agreement_with_classes_is_refused_where_none_is_asked_for(tmp_path):
  one = GANEstimator(
    tiny_experiment(
      tmp_path / 'run',
      model='pix2pix',
      networks='unet(filters=2), patchgan(filters=2, layers=0)',
      dataset='halves("image_folder(size=(8, 16))")',
      data_dir=str(tmp_path / 'pictures'),
    )
  )
  (tmp_path / 'pictures').mkdir()
  for number in range(20):
    pixels = np.random.RandomState(number).randint(0, 256, (8, 16, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / f'pictures/{number}.png')
  options = EvaluationOptions(metrics='label_agreement')
  with pytest.raises(UsageError, match='^--metrics=label_agreement: the generator of this run is'):
    check_options(one.experiment, one.dataset, options)
