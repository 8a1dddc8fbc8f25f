"""MidiNet: its networks, losses by formula, tunes as chains of bars, and runs by real binaries."""

from __future__ import annotations

import base64
import json
import re
import shutil

import numpy as np
import pytest

from tests.conftest import checkpoint, run_binary, tiny_experiment
from tests.data.tune_files import write_tunes
from tests.training.test_replicas import assert_close, train
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media.rolls import rolls_of
from tfgan_pipeline.models.build import build_networks, new_game
from tfgan_pipeline.networks.layers.chord_order import SILENT, chord_vectors, chords_of
from tfgan_pipeline.replicas import randomness

SMALL = dict(
  model='midinet',
  networks='midinet(filters=2, units=8, read=2)',
  noise='normal(6)',
  loss='modified(label_smoothing=0.2)',
  update='sequential',
  generator_steps=2,
  batch_size=8,
)


def game_of(bars: int = 3, model: str = 'midinet', **values):
  one = tiny_experiment('', **{**SMALL, 'model': model, **values})
  fields = Fields.of_images((16 * bars, 128, 1), (), 'roll')
  game = new_game(one, fields)
  game.networks = build_networks(one, fields)
  return game


def rolls(count: int, bars: int, seed: int = 0) -> np.ndarray:
  return rolls_of(np.random.RandomState(seed).randint(-1, 128, (count, 16 * bars)))


def test_the_numbers_trained_are_those_of_the_paper():
  networks = game_of(networks='midinet', noise='normal(100)').networks
  counts = {
    role: sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    for role, network in networks.items()
  }
  assert counts == {'generator': 530_625, 'discriminator': 312_703}


@pytest.mark.parametrize(
  'pitches, chord',
  [
    ([60, 64, 67], 'C'),
    ([62, 65, 69], 'Dm'),
    ([55, 59, 74], 'G'),
    ([57, 60, 64, 57], 'Am'),
    ([60], 'C'),
    ([61], 'C#'),
    ([60, 67], 'C'),
    ([], ''),
  ],
)
def test_chords_of_bars(pitches, chord):
  from tfgan_pipeline.networks.layers.chord_order import NAMES

  steps = [*pitches * 4, *[-1] * (16 - 4 * len(pitches))]
  bars = tf.constant(rolls_of(np.array([steps])), tf.float32) / 127.5 - 1
  (number,) = chords_of(bars).numpy()
  (vector,) = chord_vectors(tf.constant([number])).numpy()
  if not pitches:
    assert number == SILENT and not vector.any()
    return
  assert NAMES[number] == chord
  np.testing.assert_array_equal(np.flatnonzero(vector[:12]), [number % 12])
  assert vector[12] == chord.endswith('m')


def test_the_loss_is_its_formula():
  game = game_of(model='midinet(feature_weight=0.3, mean_weight=0.2)')
  medium = game.data['image'].require_medium()
  batch = {'image': medium.to_device(tf.constant(rolls(5, 3)))}

  @tf.function(autograph=False)
  def run():
    with randomness.scope(randomness.key(0)):
      (model,) = game.models(batch)
      (loss,) = game.losses([model], registry.loss.build('modified(label_smoothing=0.2)'))
      return loss, model.real_data, model.generated_data, model.generator_inputs

  with tf1_tensor_equality():
    loss, real, fake, (_, previous, chord) = run()
  phrases = batch['image'].numpy().reshape(5, 3, 16, 128, 1)
  for row, (bar, before) in enumerate(zip(real.numpy(), previous.numpy())):
    (place,) = [n for n in range(3) if np.array_equal(phrases[row, n], bar)]
    expected = phrases[row, place - 1] if place else np.full_like(bar, -1)
    np.testing.assert_array_equal(before, expected)
  np.testing.assert_array_equal(chord, chord_vectors(chords_of(real)))

  reader = game.networks['discriminator']
  logits = [reader([bars, chord], training=True).numpy() for bars in (real, fake)]
  inner = keras.Model(reader.inputs, reader.get_layer('first_features').output)
  means = [inner([bars, chord]).numpy().mean(axis=0) for bars in (real, fake)]
  features = np.square(means[0] - means[1]).sum() / 2
  image = np.square((real.numpy().mean(axis=0) - fake.numpy().mean(axis=0)) / 2).sum() / 2
  log = lambda x: np.log1p(np.exp(x))  # noqa: E731
  expected = log(-logits[1]).mean() + 0.3 * features + 0.2 * image
  np.testing.assert_allclose(loss.generator_loss, expected, rtol=1e-5)
  expected = (0.9 * log(-logits[0]) + 0.1 * log(logits[0])).mean() + log(logits[1]).mean()
  np.testing.assert_allclose(loss.discriminator_loss, expected, rtol=1e-5)


