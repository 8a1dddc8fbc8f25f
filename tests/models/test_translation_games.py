"""Games between images: their losses by formula, and runs of each through the real binary."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import checkpoint, run_binary, tiny_experiment
from tests.models.kinds import TRANSLATION_GAMES, light
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import DataOptions, load_dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.build import build_networks, new_game
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.tpu.export import StepExporter

_SIDES = ('shapes(size=16, count=60, style=outline)', 'shapes(size=16, count=60)')
# A low rate, as absolute errors magnify rounding errors from step to step.
_SGD = dict.fromkeys(('generator_optimizer', 'discriminator_optimizer'), 'sgd(1e-5)')
CASES = {
  'pix2pix': dict(
    model='pix2pix',
    networks='unet(filters=4), patchgan(filters=4, layers=1)',
    dataset=f'paired(a="{_SIDES[0]}", b="{_SIDES[1]}")',
    augment='flip',
    **_SGD,
  ),
  'cyclegan': dict(
    model='cyclegan',
    networks='resnet_translator(filters=4, blocks=1), patchgan(filters=4, layers=1, norm=instance)',
    dataset=f'domains(a="{_SIDES[0]}", b="{_SIDES[1]}")',
    loss='least_squares',
    replay_pool=20,
    augment='flip',
    **_SGD,
  ),
}
CASES['super_resolution'] = dict(
  model='super_resolution(features="random_projection(width=8)")',
  networks='msrresnet(filters=4, blocks=1), patchgan(filters=4, layers=1)',
  dataset='reduced("shapes(size=32, count=60)", factor=2)',
  loss='relativistic',
  augment='flip, crop(padding=3)',
  **_SGD,
)
CASES['stargan'] = dict(
  model='stargan',
  networks='stargan(filters=4, blocks=1, layers=3)',
  dataset='digits(size=16)',
  loss='wasserstein',
  penalties='wasserstein_gradient',
  discriminator_steps=2,
  **_SGD,
)
CASES['cut'] = dict(
  CASES['cyclegan'],
  # A higher temperature, as a division by 0.07 magnifies rounding errors, too.
  model='cut(units=32, patches=20, temperature=1.0)',
  networks='resnet_translator(filters=2, blocks=1), patchgan(filters=2, layers=1, norm=instance)',
  replay_pool=0,
)
TASKS = {
  'pix2pix': ['a_to_b'],
  'cyclegan': ['a_to_b', 'b_to_a'],
  'cut': ['a_to_b'],
  'stargan': ['translate'],
  'super_resolution': ['a_to_b'],
}
ROLES = {
  **dict.fromkeys(('cut', 'pix2pix', 'super_resolution'), ['generator_ab']),
  'cyclegan': ['generator_ab', 'generator_ba'],
  'stargan': ['generator'],
}
PAIRED = ('pix2pix', 'super_resolution')  # Games whose data have true outputs.


def experiment(name, model_dir='', **values):
  return tiny_experiment(model_dir, ema_decay=0.9, **{**CASES[name], **values})


def flags(name, model_dir, **values):
  return tuple(experiment(name, model_dir, **values).to_flagfile().splitlines()[1:])


def game_of(name, **values):
  one = experiment(name, **values)
  fields = load_dataset(one.dataset, DataOptions()).fields
  game = new_game(one, fields)
  game.networks = build_networks(one, fields)
  return game


@pytest.fixture(scope='module', params=TRANSLATION_GAMES)
def trained(request, calm_run):
  """A run of four steps of each game, by the real binary."""
  return request.param, calm_run(request.param)


def test_every_game_between_images_has_a_case():
  fields = load_dataset(CASES['cyclegan']['dataset'], DataOptions()).fields
  for name in registry.model.components():
    try:
      game = registry.model.build(name, registry.noise.build('normal(2)'), fields)
    except (KeyError, UsageError):
      continue
    assert ('image' in game.reads) == (name not in TRANSLATION_GAMES), name
  assert set(CASES) == set(TRANSLATION_GAMES)


def test_all_parts_are_trained_and_shown(trained):
  name, model_dir = trained
  start, end = (checkpoint(model_dir, step) for step in (0, 4))
  parts = {part.split('/')[0] for part in end} - {'save_counter', 'rollbacks'}
  pools = {f'replay_pool_{task}' for task in TASKS[name]} if name == 'cyclegan' else set()
  averages = {f'{role}_ema' for role in ROLES[name]}
  assert averages and pools | averages <= parts
  for part in parts:
    names = [path for path in end if path.startswith(f'{part}/')]
    assert any(not np.array_equal(start[path], end[path]) for path in names), part
  pictures = {path.name for path in (model_dir / 'samples').iterdir()}
  assert {f'{task}-000004.png' for task in TASKS[name]} < pictures


@pytest.mark.parametrize('trained', light('cyclegan', 'stargan'), indirect=True)
def test_outputs_do_not_depend_on_their_batch_and_are_those_of_the_export(trained, tmp_path):
  name, model_dir = trained
  one = GANEstimator.of_run(str(model_dir))
  loaded = tf.saved_model.load(one.export_saved_model(str(tmp_path / 'exported')))
  for task in TASKS[name]:
    ends = one.sampler(task=task).task
    source, target = (one.dataset.fields[name].shape for name in (ends.source, ends.target))
    images = np.random.RandomState(0).randint(0, 256, (19, *source), np.uint8)
    outputs = one.translate(images, task=task)
    assert outputs.shape == (19, *target)
    assert outputs.dtype == np.uint8
    np.testing.assert_array_equal(one.translate(images[:5], task=task), outputs[:5])
    told = [np.arange(19, dtype=np.int32) % 10] if name == 'stargan' else []  # Classes in turn.
    exported = getattr(loaded, task)(images, *told).numpy().astype(int)
    assert np.abs(exported - outputs).max() <= 1


def test_each_task_is_scored(trained, cache_dir):
  name, model_dir = trained
  metrics = ('--pair_metrics=l1, psnr',) if name in PAIRED else ()
  for task in TASKS[name]:
    result = run_binary(
      *('evaluate', f'--model_dir={model_dir}', f'--task={task}', *metrics),
      *('--extractor=random_projection', '--metrics=fid', '--num_samples=40'),
      f'--cache_dir={cache_dir}',
    )
    (record,) = map(json.loads, result.stdout.splitlines())
    assert np.isfinite([*record['scores'].values()]).all()
    assert ('l1' in record['scores']) == (name in PAIRED)


@pytest.mark.usefixtures('exports')
@pytest.mark.parametrize('name', light('cyclegan', 'stargan'))
def test_a_tpu_would_be_given_both_images(name):
  one = experiment(name)
  text = StepExporter(one, load_dataset(one.dataset, DataOptions()), replicas=4).stablehlo(
    replica_batch=4
  )
  start, channels = text.index('@main('), 1 if name == 'stargan' else 3
  assert f'4x16x16x{channels}xui8' in text[start : text.index(') -> (', start)]
  assert 'tensor<?' not in text


def step_of(game, loss):
  """Returns the tuples, losses and observations of one batch, as NumPy arrays."""
  random = np.random.RandomState(0)
  batch = {
    f'image_{side}': tf.constant(random.uniform(-1, 1, (4, 16, 16, 3)), tf.float32) for side in 'ab'
  }
  fields = 'generated_data', 'generator_inputs', 'real_data'
  outputs = 'discriminator_real_outputs', 'discriminator_gen_outputs'

  @tf.function(autograph=False)
  def run():
    with randomness.scope(randomness.key(0)):
      models = game.models(batch)
      losses = game.losses(models, registry.loss.build(loss))
      values = [{name: getattr(model, name) for name in (*fields, *outputs)} for model in models]
      return values, losses, [game.observations(model) for model in models]

  with tf1_tensor_equality():
    values, losses, observed = run()
  return [{k: v.numpy() for k, v in one.items()} for one in values], losses, observed


def mean_error(one, other) -> float:
  return float(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).mean())


def test_the_loss_of_pix2pix_is_its_formula():
  game = game_of('pix2pix', model='pix2pix(l1_weight=7.0, discriminator_weight=0.25)')
  (values,), (loss,), (observed,) = step_of(game, 'modified')
  real, fake = (
    values[f'discriminator_{kind}_outputs'].astype(np.float64) for kind in ('real', 'gen')
  )
  assert real.shape[1:] == (6, 6, 1) or real.ndim == 4
  error = mean_error(values['real_data'], values['generated_data'])
  adversarial = np.log1p(np.exp(-fake)).mean()
  judged = np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean()
  np.testing.assert_allclose(loss.generator_loss, adversarial + 7 * error, rtol=1e-5)
  np.testing.assert_allclose(loss.discriminator_loss, judged / 4, rtol=1e-5)
  np.testing.assert_allclose(observed['pixel_error'], 127.5 * error, rtol=1e-5)


@pytest.mark.parametrize('weights', [(10, 0.5, 1), (3, 0, 2), (0, 0.5, 1)])
def test_the_loss_of_cyclegan_counts_each_cycle_once(weights):
  cycle, identity, adversarial = weights
  text = (
    f'cyclegan(cycle_weight={cycle}.0, identity_weight={float(identity)}, '
    f'adversarial_weight={adversarial}.0)'
  )
  game = game_of('cyclegan', model=text)
  values, losses, _ = step_of(game, 'least_squares')
  expected, judged = 0.0, 0.0
  for value, back, direction in zip(values, ('ba', 'ab'), ('ab', 'ba')):
    returned = game.networks[f'generator_{back}'](value['generated_data'])
    kept = game.networks[f'generator_{direction}'](value['real_data'])
    fake = value['discriminator_gen_outputs'].astype(np.float64)
    real = value['discriminator_real_outputs'].astype(np.float64)
    expected += adversarial * np.square(fake - 1).mean() / 2
    expected += cycle * mean_error(returned, value['generator_inputs'])
    expected += cycle * identity * mean_error(kept, value['real_data'])
    judged += (np.square(real - 1).mean() + np.square(fake).mean()) / 2
  total = sum(float(loss.generator_loss) for loss in losses)
  np.testing.assert_allclose(total, expected, rtol=1e-5)
  np.testing.assert_allclose(
    sum(float(loss.discriminator_loss) for loss in losses), judged, rtol=1e-5
  )


def test_dropout_of_outputs_follows_seed_and_number():
  values = dict(
    networks='unet(filters=2), patchgan(filters=2, layers=1)',
    dataset='paired(a="shapes(size=64, count=20, style=outline)", b="shapes(size=64, count=20)")',
  )
  images = np.random.RandomState(0).randint(0, 256, (3, 64, 64, 3), np.uint8)

  def outputs(game, seed, numbers=(0, 1, 2)):
    task = game.task()
    inputs = game.inputs(task, numbers, seed, {'image_a': images[: len(numbers)]})
    return game.run(task, game.networks, inputs).numpy()

  game = game_of('pix2pix', **values)
  first = outputs(game, 0)
  np.testing.assert_array_equal(outputs(game, 0), first)
  np.testing.assert_allclose(outputs(game, 0, (0,)), first[:1], atol=1e-6)
  for other in (outputs(game, 1), outputs(game, 0, (5, 6, 7))):
    assert not np.allclose(other[0], first[0])
  calm = game_of('pix2pix', model='pix2pix(dropout=False)', **values)
  np.testing.assert_array_equal(outputs(calm, 0), outputs(calm, 1))
  moving = game_of('pix2pix', model='pix2pix(dropout=False, statistics=moving)', **values)
  assert not np.allclose(outputs(moving, 0), outputs(calm, 0))


@pytest.mark.parametrize(
  'name, values, message',
  [
    ('pix2pix', dict(dataset='digits(size=16)'), 'reads image_a, image_b, and examples of .* hold'),
    (
      'pix2pix',
      dict(dataset=CASES['cyclegan']['dataset']),
      'needs pairs of pictures, which --data',
    ),
    ('pix2pix', dict(networks='unet(filters=4)'), r'has no discriminator_b of \?x\?x1 outputs'),
    ('pix2pix', dict(networks='mlp'), 'has no generator_ab of 16x16x3 outputs'),
    ('pix2pix', dict(model='pix2pix(l1_weight=-1.0)'), 'l1_weight=-1.0 should be at least 0'),
    ('pix2pix', dict(model='pix2pix(statistics=mean)'), 'statistics=mean should be one of image, '),
    ('cyclegan', dict(model='cyclegan(cycle_weight=-1.0)'), 'cycle_weight=-1.0 should be at least'),
    (
      'cyclegan',
      dict(dataset='domains(a="digits(size=16)", b="shapes(size=16)")'),
      'identity_weight=0.5: a translator can leave an image as it is only where',
    ),
    ('cut', dict(model='cut(nce_weight=0.0)'), 'nce_weight=0.0 should be above 0'),
    ('cut', dict(model='cut(temperature=-1.0)'), 'temperature=-1.0 should be above 0'),
    ('cut', dict(model='cut(patches=1)'), 'patches=1 should be at least 2'),
    (
      'cut',
      dict(dataset='domains(a="digits(size=16)", b="shapes(size=16)")'),
      '--model=cut.*: image_a of .16, 16, 1. and image_b of .16, 16, 3. should have one shape',
    ),
    ('cyclegan', dict(replay_pool=3), '--replay_pool=3: should be at least --batch_size=16'),
    ('cyclegan', dict(penalties='lecam'), '--penalties=lecam: needs one direction'),
  ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, name, values, message):
  with pytest.raises(UsageError, match=message):
    GANEstimator(experiment(name, tmp_path / 'run', **values)).train()
  assert not (tmp_path / 'run').exists()
