"""A game of two generators, two images and a task per direction, through all of the seams."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
from PIL import Image
import pytest

from tests.conftest import checkpoint, tiny_experiment
from tests.forked import Forked, run
from tests.seams.two_way_game import SIDES, two_way
from tests.seams.two_way_network import two_way_translators
from tests.training.test_replicas import assert_close
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.tpu.export import StepExporter

SHAPES = {'a': (16, 16, 1), 'b': (8, 12, 3)}
VALUES = dict(
  model='two_way',
  networks='two_way_translators, mlp(units=8)',
  dataset='domains(a="digits(size=16)", b="shapes(size=(8, 12), count=200)")',
  augment='flip',
  replay_pool=40,
  generator_optimizer='sgd(0.01, momentum=0.9)',
  discriminator_optimizer='sgd(0.01, momentum=0.9)',
  ema_decay=0.9,
)


def register_all() -> None:
  """Makes the game and its network known to this process."""
  registry.model(two_way)
  registry.network(two_way_translators)


@pytest.fixture(scope='module', autouse=True)
def known(register_in_module):
  register_in_module(registry.model, two_way)
  register_in_module(registry.network, two_way_translators)


def estimator(model_dir, **values) -> GANEstimator:
  return GANEstimator(tiny_experiment(model_dir, **{**VALUES, **values}))


def flags(model_dir, **values) -> tuple[str, ...]:
  experiment = tiny_experiment(model_dir, **{**VALUES, **values})
  return tuple(experiment.to_flagfile().splitlines()[1:])


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """A run of four steps, by the real binary."""
  model_dir = tmp_path_factory.mktemp('two_way') / 'run'
  result = run('train', flags(model_dir), 200, register_all)
  assert result.returncode == 0, result.stderr
  return model_dir


def test_both_directions_are_trained_averaged_and_shown(trained):
  start, end = (checkpoint(trained, step) for step in (0, 4))
  parts = {name.split('/')[0] for name in end}
  averages, pools = (
    {'generator_ab_ema', 'generator_ba_ema'},
    {f'replay_pool_{name}' for name in SIDES},
  )
  assert averages | pools < parts
  for part in parts - {'save_counter', 'rollbacks'}:
    names = [name for name in end if name.startswith(f'{part}/')]
    assert any(not np.array_equal(start[name], end[name]) for name in names), part
  line = json.loads((trained / 'train/train.jsonl').read_text().splitlines()[-1])
  assert {f'discriminator_output/real/{name}' for name in SIDES} < line.keys()
  health = json.loads((trained / 'train/health.jsonl').read_text().splitlines()[-1])
  tags = {'samples/diversity', 'samples/diversity/b_to_a', 'moving_average/distance/generator_ba'}
  assert tags < health.keys()
  shown = {path.name for path in (trained / 'samples').iterdir()}
  assert shown == {
    *('reals-image_a.png', 'reals-image_b.png'),
    *(f'{name}-{step:06d}.png' for name in SIDES for step in (0, 4)),
  }


@pytest.mark.heavy  # tests/models/test_translation_training.py kills a game with pools by default.
def test_killed_it_goes_on_as_if_it_had_not_been(trained, tmp_path):
  process = Forked('train', flags(tmp_path / 'run'), register_all)
  for line in process.stderr:
    if 'step 3/' in line:
      process.kill()
  process.communicate(60)
  assert process.returncode != 0
  result = run('train', flags(tmp_path / 'run'), 200, register_all)
  assert result.returncode == 0, result.stderr
  whole, resumed = checkpoint(trained, 4), checkpoint(tmp_path / 'run', 4)
  assert whole.keys() == resumed.keys()
  for name, value in whole.items():
    np.testing.assert_array_equal(resumed[name], value, err_msg=name)


@pytest.mark.heavy  # As above.
@pytest.mark.parametrize(
  'replicas, accumulate', [(2, 1), (4, 1), pytest.param(1, 2, id='accumulated')]
)
def test_replicas_and_parts_make_the_same_run(trained, tmp_path, replicas, accumulate):
  values = dict(virtual_devices=replicas, accumulate=accumulate)
  whole = checkpoint(trained, 4)
  if accumulate > 1:  # A pool sees whole batches only.
    values['replay_pool'] = 0
    estimator(tmp_path / 'whole', replay_pool=0).train()
    whole = checkpoint(tmp_path / 'whole', 4)
  result = run('train', flags(tmp_path / 'run', **values), 200, register_all)
  assert result.returncode == 0, result.stderr
  assert_close(whole, checkpoint(tmp_path / 'run', 4))


def test_each_direction_is_scored_in_its_own_place(trained, cache_dir):
  common = dict(extractor='random_projection', metrics='fid', cache_dir=str(cache_dir))
  one = GANEstimator.of_run(str(trained))
  options = EvaluationOptions(task='all', num_samples=100, **common)
  for record, (task, (source, target)) in zip(
    one.evaluate_variants(options=options), SIDES.items(), strict=True
  ):
    facts = record['definition']['task']
    assert facts.pop('fingerprint') and facts == {
      'name': task,
      'source': f'image_{source}',
      'target': f'image_{target}',
      'split': 'train',
    }
    path = trained / f'eval/{task}-random_projection-100/scores.jsonl'
    assert json.loads(path.read_text())['scores'] == record['scores']
  for values, message in (
    (dict(task='there'), '--task=there: should be one of a_to_b, b_to_a'),
    (dict(pair_metrics='l1'), '--pair_metrics=l1: .* image_a and image_b .* are no pair'),
    (dict(path_length=9), '--path_length: of generators of standard normal noise alone'),
    (dict(batch_norm='batch'), '--batch_norm=batch: of samples of noise'),
  ):
    with pytest.raises(UsageError, match=message):
      one.evaluate(options=EvaluationOptions(**common, **values))


def test_outputs_are_the_networks_and_do_not_depend_on_how_many_are_asked_for(trained, tmp_path):
  one = GANEstimator.of_run(str(trained))
  loaded = tf.saved_model.load(one.export_saved_model(str(tmp_path / 'exported')))
  assert set(loaded.signatures) == {*SIDES, 'serving_default'}
  random = np.random.RandomState(0)
  for task, (source, target) in SIDES.items():
    images = random.randint(0, 256, (19, *SHAPES[source]), np.uint8)
    outputs = one.translate(images, task=task)
    assert outputs.shape == (19, *SHAPES[target]) and outputs.dtype == np.uint8
    np.testing.assert_array_equal(one.translate(images[17:], task=task), outputs[17:])
    assert not np.array_equal(one.translate(images, task=task, weights='raw'), outputs)
    network = one.sampler(task=task)
    network.restore()
    floats = network.restored.networks[f'generator_{source}{target}'](images / 127.5 - 1)
    assert np.abs(np.rint((np.clip(floats, -1, 1) + 1) * 127.5) - outputs).max() <= 1
    exported = getattr(loaded, task)(images).numpy().astype(int)
    assert np.abs(exported - outputs).max() <= 1
  with pytest.raises(UsageError, match=r'--task=a_to_b: reads image_a \[n, 16, 16, 1\], not'):
    one.translate(images, task='a_to_b')
  with pytest.raises(UsageError, match='--task=a_to_b: reads image_a'):
    next(one.sampler().batches(4, 0))


def test_pictures_of_a_folder_are_translated_under_their_names(trained, tmp_path):
  folder = tmp_path / 'pictures'
  folder.mkdir()
  random = np.random.RandomState(0)
  for name, shape in (('cat', (8, 12, 3)), ('dog', (30, 40, 3))):
    Image.fromarray(random.randint(0, 256, shape, np.uint8)).save(folder / f'{name}.jpg')
  common = (f'--model_dir={trained}', '--task=b_to_a', f'--input_dir={folder}')
  made = tmp_path / 'made'
  result = run('sample', (*common, f'--images_dir={made}'), 200, register_all)
  assert result.returncode == 0, result.stderr
  assert sorted(path.name for path in made.iterdir()) == ['cat.png', 'dog.png']
  assert np.asarray(Image.open(made / 'cat.png')).shape == (16, 16)
  result = run('sample', (*common, f'--output={tmp_path}/both.png'), 200, register_all)
  assert result.returncode == 0, result.stderr
  assert min(Image.open(tmp_path / 'both.png').size) >= 480
  first = made / 'cat.png'
  before = first.stat().st_mtime_ns
  assert run('sample', (*common, f'--images_dir={made}'), 200, register_all).returncode == 0
  assert first.stat().st_mtime_ns == before
  Image.new('L', (16, 16)).save(first)
  for arguments, message in (
    ((*common, f'--images_dir={made}'), 'cat.png is there, and another picture'),
    ((*common, f'--images_dir={folder}/in'), f'--images_dir={folder}/in: lies in --input_dir'),
    ((*common[:2], f'--images_dir={made}'), '--input_dir: --task=b_to_a reads pictures'),
    ((*common, f'--images_dir={made}', '--traverse=3'), '--traverse: not with --input_dir'),
  ):
    refused = run('sample', arguments, 200, register_all)
    assert refused.returncode == 2 and message in refused.stderr, refused.stderr


def two_way_pairs(options):
  """Grey squares as image_a, inverted as image_b: two halves of a pair."""
  del options
  images = np.random.RandomState(0).randint(0, 256, (24, 8, 8, 1), np.uint8)
  image = Fields.of_images((8, 8, 1))['image']
  fields = Fields(image_a=image, image_b=dataclasses.replace(image, twin='image_a'))
  split = MemorySplit({'image_a': images, 'image_b': 255 - images})
  return Dataset('two_way_pairs', fields, {'train': split, 'test': split})


def test_outputs_of_pairs_are_compared_with_their_targets(tmp_path, register, cache_dir):
  register(registry.dataset, two_way_pairs)
  one = estimator(tmp_path / 'run', dataset='two_way_pairs', max_steps=1, replay_pool=0)
  one.train()
  options = EvaluationOptions(
    task='b_to_a',
    pair_metrics='l1, psnr',
    **dict(extractor='random_projection', metrics='fid', num_samples=20, best_by='l1'),
    cache_dir=str(cache_dir),
  )
  record = one.evaluate(options=options)
  split = one.dataset.split('train')
  outputs = one.translate(split.arrays['image_b'][:20], task='b_to_a').astype(float)
  expected = np.abs(outputs - split.arrays['image_a'][:20]).mean()
  assert record['scores']['l1'] == pytest.approx(expected)
  assert record['definition']['pair_metrics'] == 'l1, psnr' and record['scores']['psnr'] < 30


def test_penalties_on_weights_count_once(tmp_path):
  one = estimator(
    tmp_path / 'run', penalties='weight_decay(weight=0.5)', replay_pool=0, max_steps=1
  )
  one.train()
  weights = checkpoint(tmp_path / 'run', 0)
  kernels = [
    value.astype(np.float64)
    for name, value in weights.items()
    if re.match(r'discriminator_[ab]/.*kernel', name)
  ]
  line = json.loads((tmp_path / 'run/train/train.jsonl').read_text().splitlines()[-1])
  expected = 0.5 * sum(np.square(kernel).sum() / 2 for kernel in kernels)
  assert kernels and line['penalty/weight_decay'] == pytest.approx(expected, rel=1e-5)


@pytest.mark.usefixtures('exports')
def test_a_tpu_would_be_given_both_directions():
  experiment = tiny_experiment('', **VALUES)
  dataset = load_dataset(experiment.dataset, DataOptions())
  text = StepExporter(experiment, dataset, replicas=4).stablehlo(replica_batch=4)
  arguments = re.findall(r'tensor<([^>]*)>', text[text.index('@main(') : text.index(') -> (')])
  assert arguments[:4] == ['4x16x16x1xui8', '4x8x12x3xui8', '4xi32', '4xi32']
  assert 'tensor<?' not in text


@pytest.mark.parametrize(
  'values, message',
  [
    (dict(dataset='digits(size=16)'), '--model=two_way.*: reads image_a, image_b, and examples of'),
    (dict(model='gan', networks='mlp'), '--model=gan: reads image, and examples of .* image_a'),
    (dict(networks='two_way_translators'), 'has no discriminator_a of 1 outputs'),
    (dict(networks='mlp'), 'has no generator_ab of 8x12x3 outputs'),
    (dict(penalties='lecam'), '--penalties=lecam: needs one direction'),
    (dict(penalties='feature_matching'), 'feature_matching: needs features of the discriminator'),
  ],
)
def test_what_does_not_fit_is_refused_in_a_line(tmp_path, values, message):
  with pytest.raises(UsageError, match=message):
    estimator(tmp_path / 'run', **values).train()
  assert not (tmp_path / 'run').exists()
