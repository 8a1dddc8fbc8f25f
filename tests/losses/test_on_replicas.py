"""Losses of a batch split over replicas: value and gradient are those of the whole batch."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality, tfgan
from tfgan_pipeline.replicas import strategies

BATCH, SIZE = 12, 4
REAL, FAKE = np.random.RandomState(0).randn(2, BATCH, SIZE).astype(np.float32)
WEIGHTS = np.float32([[0.5], [-1.0], [0.25], [2.0]])


def on_replicas(name: str, replicas: int) -> dict[str, np.ndarray]:
  """Losses of both players, and their gradients with respect to the discriminator's weights."""
  loss = registry.loss.build(name)
  strategy = strategies.mirrored_cpus(replicas) if replicas > 1 else tf.distribute.get_strategy()
  with strategy.scope():
    weights = tf.Variable(WEIGHTS)
  share = BATCH // replicas

  def step():
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    of_replica = tf.range(share) + share * replica
    with tf.GradientTape(persistent=True) as tape:
      model = tfgan.gan_model(
        lambda z: z,
        lambda images, _: images @ weights,
        tf.gather(REAL, of_replica),
        tf.gather(FAKE, of_replica),
      )
      losses = tfgan.gan_loss(model, loss.generator, loss.discriminator, add_summaries=False)
      values = {name: value / replicas for name, value in losses._asdict().items()}
    gradients = {f'of {name}': tape.gradient(value, weights) for name, value in values.items()}
    return {**values, **gradients}

  @tf.function(autograph=False)
  def total():
    found = strategy.run(step)
    return {name: strategy.reduce('SUM', value, axis=None) for name, value in found.items()}

  with tf1_tensor_equality():
    return {name: value.numpy() for name, value in total().items()}


@pytest.mark.parametrize('name', registry.loss.components())
def test_three_make_the_loss_of_one(name):
  whole, split = on_replicas(name, 1), on_replicas(name, 3)
  assert len(whole) == 4 and all(np.abs(value).max() > 1e-3 for value in whole.values())
  for part, value in whole.items():
    np.testing.assert_allclose(split[part], value, rtol=1e-5, atol=1e-6, err_msg=part)
