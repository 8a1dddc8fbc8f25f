"""Super-resolution: its loss by formula, a start without a discriminator, features, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import checkpoint, run_binary, tiny_experiment
from tests.extractors import stand_ins
from tests.models.test_translation_games import CASES, flags, game_of, mean_error
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import DataOptions, load_dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.training.state import TrainState

NAME = 'super_resolution'
ALONE = dict(
  model='super_resolution(adversarial_weight=0)',
  networks='msrresnet(filters=4, blocks=1)',
  loss='modified',
  discriminator_optimizer='adam(2e-4, beta_1=0.5)',  # The default, which needs no opponent.
)


@pytest.mark.parametrize('distance', ['l1', 'l2'])
def test_the_loss_is_its_formula(distance):
  game = game_of(
    NAME,
    model='super_resolution(adversarial_weight=0.5, content_weight=3.0, features_weight=2.0, '
    f'distance={distance}, features=random_projection)',
  )
  game.features = lambda images: tf.reshape(images, [4, -1])[:, :50] * 0.25  # A stand-in.
  random = np.random.RandomState(0)
  batch = {
    name: tf.constant(random.uniform(-1, 1, (4, side, side, 3)), tf.float32)
    for name, side in (('image_a', 16), ('image_b', 32))
  }

  @tf.function(autograph=False)
  def run():
    with randomness.scope(randomness.key(0)):
      (model,) = game.models(batch)
      (loss,) = game.losses([model], registry.loss.build('modified'))
      logits = model.discriminator_real_outputs, model.discriminator_gen_outputs
      return model.generated_data, logits, loss, game.observations(model)

  with tf1_tensor_equality():
    output, (real, fake), loss, observed = run()
  errors = {'l1': mean_error, 'l2': lambda one, other: np.square(one - other).mean()}
  target = batch['image_b'].numpy()
  flat, flat_target = (images.reshape(4, -1)[:, :50] / 4 for images in (output.numpy(), target))
  real, fake = (logits.numpy().astype(np.float64) for logits in (real, fake))
  expected = 0.5 * np.log1p(np.exp(-fake)).mean()
  expected += 3 * errors[distance](output, target) + 2 * errors[distance](flat, flat_target)
  np.testing.assert_allclose(loss.generator_loss, expected, rtol=1e-5)
  judged = np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean()
  np.testing.assert_allclose(loss.discriminator_loss, judged, rtol=1e-5)
  squares = np.square(output.numpy() - target).mean((1, 2, 3))
  np.testing.assert_allclose(observed['psnr'], 10 * np.log10(4 / squares).mean(), rtol=1e-5)
  np.testing.assert_allclose(observed['pixel_error'], 127.5 * mean_error(output, target), rtol=1e-5)


def test_a_run_without_a_discriminator_starts_one_with_it(tmp_path):
  run_binary('train', *flags(NAME, tmp_path / 'first', **ALONE))
  first = checkpoint(tmp_path / 'first', 4)
  assert not [name for name in first if name.startswith('discriminator')]
  line = json.loads((tmp_path / 'first/train/train.jsonl').read_text().splitlines()[-1])
  assert {'loss/generator', 'pixel_error/a_to_b', 'psnr/a_to_b'} < line.keys()
  assert 'loss/discriminator' not in line
  # Pixels alone: the loss is their mean absolute error, without a weight.
  np.testing.assert_allclose(127.5 * line['loss/generator'], line['pixel_error/a_to_b'], rtol=1e-5)
  run_binary('train', *flags(NAME, tmp_path / 'then', init_from=str(tmp_path / 'first')))
  start, end = (checkpoint(tmp_path / 'then', step) for step in (0, 4))
  translator = [name for name in start if name.startswith('generator_ab')]
  assert {'generator_ab', 'generator_ab_ema'} == {name.split('/')[0] for name in translator}
  for name in translator:
    np.testing.assert_array_equal(start[name], first[name], err_msg=name)
  kernels = [name for name in start if name.startswith('discriminator_b/')]
  assert kernels and any(not np.array_equal(start[name], end[name]) for name in kernels)


@pytest.mark.parametrize(
  'features, weight', [('', 1.0), ('random_projection(width=4)', 0.01), ('', 0.5)]
)
def test_pixels_weigh_little_beside_features_and_all_without(features, weight):
  given = f', content_weight={weight}' if weight == 0.5 else ''
  game = registry.model.build(
    f"super_resolution(adversarial_weight=0, features='{features}'{given})",
    registry.noise.build('normal(2)'),
    load_dataset(CASES[NAME]['dataset'], DataOptions()).fields,
  )
  game.features = tf.zeros_like if features else None
  image = tf.ones([2, 4, 4, 1])
  model = type('Model', (), dict(real_data=image, generated_data=image - 0.5))
  assert float(game.gan_loss(model, None).generator_loss) == pytest.approx(0.5 * weight)


def features_of(text):
  """Returns the function of features of a run's state, and the shape of its images."""
  one = tiny_experiment('', **{**CASES[NAME], 'model': f'super_resolution(features={text!r})'})
  dataset = load_dataset(one.dataset, DataOptions())
  return TrainState.build(one, dataset, tf.distribute.get_strategy()).game.features


