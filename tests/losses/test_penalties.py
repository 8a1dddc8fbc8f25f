"""Every other penalty against numbers worked out by hand."""

import numpy as np
import pytest

from tests.losses.test_losses import PENALISED, model_of, penalty_value
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.replicas import randomness

REAL, FAKE = PENALISED


def parabola(images, _):
  """D(x) = |x|^2 / 2, whose gradient at x is x."""
  return tf.reduce_sum(images**2, axis=1, keepdims=True) / 2


def test_r1_and_r2():
  assert penalty_value('r1(gamma=3)', parabola) == pytest.approx(
    1.5 * np.mean(np.sum(REAL**2, axis=1)), rel=1e-5
  )
  assert penalty_value('r2(gamma=3)', parabola) == pytest.approx(
    1.5 * np.mean(np.sum(FAKE**2, axis=1)), rel=1e-5
  )
  assert registry.penalty.build('r1(interval=16)').interval == 16


def test_dragan():
  """At the real images themselves if it reaches nowhere; otherwise near them."""
  slopes = np.linalg.norm(REAL, axis=1)
  at = penalty_value('dragan(weight=2, reach=0)', parabola)
  assert at == pytest.approx(2 * np.mean((slopes - 1) ** 2), rel=1e-4)
  with randomness.scope(randomness.key(1)):
    mix, noise = randomness.uniform([6, 1]).numpy(), randomness.uniform([6, 4]).numpy()
  near = np.linalg.norm(REAL + mix * 0.5 * REAL.std() * noise, axis=1)
  assert penalty_value('dragan', parabola) == pytest.approx(10 * np.mean((near - 1) ** 2), rel=1e-4)


@pytest.mark.parametrize(
  'first, last, gamma, loss_scale', [(2**-10, 2**-18, 2.0**20, 2.0**15), (16, 2, 1.0, 1.0)]
)
def test_slopes_of_float16_layers(first, last, gamma, loss_scale):
  """Checks slopes 4 * first * last of 1.5e-8, too small for float16, and of 128.

  So are gradients of the penalty by the weights, of a scaled loss as the optimiser takes them.
  """
  images = keras.Input([4])
  policy = keras.mixed_precision.Policy('mixed_float16')
  values = keras.layers.Dense(4, use_bias=False, dtype=policy)(images)
  values = keras.layers.Dense(1, use_bias=False, dtype='float32')(values)
  network = keras.Model(images, values)
  kernels = network.trainable_variables
  for kernel, value in zip(kernels, (first, last)):
    kernel.assign(tf.fill(kernel.shape, float(value)))
  penalty = registry.penalty.build(f'r1(gamma={gamma})')

  @tf.function(autograph=False)
  def value():
    total = penalty.function(model_of(REAL, FAKE, lambda images, _: network(images)))
    return total, tf.gradients(total * loss_scale, kernels)

  with tf1_tensor_equality():
    total, gradients = value()
  slope = 4 * first * last
  assert float(total) == pytest.approx(gamma / 2 * 4 * slope**2, rel=1e-3)
  for gradient, expected in zip(gradients, (gamma * slope * last, gamma * slope * 4 * first)):
    np.testing.assert_allclose(gradient / loss_scale, np.full(gradient.shape, expected), rtol=1e-3)


class Reader:
  """A discriminator whose features are the images."""

  def __call__(self, images, _):
    return images[:, :1]

  def features(self, images, _):
    return images


def test_feature_matching():
  expected = 3 * np.sum((REAL.mean(0) - FAKE.mean(0)) ** 2)
  assert penalty_value('feature_matching(weight=3)', Reader()) == pytest.approx(expected, rel=1e-5)
  assert registry.penalty.build('feature_matching').player == 'generator'


