"""Files of a run: lines computed by hand, samples of fresh states, facts, and sessions."""

import dataclasses
import functools
import json
import logging

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests.conftest import fields_of, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions, load_dataset
from tfgan_pipeline.media import images
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.snapshot import Snapshots
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training import run_facts, session
from tfgan_pipeline.training.look import Look
from tfgan_pipeline.training.recorder import Recorder
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.summaries import TrainSummaries
from tfgan_pipeline.training.trainer import Trainer


def state_of(experiment, num_classes=None):
  """A dataset and a fresh state on one replica."""
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  if num_classes:
    fields = fields_of(dataset.image_shape, num_classes)
    dataset = dataclasses.replace(dataset, fields=fields)
  return dataset, TrainState.build(experiment, dataset, tf.distribute.get_strategy())


LINES = [
  '{"step": 0, "checksum": "a"}',
  '{"step": 1, "loss": 2.0}',
  '{"step": 2, "loss": 1.0, "checksum": "b", "unscheduled": true}',
  '{"step": 3, "checksum": "c", "unscheduled": true}',
  'no line',
  '{"step": 4, "loss": 0.5, "checksum": "d"}',
  '{"step": 5, "loss"',
]


@pytest.mark.parametrize(
  'first, kept',
  [
    (0, []),
    (1, [0, 1]),
    (3, [0, 1, '{"step": 2, "loss": 1.0}']),
    (4, [0, 1, '{"step": 2, "loss": 1.0}', 5]),
  ],
)
def test_lines_of_later_steps_and_of_stops_are_dropped(tmp_path, first, kept):
  run = RunDirectory(str(tmp_path))
  (tmp_path / 'train').mkdir()
  (tmp_path / 'train/train.jsonl').write_text('\n'.join(LINES))
  TrainSummaries(run, first).close()
  expected = [LINES[line] if isinstance(line, int) else line for line in kept]
  assert (tmp_path / 'train/train.jsonl').read_text().splitlines() == expected
  assert not (tmp_path / 'train/health.jsonl').exists()


def test_lines_as_they_are_written(tmp_path):
  summaries = TrainSummaries(RunDirectory(str(tmp_path)), 0)
  summaries.line(1, {'loss': 1.5, 'other': float('nan')})
  summaries.line(2, {}, 'abc')
  summaries.line(3, {'loss': 2.0}, 'def', scheduled=False)
  summaries.line(4, {}, scheduled=False)
  picture = images.grid(np.zeros((4, 3, 3, 1), np.uint8))
  summaries.reals('image', picture)
  summaries.samples(7, {'fakes': picture}, {})
  summaries.close()
  assert (tmp_path / 'train/train.jsonl').read_text().splitlines() == [
    '{"step": 1, "loss": 1.5, "other": null}',
    '{"step": 2, "checksum": "abc"}',
    '{"step": 3, "loss": 2.0, "checksum": "def", "unscheduled": true}',
    '{"step": 4}',
  ]
  events = EventAccumulator(str(tmp_path / 'train')).Reload()
  shown = {tag: [event.step for event in events.Tensors(tag)] for tag in ('reals', 'fakes')}
  assert shown == {'reals': [0], 'fakes': [7]}
  picture = tf.io.decode_png((tmp_path / 'samples/fakes-000007.png').read_bytes())
  assert picture.shape[0] == picture.shape[1]  # Two by two.


@pytest.mark.parametrize(
  'values, classes, count, columns',
  [
    (dict(networks='points_mlp(units=4)', dataset='gaussian_grid'), None, 2048, 0),
    (dict(model='conditional_gan'), 10, 60, 10),
    (dict(model='conditional_gan'), 32, 64, 32),
    (dict(model='conditional_gan'), 33, 64, 0),
    (dict(), None, 64, 0),
  ],
)
def test_samples_of_a_fresh_state(tmp_path, values, classes, count, columns):
  """Classes in columns where two rows of them fit; of points many more than of pictures."""
  experiment = tiny_experiment(tmp_path, **{'networks': 'mlp_relu(units=4)', **values})
  dataset, state = state_of(experiment, classes)
  run = RunDirectory(str(tmp_path))
  with TrainingLock(run.train) as lock:
    with Recorder(
      *(run, experiment, state),
      chief=True,
      lock=lock,
      snapshots=Snapshots(state.checkpoint),
      look=functools.cache(lambda: Look.at(experiment, state, dataset)),
    ) as recorder:
      recorder.start(0, dataset)
  game = state.game
  made = game.run(
    GENERATE, state.sampled_networks, game.inputs(GENERATE, range(count), experiment.seed)
  )
  medium = dataset.fields['image'].medium
  expected = images.enlarge(medium.picture(images.to_uint8(made).numpy(), columns=columns))
  found = tf.io.decode_png((tmp_path / 'samples/fakes-000000.png').read_bytes())
  # A grid with a column per class has headings above it.
  assert (len(found) > len(expected)) == (columns > 0)
  np.testing.assert_array_equal(found[-len(expected) :], expected)
  names = {path.name for path in (tmp_path / 'checkpoints').glob('*.index')}
  assert names == {'ckpt-000000.index'}
  (line,) = (tmp_path / 'train/train.jsonl').read_text().splitlines()
  assert json.loads(line).keys() == {'step', 'checksum'} and json.loads(line)['step'] == 0


