"""Losses and penalties against formulas written out, through `tfgan.gan_loss`."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality, tfgan
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
  'wasserstein': (-FAKE.mean(), FAKE.mean() - REAL.mean()),
  'wasserstein_hinge': (
    -FAKE.mean(),
    np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean(),
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


def test_every_loss_has_expected_values():
  assert set(registry.loss.components()) == {text.split('(')[0] for text in EXPECTED}


def penalty_value(text, discriminator, real=PENALISED[0], fake=PENALISED[1]) -> float:
  """Of two sets of six images."""
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
  """Its slope is the same everywhere: 10 (slope - 1)^2, and nothing below 1 when one-sided."""
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
  """D(x) = |x|^2 / 2 has slope |x|: between the sets it is less than on the outer one."""

  def critic(images, _):
    return tf.reduce_sum(images**2, axis=1, keepdims=True) / 2

  between = penalty_value('wasserstein_gradient(weight=1)', critic)
  rng = np.random.RandomState(0)
  real, fake = rng.randn(2, 6, 4)
  assert 0 < between < max(np.mean((np.linalg.norm(x, axis=1) - 1) ** 2) for x in (real, fake))
