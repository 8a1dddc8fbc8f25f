"""Images per second of the training loop against a plain Keras step on the same networks.

    python tests/benchmarks/train_throughput.py [--networks=dcgan_textbook] [--rounds=3]

Both train the textbook DCGAN on constant data of MNIST's shape, in turns in one process, since the
speed of a machine drifts: the ratio is what counts. The plain step is what a careful user of Keras
would write: both networks in one `tf.function`, Keras' own layers and optimisers.
"""

import statistics
import tempfile
import time

from absl import app, flags
import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.models.build import build_networks
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.training.trainer import Trainer

FLAGS = flags.FLAGS
flags.DEFINE_string('networks', 'dcgan_textbook', 'Networks of both sides.')
flags.DEFINE_integer('batch', 64, 'Images per step.')
flags.DEFINE_integer('steps', 20, 'Steps per round.')
flags.DEFINE_integer('rounds', 3, 'Rounds of each side, in turns.')
flags.DEFINE_bool('deterministic', True, "As the experiment's field.")


def ours():
  """A function that trains some steps through TF-GAN and the pipeline's loop."""
  images = np.random.RandomState(0).randint(0, 256, (1024, 28, 28, 1)).astype(np.uint8)
  dataset = Dataset.of_images('noise', (28, 28, 1), (), {'train': MemorySplit({'image': images})})
  experiment = Experiment(
    model_dir=tempfile.mkdtemp(),
    networks=FLAGS.networks,
    noise='normal(20)',
    batch_size=FLAGS.batch,
    ema_decay=0.0,
  )
  trainer = Trainer(experiment, dataset, tf.distribute.get_strategy())
  trainer._step = 0
  iterator = iter(trainer._input())
  return lambda: trainer._run(iterator, FLAGS.steps)


def plain():
  """A function that trains some steps the usual Keras way."""
  ours_norm, ours_dropout = own.BatchNorm, own.Dropout
  own.BatchNorm, own.Dropout = keras.layers.BatchNormalization, keras.layers.Dropout
  try:
    networks = build_networks(
      Experiment(networks=FLAGS.networks, noise='normal(20)', model_dir='x'),
      Fields.of_images((28, 28, 1)),
    )
  finally:
    own.BatchNorm, own.Dropout = ours_norm, ours_dropout
  generator, discriminator = networks['generator'], networks['discriminator']
  optimizers = [keras.optimizers.Adam(2e-4, 0.5) for _ in range(2)]
  entropy = keras.losses.BinaryCrossentropy(from_logits=True)
  images = tf.random.uniform([FLAGS.batch, 28, 28, 1], -1, 1)

  @tf.function
  def step():
    with tf.GradientTape(persistent=True) as tape:
      fakes = generator(tf.random.normal([FLAGS.batch, 20]), training=True)
      on_real, on_fake = discriminator(images, training=True), discriminator(fakes, training=True)
      losses = (
        entropy(tf.ones_like(on_fake), on_fake),
        entropy(tf.ones_like(on_real), on_real) + entropy(tf.zeros_like(on_fake), on_fake),
      )
    for loss, network, optimizer in zip(losses, (generator, discriminator), optimizers):
      variables = network.trainable_variables
      optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return losses

  def steps():
    for _ in range(FLAGS.steps):
      values = step()
    return [float(value) for value in values]

  return steps


def main(_):
  keras.utils.set_random_seed(0)
  if FLAGS.deterministic:
    tf.config.experimental.enable_op_determinism()
  sides = {'ours': ours(), 'plain Keras': plain()}
  rates = {name: [] for name in sides}
  for run in sides.values():
    run()  # Traces and warms up.
  for _ in range(FLAGS.rounds):
    for name, run in sides.items():
      started = time.perf_counter()
      run()
      rates[name].append(FLAGS.steps * FLAGS.batch / (time.perf_counter() - started))
  for name, values in rates.items():
    print(
      f'{name}: median {statistics.median(values):.0f} images/s, {min(values):.0f} to '
      f'{max(values):.0f} in {len(values)} rounds'
    )
  pairs = [a / b for a, b in zip(rates['ours'], rates['plain Keras'])]
  print(
    f'ours / plain Keras: median {statistics.median(pairs):.2f}, {min(pairs):.2f} to '
    f'{max(pairs):.2f}'
  )


if __name__ == '__main__':
  app.run(main)