def test_each_bar_is_made_of_the_one_before_as_it_is_stored():
  game = game_of()
  medium, task = game.data['image'].require_medium(), game.task()
  generator = game.networks['generator']
  chords = np.array([[0, 21, 7], [5, 5, SILENT]], np.int32)
  first = rolls(2, 1)
  inputs = game.inputs(task, [4, 9], 3, {'chord': chords, 'previous': first})
  tunes = medium.to_stored(game.run(task, game.networks, inputs)).numpy()
  assert tunes.shape == (2, 48, 128, 1)
  previous = medium.to_device(tf.constant(first))
  for bar in range(3):
    noise, vectors = inputs[0][:, bar], chord_vectors(tf.constant(chords[:, bar]))
    values = generator([noise, previous, vectors], training=False)
    stored = medium.to_stored(values).numpy()
    np.testing.assert_array_equal(tunes[:, 16 * bar :][:, :16], stored)
    previous = medium.to_device(tf.constant(stored))
  silence = game.inputs(task, [4], 3)
  assert (silence[3].numpy() == -1).all() and (silence[2].numpy() == -1).all()
  np.testing.assert_array_equal(silence[0][0], inputs[0][0])


def test_chords_follow_each_other_as_in_training():
  game = game_of()
  layer = game.networks['generator'].get_layer('chords')
  g, am = 7, 21
  bars = [[55, 59, 62], [57, 60, 64]]
  rolls_ = rolls_of(np.array([bar * 5 + [-1] for bar in bars]))
  medium = game.data['image'].require_medium()
  pair = medium.to_device(tf.constant(rolls_))
  for _ in range(3):
    layer([pair, chord_vectors(tf.constant([am, SILENT]))], training=True)
  layer([pair, chord_vectors(tf.constant([0, 0]))], training=False)  # Nothing is counted.
  places = tf.constant([0.01, 0.5, 0.99])
  np.testing.assert_array_equal(layer.draw(tf.fill([3], g), places), [am] * 3)
  np.testing.assert_array_equal(layer.draw(tf.fill([3], am), places), [SILENT] * 3)
  np.testing.assert_array_equal(layer.draw(tf.fill([3], 4), places), [0, 12, 24])  # Never seen.


@pytest.fixture(scope='module')
def songs(tmp_path_factory):
  return write_tunes(tmp_path_factory.mktemp('songs'), count=24)


@pytest.mark.heavy
@pytest.mark.usefixtures('graphs_as_traced')
@pytest.mark.parametrize('replicas', [2, 4])
def test_resumed_and_on_replicas(tmp_path, songs, replicas):
  values = {
    **SMALL,
    'dataset': f"tunes('{songs}', bars=3)",
    'generator_optimizer': 'sgd(0.01)',
    'discriminator_optimizer': 'sgd(0.01)',
  }
  once = train(tmp_path / 'once', 1, **values, save_every=2)
  shutil.copytree(tmp_path / 'once', tmp_path / 'halves')
  for step in (4, 5):
    for path in (tmp_path / 'halves/checkpoints').glob(f'ckpt-{step:06d}*'):
      path.unlink()
  resumed = train(tmp_path / 'halves', 1, **values, save_every=2)
  assert once.keys() == resumed.keys()
  for name, value in once.items():
    np.testing.assert_array_equal(resumed[name], value, err_msg=name)
  assert_close(once, train(tmp_path / 'several', replicas, **values))
  start = checkpoint(tmp_path / 'once', 0)
  assert any('/counts/' in name and value.any() for name, value in once.items())
  for part in {name.split('/')[0] for name in once} - {'save_counter', 'rollbacks'}:
    names = [name for name in once if name.startswith(f'{part}/')]
    assert any(not np.array_equal(start[name], once[name]) for name in names), part


@pytest.fixture(scope='module')
def trained(tmp_path_factory, songs):
  """A run of four steps by the real binary."""
  run = tmp_path_factory.mktemp('trained') / 'run'
  run_binary(
    'train',
    *tiny_experiment(run, **SMALL, dataset=f"tunes('{songs}', bars=3)")
    .to_flagfile()
    .splitlines()[1:],
  )
  return run


