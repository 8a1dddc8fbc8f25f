"""Loss floors, pretraining, schedules and replay pool: when, how fast and by what players learn."""

import collections
import json

import numpy as np
import pytest

from tests.conftest import checkpoint, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.training.refusals import refuse_what_does_not_fit
from tfgan_pipeline.training.replay_pool import ReplayPool

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


def train(model_dir, **values):
  """Trains four steps and returns the checkpoints of all steps and the lines of curves."""
  experiment = tiny_experiment(
    model_dir, **{'networks': 'mlp(units=8)', 'save_every': 1, 'ema_decay': 0.0, **values}
  )
  GANEstimator(experiment).train()
  weights = [checkpoint(model_dir, step) for step in range(5)]
  _, *lines = (model_dir / 'train/train.jsonl').read_text().splitlines()  # Of step 0: no curves.
  return weights, [json.loads(line) for line in lines]


def moved(weights, part: str) -> list[bool]:
  """Returns, for each step, whether any tensor changed whose name starts with `part`."""
  return [
    any(not np.array_equal(one[name], other[name]) for name in one if name.startswith(part))
    for one, other in zip(weights, weights[1:])
  ]


def test_the_discriminator_is_trained_first(tmp_path):
  weights, curves = train(tmp_path, discriminator_pretraining=2)
  for part in ('generator/', 'generator_optimizer/'):
    assert moved(weights, part) == [False, False, True, True], part
  assert moved(weights, 'discriminator/') == [True] * 4
  assert [line['updated/generator'] for line in curves] == [0, 0, 1, 1]


def test_a_player_rests_below_its_floor(tmp_path):
  weights, curves = train(tmp_path, discriminator_loss_floor=100.0, generator_loss_floor=0.01)
  for part in ('discriminator/', 'discriminator_optimizer/'):
    assert moved(weights, part) == [False] * 4, part
  assert moved(weights, 'generator/') == [True] * 4
  assert curves[-1]['updated/discriminator'] == 0 and curves[-1]['updated/generator'] == 1


def test_lazy_penalties_count_fully_each_at_its_own_steps(tmp_path):
  _, curves = train(tmp_path / 'lazy', penalties='r1(interval=2), r2(interval=3)')
  _, always = train(tmp_path / 'always', penalties='r1, r2')
  for name, interval in (('r1', 2), ('r2', 3)):
    values = [line[f'penalty/{name}'] for line in curves]
    assert [value > 0 for value in values] == [step % interval == 0 for step in range(4)]
    assert [value for value in values if value <= 0] == [0.0] * (4 - len(values[::interval]))
    expected = interval * always[0][f'penalty/{name}']
    assert values[0] == pytest.approx(expected, rel=1e-5)


def test_pool():
  """New images enter, old ones come out half of the time, each with its own input."""
  pool = ReplayPool(32, (tf.zeros([1, 1]), tf.zeros([1, 2, 2, 1])))

  @tf.function(autograph=False)
  def exchange(first, step):
    inputs = tf.range(16, dtype=tf.float32)[:, None] + first
    with randomness.scope(randomness.key(0, step)):
      return pool((inputs, inputs[:, :, None, None] * tf.ones([1, 2, 2, 1])))

  assert not any(variable.trainable for variable in pool.variables.values())
  seen, old = collections.Counter(), 0
  for step in range(40):
    inputs, images = exchange(tf.constant(100.0 * step), tf.constant(step))
    np.testing.assert_array_equal(images[:, 0, 0, 0], inputs[:, 0])
    if not step:
      np.testing.assert_array_equal(inputs[:, 0], np.arange(16))
    shown = inputs.numpy()[:, 0].astype(int)
    seen.update(shown)
    held = pool.variables['held_0'].numpy()[:, 0].astype(int)
    if step > 10:
      assert pool.variables['full'].numpy().all()
      assert 2 <= np.sum(shown < 100 * step) <= 14
      old += np.sum(shown < 100 * step)
      assert len(set(held) | set(seen)) == 16 * (step + 1)
  assert abs(old / (29 * 16) - 0.5) < 0.08  # Three and a half deviations.
  # What was shown on entering an empty place may come out of it later; nothing else comes twice.
  assert max(seen.values()) == 2


@pytest.mark.parametrize(
  'text, rates',
  [
    ('linear(steps=4)', [1, 0.75, 0.5, 0.25, 0, 0]),
    ('linear(steps=2, start=2, final=0.5)', [1, 1, 1, 0.75, 0.5, 0.5]),
    ('cosine(steps=4)', [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2, 0, 0]),
    ('warmup(steps=4)', [0, 0.25, 0.5, 0.75, 1, 1]),
    ('exponential(steps=2)', [1, 0.5**0.5, 0.5, 0.5**1.5, 0.25, 0.5**2.5]),
    ('exponential(steps=2, factor=0.1, staircase=True)', [1, 1, 0.1, 0.1, 0.01, 0.01]),
  ],
)
def test_schedules(text, rates):
  schedule = registry.schedule.build(text, 0.5)
  values = [float(schedule(tf.constant(step, tf.int64))) for step in range(6)]
  np.testing.assert_allclose(values, 0.5 * np.array(rates), atol=1e-7)


def test_learning_rates_are_plotted_as_scheduled(tmp_path):
  _, curves = train(tmp_path, generator_optimizer='sgd(0.1, schedule=linear(steps=4))')
  rates = [line['learning_rate/generator'] for line in curves]
  np.testing.assert_allclose(rates, [0.1, 0.075, 0.05, 0.025], atol=1e-7)


def test_a_pool_may_be_of_one_batch():
  experiment = tiny_experiment('', replay_pool=16)
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  game = new_game(experiment, dataset.fields)
  refuse_what_does_not_fit(experiment, game, dataset, {}, {})


@pytest.mark.parametrize(
  'values, message',
  [
    (dict(replay_pool=20, model='acgan'), '--replay_pool=20: TF-GAN has no pool for'),
    (dict(replay_pool=8), '--replay_pool=8: should be at least --batch_size=16'),
    (dict(replay_pool=20, accumulate=2), '--replay_pool=20: not with --accumulate=2'),
    (dict(replay_pool=20, model='vae'), '--replay_pool=20: needs a discriminator'),
    (
      dict(discriminator_augment='diff_augment', model='vae'),
      '--discriminator_augment=.* needs a disc',
    ),
    (dict(generator_optimizer='adam(schedule=linear(steps=0))'), '--generator_optimizer=.*steps=0'),
    (
      dict(generator_optimizer='adam(schedule=up)'),
      "--generator_optimizer=.*unknown schedule 'up'",
    ),
    (
      dict(loss='modified(label_noise=2.0)'),
      '--loss: label_noise=2.0 should be at least 0 and at most 1',
    ),
  ],
)
def test_refused_before_anything_is_written(tmp_path, values, message):
  with pytest.raises(UsageError, match=message):
    GANEstimator(tiny_experiment(tmp_path / 'run', networks='mlp(units=8)', **values)).train()
  assert not (tmp_path / 'run').exists()


def test_a_run_from_before_an_argument_existed_is_still_the_same_run():
  now = Experiment(loss='modified', generator_optimizer='adam')
  recorded = Experiment.from_record(
    {
      **now.to_dict(),
      'loss': 'modified(label_smoothing=0.0)',
      'generator_optimizer': 'adam(learning_rate=0.0002, beta_1=0.9, beta_2=0.999, epsilon=1e-07)',
    }
  )
  assert now.differences(recorded) == []
  other = Experiment.from_record({**now.to_dict(), 'loss': 'modified(label_smoothing=0.1)'})
  assert len(now.differences(other)) == 1
