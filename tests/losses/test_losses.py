"""Losses and penalties against formulas written out, through `tfgan.gan_loss`."""

import types

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality, tfgan
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.replicas import randomness

REAL = np.array([[1.5], [-0.5], [0.25], [3.0]], np.float32)
FAKE = np.array([[-1.0], [0.5], [2.0], [-0.75]], np.float32)

ONE = np.ones([1], np.float32)


def softplus(x):
  return np.log1p(np.exp(x))


def bce(logits, labels):
  return np.mean(labels * softplus(-logits) + (1 - labels) * softplus(logits))


EXPECTED = {
  # TF-GAN's generator loss has a constant: the discriminator's loss as if all real logits were 1.
  'minimax': (-bce(ONE, 1) - bce(FAKE, 0), bce(REAL, 1) + bce(FAKE, 0)),
  'minimax(label_smoothing=0.2)': (-bce(ONE, 1) - bce(FAKE, 0), bce(REAL, 0.9) + bce(FAKE, 0)),
  'modified': (bce(FAKE, 1), bce(REAL, 1) + bce(FAKE, 0)),
  'modified(label_smoothing=0.2)': (bce(FAKE, 1), bce(REAL, 0.9) + bce(FAKE, 0)),
  'modified(label_smoothing=0.2, two_sided=True)': (
    bce(FAKE, 1),
    bce(REAL, 0.9) + bce(FAKE, 0.1),
  ),
  'modified(label_noise=1.0)': (bce(FAKE, 1), bce(REAL, 0) + bce(FAKE, 1)),
  'minimax(label_smoothing=0.2, label_noise=1.0)': (
    -bce(ONE, 1) - bce(FAKE, 0),
    bce(REAL, 0) + bce(FAKE, 0.9),
  ),
  'least_squares': (
    0.5 * np.mean((FAKE - 1) ** 2),
    0.5 * np.mean((REAL - 1) ** 2) + 0.5 * np.mean(FAKE**2),
  ),
  'least_squares(real_label=0.75, generated_label=-0.5)': (
    0.5 * np.mean((FAKE - 0.75) ** 2),
    0.5 * np.mean((REAL - 0.75) ** 2) + 0.5 * np.mean((FAKE + 0.5) ** 2),
  ),
  'wasserstein': (-FAKE.mean(), FAKE.mean() - REAL.mean()),
  'wasserstein_hinge': (
    -FAKE.mean(),
    np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean(),
  ),
  'wasserstein_hinge(real_hinge=2, generated_hinge=0.25)': (
    -FAKE.mean(),
    np.maximum(0, 2 - REAL).mean() + np.maximum(0, 0.25 + FAKE).mean(),
  ),
  'relativistic_pairing': (softplus(REAL - FAKE).mean(), softplus(FAKE - REAL).mean()),
  'relativistic': (
    bce(REAL - FAKE.mean(), 0) + bce(FAKE - REAL.mean(), 1),
    bce(REAL - FAKE.mean(), 1) + bce(FAKE - REAL.mean(), 0),
  ),
}


PENALISED = np.random.RandomState(0).randn(2, 6, 4).astype(np.float32)


def model_of(real, fake, discriminator=lambda images, _: images):
  return tfgan.gan_model(lambda z: z, discriminator, tf.constant(real), tf.constant(fake))


def eager_model(real, fake, discriminator=lambda images, _: images):
  """Builds the GANModel of `model_of` from NumPy arrays instead of graph tensors."""
  real, fake = tf.constant(real), tf.constant(fake)
  data = dict(generated_data=fake, real_data=real, generator_inputs=fake)
  outputs = dict(
    discriminator_real_outputs=discriminator(real, fake),
    discriminator_gen_outputs=discriminator(fake, fake),
  )
  rest = dict.fromkeys(set(tfgan.GANModel._fields) - {*data, *outputs})
  return tfgan.GANModel(**{**rest, **data, **outputs, 'discriminator_fn': discriminator})


@pytest.mark.parametrize('text', EXPECTED)
def test_values(text):
  loss = registry.loss.build(text)

  @tf.function(autograph=False)
  def values():
    with randomness.scope(randomness.key(1)):
      return tfgan.gan_loss(
        model_of(REAL, FAKE), loss.generator, loss.discriminator, add_summaries=False
      )

  with tf1_tensor_equality():
    result = [float(value) for value in values()]
  np.testing.assert_allclose(result, EXPECTED[text], rtol=1e-6)


