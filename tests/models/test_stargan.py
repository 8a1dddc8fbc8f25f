"""StarGAN: its losses by formula, the classes asked for, pictures, and runs on attributes."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image
import pytest

from tests.conftest import run_binary, tiny_experiment
from tests.models.test_translation_games import CASES
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.data.fields import Field, Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.build import build_networks, new_game
from tfgan_pipeline.models.way_back import given_on_the_way_back
from tfgan_pipeline.replicas import randomness

NETWORKS = CASES['stargan']['networks']
ATTRIBUTES = ('blond', 'young', 'male')


def fields_of(kind: str, names=('a', 'b', 'c')) -> Fields:
  fields = Fields.of_images((16, 16, 3), names)
  if kind == 'label':
    return fields
  fields['image'] = Field((16, 16, 3), medium=fields['image'].medium, label='attributes')
  fields['attributes'] = Field((len(names),), 'int32', classes=names)
  return fields


def game_of(kind: str, text: str = 'stargan'):
  one = tiny_experiment('', model=text, networks=NETWORKS)
  game = new_game(one, fields_of(kind))
  game.networks = build_networks(one, fields_of(kind))
  return game


def batch_of(kind: str):
  random = np.random.RandomState(0)
  image = tf.constant(random.uniform(-1, 1, (5, 16, 16, 3)), tf.float32)
  labels = random.randint(0, 3, 5) if kind == 'label' else random.randint(0, 2, (5, 3))
  return {'image': image, kind: tf.constant(labels, tf.int32)}


@pytest.mark.parametrize('kind', ['label', 'attributes'])
def test_the_loss_is_its_formula(kind):
  game, batch = game_of(kind, 'stargan(class_weight=0.5, cycle_weight=3.0)'), batch_of(kind)

  @tf.function(autograph=False)
  def run():
    with randomness.scope(randomness.key(0)):
      (model,) = game.models(batch)
      (loss,) = game.losses([model], registry.loss.build('wasserstein'))
      return loss, model.generator_inputs, model.one_hot_labels, game.observations(model)

  with tf1_tensor_equality():
    loss, (image, asked), own, observed = run()
  own = own.numpy()
  # The classes asked for are those of the batch in another order.
  assert (
    sorted(map(tuple, asked.numpy())) == sorted(map(tuple, own)) and (asked != own).numpy().any()
  )
  generator, reader = game.networks['generator'], game.networks['discriminator']
  made = generator([image, asked])
  returned = generator([made, own])
  real, fake = reader(image).numpy(), reader(made).numpy()
  errors = {}
  for name, outputs, vectors in (('real', real, own), ('fake', fake, asked.numpy())):
    logits = outputs[..., 1:].mean((1, 2))
    if kind == 'label':
      shares = np.log(np.exp(logits).sum(1)) - (logits * vectors).sum(1)
      right = logits.argmax(1) == vectors.argmax(1)
    else:
      shares = (np.log1p(np.exp(logits)) - logits * vectors).sum(1)
      right = (logits > 0) == (vectors > 0)
    errors[name] = shares.mean()
    observation = observed[f'class_accuracy/{dict(fake="generated").get(name, name)}']
    np.testing.assert_allclose(observation, right.mean(), rtol=1e-5)
  cycle = np.abs(returned - image).mean()
  expected = -fake[..., 0].mean() + 0.5 * errors['fake'] + 3 * cycle
  np.testing.assert_allclose(loss.generator_loss, expected, rtol=1e-4)
  expected = fake[..., 0].mean() - real[..., 0].mean() + 0.5 * errors['real']
  np.testing.assert_allclose(loss.discriminator_loss, expected, rtol=1e-4)


@pytest.mark.parametrize('kind, fewest', [('label', 2), ('attributes', 1)])
def test_fewest_classes_between_which_there_is_a_way(kind, fewest):
  one = tiny_experiment('', model='stargan', networks=NETWORKS)
  new_game(one, fields_of(kind, ATTRIBUTES[:fewest]))
  with pytest.raises(UsageError, match=f'has {fewest - 1} classes, between which nothing can'):
    new_game(one, fields_of(kind, ATTRIBUTES[: fewest - 1]))


def test_without_a_class_asked_for_they_take_turns():
  stored = np.zeros((4, 16, 16, 3), np.uint8)
  game = game_of('label')
  _, vectors = game.inputs(game.task(), range(1, 5), 0, {'image': stored})
  np.testing.assert_array_equal(vectors, np.eye(3)[[1, 2, 0, 1]])
  asked = {'image': stored, 'label_asked': np.array([2, 2, 0, 1])}
  np.testing.assert_array_equal(
    game.inputs(game.task(), range(4), 0, asked)[1], np.eye(3)[[2, 2, 0, 1]]
  )
  game = game_of('attributes')
  own = {'image': stored, 'attributes': np.array([[1, 0, 1]] * 4, np.int32)}
  _, vectors = game.inputs(game.task(), range(4), 0, own)
  np.testing.assert_array_equal(vectors, [[0, 0, 1], [1, 1, 1], [1, 0, 0], [0, 0, 1]])
  back = given_on_the_way_back(game, game.task(), own, stored)
  np.testing.assert_array_equal(back['label_asked'], own['attributes'])


@pytest.mark.parametrize(
  'values, message',
  [
    (
      dict(dataset='shapes(size=16, count=60, style=outline)', model='stargan(class_weight=-1.0)'),
      'class_weight=-1.0 should be at least 0',
    ),
    (dict(dataset='paired(a="shapes(size=16)", b="shapes(size=16)")'), 'reads image, and examples'),
    (dict(dataset='openmoji(size=16, count=40)'), 'label has 0 classes, between which nothing can'),
    (dict(networks='unet(filters=2), patchgan(filters=2, layers=1)'), 'reads image and classes'),
    (dict(replay_pool=20), 'TF-GAN has no pool for the losses of --model=stargan'),
  ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, values, message):
  with pytest.raises(UsageError, match=message):
    GANEstimator(tiny_experiment(tmp_path / 'run', **{**CASES['stargan'], **values})).train()
  assert not (tmp_path / 'run').exists()


def pixels_of(path, copies: int) -> np.ndarray:
  return np.stack([np.asarray(Image.open(path))] * copies)


def test_attributes_are_trained_drawn_asked_for_and_scored(tmp_path, cache_dir):
  random = np.random.RandomState(0)
  (tmp_path / 'pictures/train').mkdir(parents=True)
  rows = ['file,' + ','.join(ATTRIBUTES)]
  for number in range(24):
    pixels = random.randint(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / f'pictures/train/{number}.png')
    rows.append(f'{number}.png,' + ','.join(map(str, random.randint(0, 2, 3))))
  (tmp_path / 'pictures/list.csv').write_text('\n'.join(rows))
  run = tmp_path / 'run'
  run_binary(
    *('train', '--model=stargan', f'--networks={NETWORKS}', f'--data_dir={tmp_path}/pictures'),
    *("--dataset=attributes('list.csv', 'image_folder(16)')", f'--model_dir={run}'),
    *('--batch_size=8', '--max_steps=1', '--save_every=1', '--sample_every=1'),
    *('--loss=wasserstein', '--penalties=wasserstein_gradient', '--discriminator_steps=2'),
  )
  assert {'classes-000001.png', 'translate-000001.png'} <= {
    path.name for path in (run / 'samples').iterdir()
  }
  run_binary(
    *('translate', f'--model_dir={run}', f'--input={tmp_path}/pictures/train/0.png'),
    *(f'--output_dir={tmp_path}/made', '--attributes=blond,male'),
  )
  one = GANEstimator.of_run(str(run)).sampler(task='translate')
  one.restore(None)
  made, others = np.asarray(Image.open(tmp_path / 'made/0.png')), [[1, 0, 1], [0, 0, 0]]
  given = {'image': pixels_of(tmp_path / 'pictures/train/0.png', 2), 'label_asked': others}
  outputs = one.outputs({name: np.asarray(values) for name, values in given.items()})
  np.testing.assert_array_equal(outputs[0], made)
  assert (outputs[1] != made).any()
  result = run_binary(
    *('evaluate', f'--model_dir={run}', '--pair_metrics=cycle_error', '--metrics=fid'),
    *('--extractor=random_projection', '--num_samples=16', f'--cache_dir={cache_dir}'),
  )
  (record,) = map(json.loads, result.stdout.splitlines())
  assert np.isfinite(record['scores']['cycle_error'])