def test_tunes_are_written_as_midi_sound_and_picture(trained, tmp_path):
  assert (trained / 'samples/fakes-000004.png').is_file()
  folder = tmp_path / 'tunes'
  flags = (f'--model_dir={trained}', f'--images_dir={folder}', '--sample_seed=3')
  said = json.loads(run_binary('sample', *flags, '--count=3').stdout)
  assert said['count'] == 3
  endings = ('.mid', '.png', '.wav')
  names = [f'{number:06d}{ending}' for number in range(3) for ending in endings]
  assert sorted(path.name for path in folder.iterdir()) == names
  before = {path.name: path.read_bytes() for path in folder.iterdir()}
  run_binary('sample', *flags, '--count=4')
  after = {path.name: path.read_bytes() for path in folder.iterdir()}
  assert len(after) == 12 and after.items() >= before.items()
  (folder / '000001.mid').write_bytes(b'other')
  said = run_binary('sample', *flags, '--count=4', code=2).stderr
  assert 'its 000001.mid is another file than that sample' in said
  run_binary('sample', f'--model_dir={trained}', f'--output={tmp_path}/tunes.png')
  assert (tmp_path / 'tunes.png').is_file()


def test_tunes_in_python_and_of_the_export(trained, tmp_path):
  estimator = GANEstimator.of_run(str(trained))
  tunes = estimator.predict(5, seed=2)
  assert tunes.shape == (5, 48, 128, 1) and set(np.unique(tunes)) <= {0, 255}
  loaded = tf.saved_model.load(estimator.export_saved_model(str(tmp_path / 'exported')))
  np.testing.assert_array_equal(loaded.generate(5, 2), tunes)
  signature = loaded.signatures['serving_default']
  assert set(signature.structured_input_signature[1]) == {'count', 'seed'}


def test_scores_of_tunes(trained, tmp_path):
  options = EvaluationOptions(
    extractor='melody', metrics='melody', num_samples=20, cache_dir=str(tmp_path)
  )
  scores = GANEstimator.of_run(str(trained)).evaluate(options=options)['scores']
  assert len(scores) == 14
  assert all(np.isfinite(value) for value in scores.values())
  assert all(name.endswith('[melody]') for name in scores)


def test_a_report_plays_the_first_tune(trained, tmp_path):
  sound = (trained / 'samples/fakes-000004.wav').read_bytes()
  run_binary('report', f'--model_dir={trained}', f'--output={tmp_path}/page.html')
  (address,) = re.findall(r'<audio controls src="(.*?)"', (tmp_path / 'page.html').read_text())
  assert base64.b64decode(address.removeprefix('data:audio/wav;base64,')) == sound
  assert 10_000 < len(sound) < 200_000


@pytest.mark.parametrize(
  'flags, message',
  [
    (('--dataset=digits(size=16)',), 'makes phrases of bars of 16x128x1, as of --dataset=tunes'),
    (('--networks=dcgan(filters=2)',), 'its generator has 1 inputs, and of --model=midinet('),
    (('--model=gan',), '--networks=midinet: makes bars of 16x128x1, of --model=midinet'),
    (('--model=midinet(mean_weight=-1.0)',), 'mean_weight=-1.0 should be at least 0'),
    (('--networks=midinet(units=0)',), 'units=0 should be at least 1'),
    (('--augment=flip',), 'needs pictures'),
    (('--generator_steps=0',), '--generator_steps=0'),
  ],
)
def test_what_does_not_fit_is_refused_in_a_line(songs, tmp_path, flags, message):
  values = tiny_experiment(tmp_path / 'run', **SMALL, dataset=f"tunes('{songs}')")
  given = values.to_flagfile().splitlines()[1:]
  said = run_binary('train', *given, *flags, '--dry_run', code=2).stderr
  assert message in said and len(said.strip().splitlines()) == 1, said
  assert not (tmp_path / 'run').exists()


@pytest.mark.heavy
@pytest.mark.usefixtures('exports')
def test_the_step_is_a_program_of_a_tpu():
  from tests.tpu.test_tpu_export import StepExporter
  from tfgan_pipeline.data.dataset import Dataset

  data = Dataset.of_images('any', (48, 128, 1), (), {}, medium='roll')
  text = StepExporter(tiny_experiment('', **SMALL), data, 4).stablehlo(replica_batch=2)
  assert 'func.func @main' in text