@pytest.mark.parametrize('name', registry.loss.components())
def test_a_border_is_where_real_and_generated_may_change_places(name):
  """Turning all signs round undoes the swap if the border is 0, and a shift changes the loss."""
  loss = registry.loss.build(name)
  value, turned, shifted = (
    float(loss.discriminator(eager_model(real, fake)))
    for real, fake in ((REAL, FAKE), (-FAKE, -REAL), (REAL + 0.5, FAKE + 0.5))
  )
  turns, shifts = (other == pytest.approx(value, rel=1e-6) for other in (turned, shifted))
  assert loss.has_border == (turns and not shifts)
  assert not AdversarialLoss(loss.generator, loss.discriminator).has_border


@pytest.mark.parametrize('chosen', range(4))
def test_wrong_labels_go_to_the_images_whose_numbers_are_below_the_probability(chosen):
  with randomness.scope(randomness.key(1)):
    real, fake = randomness.uniform([4, 1]).numpy(), randomness.uniform([4, 1]).numpy()
  noise = float(real[chosen, 0])
  loss = registry.loss.build(f'modified(label_smoothing=0.2, label_noise={noise!r})')
  expected = bce(REAL, np.where(real < noise, 0, 0.9)) + bce(FAKE, np.where(fake < noise, 0.9, 0))
  with randomness.scope(randomness.key(1)):
    found = float(loss.discriminator(eager_model(REAL, FAKE)))
  assert found == pytest.approx(expected, rel=1e-6)


def test_the_relativistic_average_is_that_of_all_replicas(monkeypatch):
  rest = {REAL[0, 0]: REAL[2:], FAKE[0, 0]: FAKE[2:]}
  replica = types.SimpleNamespace(
    num_replicas_in_sync=2,
    all_gather=lambda mine, axis: tf.concat([mine, rest[mine.numpy()[0, 0]]], axis),
  )
  monkeypatch.setattr(tf.distribute, 'get_replica_context', lambda: replica)
  loss = registry.loss.build('relativistic')
  model = eager_model(REAL[:2], FAKE[:2])
  found = float(loss.generator(model)), float(loss.discriminator(model))
  np.testing.assert_allclose(found, EXPECTED['relativistic'], rtol=1e-6)


def test_every_loss_has_expected_values():
  assert set(registry.loss.components()) == {text.split('(')[0] for text in EXPECTED}


def penalty_value(text, discriminator, real=PENALISED[0], fake=PENALISED[1]) -> float:
  """Returns the value of a penalty on two sets of six images."""
  penalty = registry.penalty.build(text)

  @tf.function(autograph=False)
  def value():
    with randomness.scope(randomness.key(1)):
      return penalty.function(model_of(real, fake, discriminator))

  with tf1_tensor_equality():
    return float(value())


@pytest.mark.parametrize(
  'slope, two_sided, one_sided', [(3.0, 40.0, 40.0), (0.25, 5.625, 0.0), (1.0, 0.0, 0.0)]
)
def test_wasserstein_gradient_of_a_linear_critic(slope, two_sided, one_sided):
  """A constant slope costs 10 (slope - 1)^2, and nothing below 1 when one-sided."""
  direction = tf.constant([[1.0], [0.0], [0.0], [0.0]])

  def critic(images, _):
    return slope * images @ direction

  assert penalty_value('wasserstein_gradient', critic) == pytest.approx(two_sided, abs=1e-4)
  assert penalty_value('wasserstein_gradient(one_sided=True)', critic) == pytest.approx(
    one_sided, abs=1e-4
  )
  assert penalty_value('wasserstein_gradient(weight=2, target=1.5)', critic) == pytest.approx(
    2 * (slope / 1.5 - 1) ** 2, abs=1e-4
  )


def test_wasserstein_gradient_looks_between_the_images():
  """D(x) = |x|^2 / 2 has slope |x|: at a random place on the way from real to generated."""

  def critic(images, _):
    return tf.reduce_sum(images**2, axis=1, keepdims=True) / 2

  with randomness.scope(randomness.key(1)):
    place = randomness.uniform([6, 1]).numpy()
  real, fake = PENALISED
  slopes = np.linalg.norm((1 - place) * real + place * fake, axis=1)
  assert penalty_value('wasserstein_gradient', critic) == pytest.approx(
    10 * np.mean((slopes - 1) ** 2), rel=1e-5
  )
