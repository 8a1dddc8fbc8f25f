"""GAN-CLS, GAN-INT and conditioning augmentation: losses by hand, captions, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import fields_of, run_binary
from tests.models.text_runs import data, experiment, flags, game_of
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.data.captions.fields import CAPTION, captions_of, vocabulary_of
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import build_networks, new_game
from tfgan_pipeline.replicas import randomness

BATCH = 6


def batch_of():
  dataset = data()
  stored = next(dataset.split('train').ordered(BATCH))
  return dataset.fields.to_device(tf.nest.map_structure(tf.constant, stored))


def results(game, loss):
  batch = batch_of()

  @tf.function(autograph=False)
  def build():
    with randomness.scope(randomness.key(5)):
      (model,) = game.models(batch)
      made = game.losses((model,), registry.loss.build(loss))[0]
      numbers, tokens, *_ = model.generator_inputs
      return numbers, tokens, model.generated_data, made.generator_loss, made.discriminator_loss

  with tf1_tensor_equality():
    return [value.numpy() for value in build()]


def leaky(values):
  return tf.nn.leaky_relu(values)


@pytest.mark.parametrize('conditioning_augmentation', [True, False])
@pytest.mark.parametrize('interpolation', [0.0, 0.7])
def test_losses_are_those_of_the_papers(conditioning_augmentation, interpolation):
  """Computes equation 5 and algorithm 1 of Reed et al., and StackGAN's divergence, from networks.

  Wasserstein losses are means of logits, so that all is told apart by its weight.
  """
  model = f'text_gan(interpolation={interpolation}, kl_weight=3.0, code=8'
  game = game_of(model=f'{model}, conditioning_augmentation={conditioning_augmentation})')
  numbers, tokens, generated, of_generator, of_discriminator = results(game, 'wasserstein')
  real, roles = batch_of()['image'], game.networks
  assert numbers.shape == (BATCH, 16 if conditioning_augmentation else 8)

  def judge(images, code):
    return roles['discriminator']([images, leaky(code)], training=True).numpy().mean()

  def generate(text):
    noise, draws = numbers[:, :8], numbers[:, 8:]
    code = leaky(text)
    if conditioning_augmentation:
      code = text[:, :8] + np.exp(text[:, 8:]) * draws
    return roles['generator']([noise, code], training=True)

  text, code = (roles[f'{who}_text'](tokens).numpy() for who in ('generator', 'discriminator'))
  others = np.roll(tokens, 1, axis=0)
  other_text, other = (
    roles[f'{who}_text'](others).numpy() for who in ('generator', 'discriminator')
  )
  np.testing.assert_allclose(generate(text), generated, atol=1e-5)
  fake = judge(generated, code)
  expected = (fake + judge(real, other)) / 2 - judge(real, code)
  np.testing.assert_allclose(of_discriminator, expected, atol=1e-5)
  expected = -fake - interpolation * judge(generate((text + other_text) / 2), (code + other) / 2)
  if conditioning_augmentation:
    mean, deviation = text[:, :8], np.exp(text[:, 8:])
    expected += 3 * np.mean((mean**2 + deviation**2 - 1) / 2 - np.log(deviation))
  np.testing.assert_allclose(of_generator, expected, atol=1e-5)


@pytest.mark.heavy
def test_each_caption_of_a_picture_is_drawn_and_none_that_is_empty():
  game, batch = game_of(), batch_of()
  drawn = set()
  for key in range(40):
    with randomness.scope(randomness.key(key)), tf1_tensor_equality():
      tokens = tf.function(lambda: game.gan_model(batch).generator_inputs[1], autograph=False)()
    for row, place in enumerate(tokens.numpy()):
      own = batch[CAPTION][row].numpy()
      (which,) = {tuple(caption) for caption in own if (caption == place).all()}
      assert any(which)
      drawn.add((row, which))
  counts = (batch[CAPTION].numpy() > 0).any(-1).sum()
  assert len(drawn) == counts and counts > BATCH


def test_samples_have_recorded_captions_in_turn_or_those_that_are_given():
  game = game_of()
  field = game.data[CAPTION]
  count = len(field.examples)
  assert list(field.examples) == captions_of(field, game.captions(range(count)).numpy())
  np.testing.assert_array_equal(game.captions([1]), game.captions([1 + count]))
  task = game.task()
  tokens = vocabulary_of(field).encode('a red ring', field.shape[1])[np.newaxis]
  numbers, asked = game.inputs(task, [3], 0, {CAPTION: tokens})
  np.testing.assert_array_equal(asked, tokens)
  np.testing.assert_array_equal(numbers, game.inputs(task, [9, 3], 0)[0][1:])
  one = game.run(task, game.networks, [numbers, asked])
  other = game.run(task, game.networks, game.inputs(task, [3], 0, {CAPTION: tokens[:, ::-1]}))
  assert one.shape == (1, 16, 16, 3) and not np.array_equal(one, other)


def test_interpolation_keeps_the_caption():
  game = game_of()
  numbers, tokens = game.interpolation(2, 0, 5)
  assert numbers.shape == (5, 16) and (tokens.numpy() == game.captions([2]).numpy()).all()
  ends = game.inputs(game.task(), [2, 3], 0)[0]
  np.testing.assert_allclose(numbers.numpy()[[0, -1]], ends, atol=1e-6)


@pytest.mark.parametrize(
  'values, message',
  [
    (dict(model='text_gan(interpolation=-1.0)'), 'interpolation=-1'),
    (dict(model='text_gan(kl_weight=-1.0)'), 'kl_weight=-1'),
    (dict(model='text_gan(code=0)'), 'code=0'),
    (dict(networks='dcgan(filters=4), text_encoder'), 'its generator has 1 inputs.*noise and text'),
    (dict(networks='text_dcgan'), 'has no generator_text of 256 outputs'),
    (dict(networks='text_encoder'), 'has no generator of'),
    (dict(networks='text_dcgan, text_encoder(gro)'), 'kind=gro .* did you mean gru'),
    (dict(networks='text_dcgan(filters=0), text_encoder'), 'filters=0'),
  ],
)
def test_wrong_values_are_refused(values, message):
  one = experiment(**{'model': 'text_gan', **values})
  with pytest.raises(UsageError, match=message):
    fields = data().fields
    new_game(one, fields)
    build_networks(one, fields)


def test_data_without_captions_is_refused_in_a_line(tmp_path):
  result = run_binary('train', *flags(tmp_path / 'run', dataset='digits(size=16)'), code=2)
  assert 'reads caption, and examples of --dataset=digits(size=16) hold image, label' in (
    result.stderr
  )
  with pytest.raises(UsageError, match='reads caption'):
    new_game(experiment(), fields_of())


def test_a_batch_of_one_has_no_caption_of_another(tmp_path):
  result = run_binary('train', *flags(tmp_path / 'run'), '--batch_size=1', code=2)
  assert result.stderr.splitlines()[-1].startswith('--batch_size: --model=text_gan takes captions')
