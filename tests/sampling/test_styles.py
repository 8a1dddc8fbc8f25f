"""Generators in two parts, and samples with limited latents."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import fields_of, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import build_networks, new_game
from tfgan_pipeline.networks.spec import NetworkSpec
from tfgan_pipeline.sampling.latent.styles import Styles
from tfgan_pipeline.sampling.latent.truncation import Truncated, Truncation

pytestmark = pytest.mark.usefixtures('graphs_as_traced')
STYLEGAN = 'stylegan2(filters=8, latent=8, mapping=2)'


@pytest.mark.parametrize('labelled', [(), ('generator',)])
def test_both_parts_together_are_the_generator(labelled):
  spec = NetworkSpec.of_images((16, 16, 3), 4, 8, labelled=labelled)
  generator = registry.network.build(STYLEGAN, spec)['generator']
  styles = Styles.of(generator)
  assert styles is not None and styles.layers == 9  # A constant, two of 4x4, three of 8 and 16.
  noise = tf.random.stateless_normal([5, 8], [0, 1])
  inputs = [noise, tf.constant([0, 1, 2, 3, 0])] if labelled else noise
  for _ in range(2):  # The parts share the weights.
    style = styles.style(inputs)
    whole = generator(inputs, training=False)
    np.testing.assert_array_equal(styles.picture([style] * 9), whole)
    for variable in generator.trainable_variables:
      variable.assign(1.1 * variable)
  other = tf.reverse(style, [0])
  for layer in (1, 5, 8):
    mixed = styles.picture([style] * layer + [other] * (9 - layer))
    assert not np.allclose(mixed, styles.picture([style] * 9))


def test_other_generators_have_no_styles():
  spec = NetworkSpec.of_images((16, 16, 1), 0, 8)
  assert Styles.of(registry.network.build('dcgan(filters=4)', spec)['generator']) is None


def truncated(truncation: Truncation, **experiment) -> tuple[Truncated, tf.Tensor]:
  """Returns a limited task of a new game, and a function of noise to its plain samples."""
  chosen = tiny_experiment('/tmp/none', **experiment)
  game = new_game(chosen, fields_of())
  game.networks = build_networks(chosen, fields_of(), roles={'generator'})
  one = Truncated(truncation, chosen, game, game.task(), game.networks)
  one.restored()
  return one, lambda noise: game.run(game.task(), game.networks, noise)


@pytest.mark.parametrize('networks', ['mlp(units=8)', STYLEGAN])
def test_of_no_distance_only_the_mean_is_left(networks):
  noise = tf.random.stateless_normal([6, 8], [0, 1])
  one, plain = truncated(Truncation(share=0.0), networks=networks)
  np.testing.assert_allclose(one(noise), np.tile(one(noise)[:1], (6, 1, 1, 1)), atol=1e-6)
  half, plain = truncated(Truncation(share=0.5), networks=networks)
  apart = [np.ptp(make(noise), axis=0).mean() for make in (one, half, plain)]
  assert apart[0] < 1e-6 < apart[1] < apart[2]


def test_half_the_distance_is_half_the_noise():
  noise = tf.random.stateless_normal([6, 8], [0, 1])
  one, plain = truncated(Truncation(share=0.5), networks='mlp(units=8)')
  np.testing.assert_array_equal(one(noise), plain(0.5 * noise))


@pytest.mark.parametrize('limit', [0.3, 1.0, 3.0])
@pytest.mark.parametrize('name', ['normal', 'uniform'])
def test_a_limit_on_each_axis(name, limit):
  from scipy import stats

  one, _ = truncated(Truncation(limit=limit), noise=f'{name}(8)', networks='mlp(units=8)')
  noise = registry.noise.build(f'{name}(8)').numbered(range(2000), 0)
  seen = []
  one._game.run = lambda task, networks, inputs: seen.append(inputs.numpy())
  one(noise)
  (values,) = seen
  assert np.abs(values).max() <= limit
  # Order is kept, and the distribution is that between the limits.
  flat = noise.numpy().ravel()
  assert (np.diff(values.ravel()[np.argsort(flat)]) >= -1e-6).all()
  expected = stats.uniform(-min(limit, 1), 2 * min(limit, 1))
  if name == 'normal':
    expected = stats.truncnorm(-limit, limit)
  assert stats.kstest(values.ravel(), expected.cdf).pvalue > 0.01


@pytest.mark.parametrize(
  'arguments, experiment, message',
  [
    ({'share': -1.0}, {}, '--truncation=-1.0: should be at least 0'),
    ({'limit': -1.0}, {}, '--noise_limit=-1.0: should be at least 0'),
    ({'share': 0.5}, {'model': 'infogan'}, 'of normal or uniform noise alone'),
  ],
)
def test_refusals(arguments, experiment, message):
  with pytest.raises(UsageError, match=message):
    truncated(Truncation(**arguments), **experiment)
