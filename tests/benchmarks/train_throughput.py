"""Images per second of the training loop against a plain Keras step on the same networks.

    python -m tests.benchmarks.train_throughput [--networks=dcgan_textbook] [--rounds=3] \\
      [--csv=docs/data/train_throughput.csv]

Both train the textbook DCGAN on constant data of MNIST's shape, in turns in one process, since the
speed of a machine drifts: the ratio is what counts. The plain step is what a careful user of Keras
would write: both networks in one `tf.function`, Keras' own layers and optimisers.
"""

import argparse
from collections.abc import Callable
import statistics
import tempfile
import time

import numpy as np

from tests.benchmarks import csv_rows
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.models.build import build_networks
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.training.trainer import Trainer

COLUMNS = (
  *('networks', 'batch', 'ours', 'plain_keras'),
  *('ratio', 'lowest_ratio', 'highest_ratio', 'rounds'),
)


def ours(networks: str, batch: int, steps: int) -> Callable[[], object]:
  """A function that trains some steps through TF-GAN and the pipeline's loop."""
  images = np.random.RandomState(0).randint(0, 256, (1024, 28, 28, 1)).astype(np.uint8)
  dataset = Dataset.of_images('noise', (28, 28, 1), (), {'train': MemorySplit({'image': images})})
  experiment = Experiment(
    model_dir=tempfile.mkdtemp(),
    networks=networks,
    noise='normal(20)',
    batch_size=batch,
    ema_decay=0.0,
  )
  trainer = Trainer(experiment, dataset, tf.distribute.get_strategy())
  trainer._step = 0
  iterator = iter(trainer._input())
  return lambda: trainer._run(iterator, steps)


def plain(networks: str, batch: int, steps: int) -> Callable[[], object]:
  """A function that trains some steps the usual Keras way."""
  ours_norm, ours_dropout = own.BatchNorm, own.Dropout
  own.BatchNorm, own.Dropout = keras.layers.BatchNormalization, keras.layers.Dropout
  try:
    built = build_networks(
      Experiment(networks=networks, noise='normal(20)', model_dir='x'),
      Fields.of_images((28, 28, 1)),
    )
  finally:
    own.BatchNorm, own.Dropout = ours_norm, ours_dropout
  generator, discriminator = built['generator'], built['discriminator']
  optimizers = [keras.optimizers.Adam(2e-4, 0.5) for _ in range(2)]
  entropy = keras.losses.BinaryCrossentropy(from_logits=True)
  images = tf.random.uniform([batch, 28, 28, 1], -1, 1)

  @tf.function
  def step():
    with tf.GradientTape(persistent=True) as tape:
      fakes = generator(tf.random.normal([batch, 20]), training=True)
      on_real, on_fake = discriminator(images, training=True), discriminator(fakes, training=True)
      losses = (
        entropy(tf.ones_like(on_fake), on_fake),
        entropy(tf.ones_like(on_real), on_real) + entropy(tf.zeros_like(on_fake), on_fake),
      )
    for loss, network, optimizer in zip(losses, (generator, discriminator), optimizers):
      variables = network.trainable_variables
      optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return losses

  def run():
    for _ in range(steps):
      values = step()
    return [float(value) for value in values]

  return run


def row(networks: str, batch: int, rates: dict[str, list[float]]) -> dict[str, object]:
  """Returns medians of both sides, and of their ratio round by round.

  Args:
    networks: Of both sides.
    batch: Images per step.
    rates: Images per second of each round, by side.
  """
  pairs = [a / b for a, b in zip(rates['ours'], rates['plain Keras'])]
  return {
    'networks': networks,
    'batch': batch,
    'ours': round(statistics.median(rates['ours']), 1),
    'plain_keras': round(statistics.median(rates['plain Keras']), 1),
    'ratio': round(statistics.median(pairs), 3),
    'lowest_ratio': round(min(pairs), 3),
    'highest_ratio': round(max(pairs), 3),
    'rounds': len(pairs),
  }


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--networks', default='dcgan_textbook', help='of both sides')
  parser.add_argument('--batch', type=int, default=64, help='images per step')
  parser.add_argument('--steps', type=int, default=20, help='per round')
  parser.add_argument('--rounds', type=int, default=3, help='of each side, in turns')
  parser.add_argument('--deterministic', action=argparse.BooleanOptionalAction, default=True)
  parser.add_argument('--csv', help='a file for a row of the medians')
  arguments = parser.parse_args()
  keras.utils.set_random_seed(0)
  if arguments.deterministic:
    tf.config.experimental.enable_op_determinism()
  sizes = (arguments.networks, arguments.batch, arguments.steps)
  sides = {'ours': ours(*sizes), 'plain Keras': plain(*sizes)}
  rates: dict[str, list[float]] = {name: [] for name in sides}
  for run in sides.values():
    run()  # Traces and warms up.
  for _ in range(arguments.rounds):
    for name, run in sides.items():
      started = time.perf_counter()
      run()
      rates[name].append(arguments.steps * arguments.batch / (time.perf_counter() - started))
  for name, values in rates.items():
    print(
      f'{name}: median {statistics.median(values):.0f} images/s, {min(values):.0f} to '
      f'{max(values):.0f} in {len(values)} rounds'
    )
  found = row(arguments.networks, arguments.batch, rates)
  print(
    f'ours / plain Keras: median {found["ratio"]:.2f}, {found["lowest_ratio"]:.2f} to '
    f'{found["highest_ratio"]:.2f}'
  )
  if arguments.csv:
    csv_rows.update(arguments.csv, COLUMNS, [found])


if __name__ == '__main__':
  main()