@pytest.mark.parametrize('name', ['weight_decay', 'orthogonal'])
@pytest.mark.parametrize('player', ['generator', 'discriminator'])
def test_weight_penalties_see_the_kernels_of_one_player(name, player):
  rng = np.random.RandomState(1)
  kernel, other = rng.randn(2, 3, 4, 5).astype(np.float32), rng.randn(7, 2).astype(np.float32)
  kernels = [tf.Variable(kernel), tf.Variable(np.ones(5, np.float32)), tf.Variable(other)]
  penalty = registry.penalty.build(f'{name}(weight=0.5, player={player})')

  @tf.function(autograph=False)
  def value():
    model = model_of(REAL, FAKE)._replace(generator_variables=[], discriminator_variables=[])
    return penalty.function(model._replace(**{f'{player}_variables': kernels}))

  if name == 'weight_decay':
    expected = 0.25 * (np.sum(kernel**2) + np.sum(other**2))
  else:
    products = [matrix.T @ matrix for matrix in (kernel.reshape(-1, 5), other)]
    expected = 0.5 * sum(np.sum((p - np.diag(np.diag(p))) ** 2) for p in products)
  with tf1_tensor_equality():
    assert float(value()) == pytest.approx(expected, rel=1e-5)
  assert penalty.player == player


@pytest.mark.parametrize(
  'text, one_sided, start',
  [
    ('lecam(weight=2, decay=0.6)', False, 0),
    ('lecam(weight=2, decay=0.6, one_sided=True)', True, 0),
    ('lecam(weight=2, decay=0.6, start=2)', False, 2),
  ],
)
def test_lecam_follows_both_means(text, one_sided, start):
  penalty = registry.penalty.build(text)

  @tf.function(autograph=False)
  def value(shift):
    model = model_of(REAL[:, :1], FAKE[:, :1])
    return penalty.function(
      model._replace(discriminator_real_outputs=model.discriminator_real_outputs + shift)
    )

  real = fake = 0.0
  for step, shift in enumerate((0.0, 1.0, 2.0, -1.0)):
    rate = max(0.4, 1 / (max(step - start, 0) + 1))
    real += rate * (REAL[:, 0].mean() + shift - real)
    fake += rate * (FAKE[:, 0].mean() - fake)
    terms = [REAL[:, 0] + shift - fake, real - FAKE[:, 0]]
    assert any((term < 0).any() for term in terms)  # So that one side is another number.
    if one_sided:
      terms = [np.maximum(term, 0) for term in terms]
    expected = 2 * sum(np.mean(term**2) for term in terms) * (step >= start)
    with tf1_tensor_equality():
      assert float(value(tf.constant(shift))) == pytest.approx(expected, rel=1e-4)


def consistency(text, discriminator, shape=(6, 8, 8, 1)) -> float:
  return penalty_value(
    text, discriminator, *np.random.RandomState(0).rand(2, *shape).astype(np.float32)
  )


def test_consistency():
  """Nothing for who sees the mean only and mirrored images; weights count for their kind."""

  def mean(images, _):
    return tf.reduce_mean(images, axis=[1, 2])

  def left(images, _):
    return tf.reduce_mean(images[:, :, :4], axis=[1, 2])

  assert consistency('consistency(shift=0)', mean) == pytest.approx(0, abs=1e-10)
  both = consistency('consistency(shift=0)', left)
  real = consistency('consistency(shift=0, generated_weight=0)', left)
  twice = consistency('consistency(shift=0, generated_weight=0, real_weight=20)', left)
  assert both > real > 1e-3 and twice == pytest.approx(2 * real, rel=1e-5)
  assert consistency('consistency(flip=False)', mean) > 1e-3


@pytest.mark.parametrize(
  'text, message',
  [
    ('r1(interval=0)', 'interval=0 should be at least 1'),
    ('weight_decay(player=referee)', 'player=referee should be generator or discriminator'),
    ('lecam(decay=1.0)', 'decay=1.0'),
  ],
)
def test_refused(text, message):
  with pytest.raises(UsageError, match=message):
    registry.penalty.build(text)