def test_features_are_those_of_the_extractor_and_have_gradients(tmp_path):
  weights = stand_ins.mobilenet(str(tmp_path / 'headless.weights.h5'), top=False)
  images = tf.random.stateless_uniform([3, 32, 32, 3], [1, 2], -1, 1)
  calls = {
    'random_projection(width=8)': 8,
    f'keras_application(MobileNet, {weights!r}, size=32, layer=conv1_relu)': 16 * 16 * 32,
  }
  for text, width in calls.items():
    with tf.GradientTape() as tape:
      tape.watch(images)
      function = features_of(text)
      features = function(images)
    assert features.shape == (3, width)
    assert np.abs(tape.gradient(features, images)).max() > 0, text


@pytest.mark.parametrize(
  'values, message',
  [
    (dict(model='super_resolution(content_weight=-1.0)'), 'content_weight=-1.0 should be at least'),
    (
      dict(model='super_resolution(content_weight=0, adversarial_weight=0)', networks='msrresnet'),
      'are all 0: nothing would be learnt',
    ),
    (dict(model='super_resolution(distance=l3)'), 'distance=l3 should be one of l1, l2'),
    (
      dict(dataset='paired(a="shapes(size=24, count=60)", b="shapes(size=32, count=60)")'),
      'image_b of 32x32 should be a whole number of times as large as image_a of 24x24; --dataset=',
    ),
    (
      dict(dataset='domains(a="shapes(size=16, count=60)", b="shapes(size=32, count=60)")'),
      r'needs pairs of pictures, which --dataset=domains.*has not; paired\(...\), halves',
    ),
    (dict(dataset='digits(size=16)'), 'reads image_a, image_b, and examples of .* hold image'),
    (dict(model='super_resolution(features=vgg)'), "features: unknown extractor 'vgg'"),
    (
      dict(model='super_resolution(features=classifier)'),
      'features: classifier is trained on data',
    ),
    (
      dict(model='super_resolution(features="keras_application(VGG19, \'/no.h5\')")'),
      'features: keras_application: name=VGG19, weights=/no.h5: no such file',
    ),
    (
      {**ALONE, 'loss': 'relativistic'},
      '--loss=relativistic: needs a discriminator, which --model=super_resolution',
    ),
    (
      {**ALONE, 'networks': 'unet'},
      'unet: images should be of one size, not 16x16 and 32x32',
    ),
  ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, values, message):
  values = {**CASES[NAME], **values}
  with pytest.raises(UsageError, match=message):
    GANEstimator(tiny_experiment(tmp_path / 'run', **values)).train()
  assert not (tmp_path / 'run').exists()


def test_a_saved_model_that_reads_bytes_has_no_gradients(tmp_path):
  module = tf.Module()
  module.__call__ = tf.function(
    lambda images: tf.reduce_mean(tf.cast(images, tf.float32), [1, 2]),
    input_signature=[tf.TensorSpec([None, 32, 32, 3], tf.uint8)],
  )
  tf.saved_model.save(module, str(tmp_path / 'net'), signatures=module.__call__)
  with pytest.raises(UsageError, match=r'has no gradients; a saved_model needs input_range=\(0, '):
    features_of(f'saved_model({str(tmp_path / "net")!r})')


def test_pix2pix_shows_its_discriminator_the_small_picture_enlarged():
  game = game_of(
    'pix2pix',
    dataset=CASES[NAME]['dataset'],
    networks='msrresnet(filters=4, blocks=1), patchgan(filters=4, layers=1)',
  )
  shown = []
  game.augment = lambda *images: shown.extend(images) or images
  random = np.random.RandomState(0)
  small, large = (random.uniform(-1, 1, (2, side, side, 3)).astype('f') for side in (16, 32))
  logits = game.judge('a_to_b', tf.constant(large), tf.constant(small))
  assert logits.shape[0] == 2
  np.testing.assert_array_equal(shown[0], large)
  np.testing.assert_array_equal(shown[1], small.repeat(2, axis=1).repeat(2, axis=2))