def test_facts_and_the_state_that_they_are_of(tmp_path):
  experiment = tiny_experiment(tmp_path, networks='mlp(units=4)', model='conditional_gan')
  dataset, state = state_of(experiment)
  found = run_facts.facts(dataset, state)
  generator = 18 * 4 + 4 * 256 + 256
  discriminator = (256 + 2560) * 4 + 4 + 4 + 1
  assert found['networks'] == {
    'generator': {
      'input_shape': (8,),
      'output_shape': (16, 16, 1),
      'parameters': generator,
      'trainable_parameters': generator,
    },
    'discriminator': {
      'input_shape': (16, 16, 1),
      'output_shape': (1,),
      'parameters': discriminator,
      'trainable_parameters': discriminator,
    },
  }
  # Networks, two moments of Adam for each weight, the average; five numbers of eight bytes count
  # steps and hold learning rates of four.
  optimizers = [*state.optimizers.values()]
  held = 3 * (generator + discriminator) + generator
  rest = sum(
    variable.dtype.size
    for optimizer in optimizers
    for variable in optimizer.variables
    if variable.shape.rank == 0
  )
  assert found['checkpoint_bytes'] == 4 * held + rest + 16
  counters = (state.step_fn.global_step, state.step_fn.spare_step, state.rollbacks)
  assert [(int(counter), counter.trainable) for counter in counters] == [(0, False)] * 3
  text = run_facts.summary(experiment, dataset, state)
  assert '=' * 98 in text and '=' * 99 not in text
  assert f'{generator:,}' in text and text.endswith(f'{found["checkpoint_bytes"]:,} bytes')


def test_large_weights_are_no_fault(tmp_path):
  _, state = state_of(tiny_experiment(tmp_path, networks='mlp(units=4)'))
  weights = state.networks['generator'].trainable_variables
  for weight in weights:
    weight.assign(tf.fill(weight.shape, 3e38))
  assert state.faults() == {}
  weights[0].assign(tf.fill(weights[0].shape, np.inf))
  assert list(state.faults()) == ['weights/generator']


def test_a_stop_between_saves_is_told_until_the_run_goes_on(tmp_path):
  """`is_fresh` tells a state that was never trained, on which starting a run over depends."""
  experiment = tiny_experiment(tmp_path, networks='mlp(units=4)', ema_decay=0.0)
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  run = RunDirectory(str(tmp_path))

  def lines():
    found = map(json.loads, (tmp_path / 'train/train.jsonl').read_text().splitlines())
    return [(one['step'], 'checksum' in one, one.get('unscheduled')) for one in found]

  whole = [(0, True, None), (1, False, None), (2, True, None)]
  for first, last in ((0, 3), (3, 4)):
    trainer = Trainer(experiment, dataset, tf.distribute.get_strategy())
    assert trainer.is_fresh
    with TrainingLock(run.train) as lock:
      assert trainer.restore(run) == first and trainer.is_fresh == (first == 0)
      assert trainer.train(run, lock, StopRequest(), last) == last and not trainer.is_fresh
    if last == 3:
      assert lines() == [*whole, (3, True, True)]
  assert lines() == [*whole, (3, False, None), (4, True, None)]


def test_sessions_with_other_code_say_so(tmp_path, register, caplog):
  """Begins four sessions: a first, one with other code, one unchanged, one of another run."""

  def cell(name: str, value: str):
    """A function of no file, as in a notebook."""
    scope = {'__name__': 'cell'}
    exec(f'def {name}():\n  return {value}', scope)
    return scope[name]

  register(registry.network, cell('beside', '0'))
  register(registry.loss, cell('mine', '1'))
  run = RunDirectory(str(tmp_path))
  experiment = tiny_experiment(tmp_path, loss='mine', networks='beside')
  dataset = load_dataset(experiment.dataset, DataOptions())
  told, changed = [], []
  for value, run_id in (('1', 'a'), ('2', 'a'), ('2', 'a'), ('1', 'b')):
    register(registry.loss, cell('mine', value))
    caplog.clear()
    with caplog.at_level(logging.WARNING, 'tfgan_pipeline'):
      session.begin(
        run,
        experiment,
        {'dataset': {}},
        dataset,
        run_id=run_id,
        step=0,
        strategy=tf.distribute.get_strategy(),
        chief=True,
      )
    told.append(caplog.messages)
    changed.append(run.read_record()['sessions'][-1].get('changed_code'))
  assert [len(messages) for messages in told] == [0, 1, 0, 0]
  assert told[1][0].startswith('loss mine: other code than in the session before;')
  assert changed == [None, ['loss mine'], None, None]
