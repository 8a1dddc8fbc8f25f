"""Every other penalty against numbers worked out by hand."""

import numpy as np
import pytest

from tests.losses.test_losses import PENALISED, eager_model, model_of, penalty_value
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.discriminator_augment import image_changes
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.losses.penalties import squared_slope
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


def test_r1_along_one_direction():
  """Checks the rise of a parabola along the drawn direction, and the mean over many directions."""
  with randomness.scope(randomness.key(1)):
    direction = randomness.normal(REAL.shape).numpy()
  for step in (0.01, 0.5):
    rises = ((REAL + step * direction) ** 2 - REAL**2).sum(1) / 2 / step
    found = penalty_value(f'r1(gamma=3, approximate=true, step={step})', parabola)
    assert found == pytest.approx(1.5 * np.mean(rises**2), rel=1e-3)
  penalty = registry.penalty.build('r2(gamma=3, approximate=true)')
  with randomness.scope(randomness.key(2)):
    found = [float(penalty.function(eager_model(REAL, FAKE, parabola))) for _ in range(2000)]
  assert np.mean(found) == pytest.approx(1.5 * np.mean(np.sum(FAKE**2, axis=1)), rel=0.1)


def test_r1_along_one_direction_sees_one_dropout_for_both_outputs():
  def with_dropout(images, _):
    kept = tf.cast(randomness.uniform(images.shape) > 0.5, tf.float32)
    return tf.reduce_sum(images * kept, axis=1, keepdims=True)

  with randomness.scope(randomness.key(1)):
    for _ in range(2):  # Of the outputs that the losses read.
      randomness.uniform(REAL.shape)
    direction = randomness.normal(REAL.shape).numpy()
    kept = randomness.uniform(REAL.shape).numpy() > 0.5
  found = penalty_value('r1(gamma=2, approximate=true)', with_dropout)
  assert found == pytest.approx(np.mean((direction * kept).sum(1) ** 2), rel=1e-3)


def test_r1_of_a_map_of_patches_is_that_of_their_sum():
  weights = np.arange(1.0, 5.0, dtype=np.float32)

  def patches(images, _):
    return images * weights

  with randomness.scope(randomness.key(1)):
    direction = randomness.normal(REAL.shape).numpy()
  found = penalty_value('r1(gamma=2, approximate=true)', patches)
  assert found == pytest.approx(np.mean((direction @ weights) ** 2), rel=1e-3)
  assert penalty_value('r1(gamma=2)', patches) == pytest.approx(np.sum(weights**2), rel=1e-5)


def test_dragan():
  """Checks slopes at the real images with a reach of 0, and near them otherwise."""
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

  Gradients of the penalty by the weights are those of a scaled loss, as the optimiser takes them.
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


@pytest.mark.parametrize('name', ['wasserstein_gradient', 'dragan'])
def test_a_slope_of_zero_is_taken_for_1e_5(name):
  """The root has an infinite gradient at zero, so 1e-10 is added below it; the penalty is 10."""

  def nowhere(images, _):
    return 0.0 * images[:, :1]

  assert penalty_value(name, nowhere) == pytest.approx(10 * (1 - 1e-5) ** 2, rel=1e-6)


def test_slopes_are_to_the_bit_those_of_plain_gradients():
  """Scaling by a power of two leaves float32 as it is; a first output counts, others do not."""

  @tf.function(autograph=False)
  def values():
    model, images = model_of(REAL, FAKE, lambda images, _: images), tf.constant(REAL)
    several = model._replace(discriminator_fn=lambda *given: (parabola(*given), images**3))
    slopes = tf.gradients(parabola(images, None), images)[0]
    return squared_slope(several, images), tf.reduce_sum(tf.square(slopes), axis=1)

  with tf1_tensor_equality():
    found, expected = values()
  np.testing.assert_array_equal(found, expected)


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
  kernels = [
    tf.Variable(kernel),
    tf.Variable(np.ones(5, np.float32)),
    tf.Variable(other),
    tf.Variable(other, name='class_embedding'),
  ]
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


def linear(images, _):
  """A weighted sum of 8 x 8 pixels, with other weights left than right and above than below."""
  return tf.tensordot(images, tf.reshape(tf.range(64.0) / 64, [8, 8, 1]), axes=3)[:, None]


@pytest.mark.parametrize('flip', [True, False])
def test_consistency_is_a_mean_square_over_shifted_and_mirrored_images(flip):
  pair = np.random.default_rng(0).uniform(-1, 1, (2, 6, 8, 8, 1)).astype(np.float32)
  squares = []
  with randomness.scope(randomness.key(1)):
    for images in pair:
      changed = image_changes.shift(tf.constant(images), 1 / 8)
      if flip:
        changed = image_changes.flip(changed, probability=0.5)
      squares.append(np.mean((linear(images, None) - linear(changed, None)) ** 2))
  model = eager_model(*pair, linear)
  for text, weights in (
    ('', (10, 10)),
    (', real_weight=3, generated_weight=0.5', (3, 0.5)),
    (', generated_weight=0', (10, 0)),
  ):
    penalty = registry.penalty.build(f'consistency(flip={flip}{text})')
    with randomness.scope(randomness.key(1)):
      assert float(penalty.function(model)) == pytest.approx(np.dot(weights, squares), rel=1e-4)


def test_consistency_is_nothing_for_who_sees_the_mean_of_mirrored_images_only():
  def mean(images, _):
    return tf.reduce_mean(images, axis=[1, 2])

  pair = np.random.RandomState(0).rand(2, 6, 8, 8, 1).astype(np.float32)
  assert penalty_value('consistency(shift=0)', mean, *pair) == pytest.approx(0, abs=1e-10)
  assert penalty_value('consistency(flip=False)', mean, *pair) > 1e-3


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
