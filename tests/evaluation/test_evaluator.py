"""One evaluator: its claims, the best of its records, and what it draws for TensorBoard."""

import dataclasses
import json
import threading
import time

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests.conftest import tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.media import images
from tfgan_pipeline.media.points import Point
from tfgan_pipeline.runs.scoring_claims import Claims

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

TAG = '1_scores/fid[random_projection]'


@pytest.fixture
def options(cache_dir):
  return EvaluationOptions(
    extractor='random_projection', metrics='fid', num_samples=130, cache_dir=cache_dir
  )


def evaluator_of(run, options):
  return GANEstimator.of_run(str(run)).evaluator(options)


def curves_of(run, options) -> EventAccumulator:
  everything = {'scalars': 0, 'tensors': 0, 'images': 0}
  return EventAccumulator(
    str(run / 'eval' / options.directory_name),
    size_guidance=everything,
    tensor_size_guidance=everything,
  ).Reload()


def tensors_of(events: EventAccumulator, tag: str) -> dict:
  return {event.step: tf.make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}


def test_one_that_is_being_scored_is_waited_for_unless_asked_not_to(run, options):
  evaluator = evaluator_of(run, options)
  claims = Claims(evaluator.run.evaluation(options.directory_name))
  found = []
  with claims.of(2):
    assert evaluator.evaluate(2, wait=False) is None
    thread = threading.Thread(target=lambda: found.append(evaluator.evaluate(2)))
    thread.start()
    time.sleep(0.1)
    assert not found
  thread.join()
  assert found[0]['step'] == 2 and 'fid[random_projection]' in found[0]['scores']


def test_what_is_drawn_and_written_down(run, options):
  evaluator = evaluator_of(run, options)
  records = {step: evaluator.evaluate(step) for step in (0, 2, 4)}
  assert evaluator.evaluate()['step'] == 4  # By default the newest.
  events = curves_of(run, options)
  scores = tensors_of(events, TAG)
  assert scores == {
    step: pytest.approx(record['scores']['fid[random_projection]'], rel=1e-6)
    for step, record in records.items()
  }
  sampler = GANEstimator.of_run(str(run)).sampler()
  sampler.restore(2)
  picture = images.enlarge(images.grid(sampler.images(range(64), 0)))
  drawn = tf.io.decode_png(tensors_of(events, 'fakes')[2][2]).numpy()
  np.testing.assert_array_equal(drawn, picture)
  (text,) = tensors_of(events, 'definition')[0].ravel()
  assert text.decode() == '```\n' + json.dumps(evaluator.definition, indent=2) + '\n```'
  for record in records.values():
    assert 0 <= record['seconds'] < 600 and record['seconds'] == round(record['seconds'], 2)


def test_of_points_2048_are_drawn(tmp_path, cache_dir):
  points = dict(networks='points_mlp(units=4)', dataset='gaussian_grid', ema_decay=0.0)
  experiment = tiny_experiment(tmp_path, max_steps=1, save_every=1, sample_every=1, **points)
  GANEstimator(experiment).train()
  options = EvaluationOptions(
    extractor='points', metrics='fid', num_samples=2100, cache_dir=cache_dir
  )
  evaluator_of(tmp_path, options).evaluate(1)
  drawn = tf.io.decode_png(tensors_of(curves_of(tmp_path, options), 'fakes')[1][2]).numpy()
  sampler = GANEstimator.of_run(str(tmp_path)).sampler()
  sampler.restore(1)
  np.testing.assert_array_equal(drawn, Point().picture(sampler.images(range(2048), 0)))


def test_curves_of_a_run_before_it_are_forgotten(run, options):
  for step in (0, 2):
    evaluator_of(run, options).evaluate(step)
  record = json.loads((run / 'experiment.json').read_text())
  (run / 'experiment.json').write_text(json.dumps({**record, 'run_id': 'another'}))
  for path in (run / 'checkpoints').glob('ckpt-*.json'):
    path.unlink()  # They say whose checkpoint it is.
  evaluator_of(run, options).evaluate(4)
  assert list(tensors_of(curves_of(run, options), TAG)) == [4]


@pytest.mark.parametrize('best_by, order', [('fid', [4, 2, 0]), ('precision', [0, 2, 4]), ('', [])])
def test_the_best_is_among_those_that_are_there(run, options, monkeypatch, best_by, order):
  """Scores 3, 2 and 1; then takes away the best again and again."""
  values = {0: 3.0, 2: 2.0, 4: 1.0}

  def score(scorer, batches, **_):
    list(batches)  # As a scorer does; the evaluator keeps those that it shows.
    return {f'{name}[random_projection]': values[step] for name in ('fid', 'precision')}

  monkeypatch.setattr(Scorer, 'score', score)
  options = dataclasses.replace(
    options, metrics='fid, precision_recall', best_by=best_by, num_samples=10
  )
  evaluator = evaluator_of(run, options)
  for step in values:
    evaluator.evaluate(step)
  for expected in order:
    assert evaluator.best()['step'] == expected
    for path in (run / 'checkpoints').glob(f'ckpt-{expected:06d}*'):
      path.unlink()
  assert evaluator.best() is None
