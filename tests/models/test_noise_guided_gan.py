"""The game of several noisy levels: its stacks, its samples, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.test_games import batch_of, game_of, numbers_of
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.replicas import randomness


def game():
  return game_of('noise_guided_gan(levels=(0.5, 0.25))', networks='gat(width=8, outputs=3)')


def test_real_stacks_are_images_with_less_and_less_noise():
  one, images = game(), batch_of()['image'].numpy()

  def build():
    with randomness.scope(randomness.key(5)):
      model = one.gan_model(batch_of())
      return model.real_data, model.generated_data

  real, generated = numbers_of(build)
  assert real.shape == generated.shape == (len(images), 16, 16, 3)
  with randomness.scope(randomness.key(5)):
    one.noise.for_step(len(images))
    for level, deviation in enumerate((0.5, 0.25)):
      noise = randomness.normal(images.shape).numpy()
      np.testing.assert_allclose(
        real[..., level : level + 1], images + deviation * noise, atol=1e-6
      )
  np.testing.assert_array_equal(real[..., 2:], images)


def test_samples_are_the_clean_images():
  one = game()
  inputs = one.inputs(GENERATE, range(3), 0)
  whole = one.networks['generator'](inputs, training=False)
  samples = one.run(GENERATE, one.networks, inputs)
  np.testing.assert_array_equal(samples, whole[..., 2:])
  assert samples.shape == (3, 16, 16, 1)


def test_looks_at_the_discriminator_see_one_noise():
  one, images = game(), batch_of()['image']
  np.testing.assert_array_equal(one.logits(images, None), one.logits(images, None))
  assert np.ptp(one.logits(images, None)) > 0


@pytest.mark.parametrize('levels', ['(-0.1,)', '(0.5, 1e999)'])
def test_levels_that_are_no_deviations_are_refused(levels):
  with pytest.raises(UsageError, match='levels=.* should be standard deviations, 0 or more'):
    game_of(f'noise_guided_gan(levels={levels})')
