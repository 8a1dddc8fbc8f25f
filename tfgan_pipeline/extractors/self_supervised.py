"""Small network that learns, without labels, to tell a run's own pictures apart.

Two changed views of each picture of a batch are twins. The network is trained to find the twin of
each view among all other views, SimCLR of Chen et al. 2020 (arXiv:2002.05709), so that its
features say what is in a picture, and not where or how bright. The changes are none of blur and
mirroring, and noise is weak: features that overlook these would make a distance that overlooks
them.

Trained once on the train split, cached by the content of that. Scores made with it compare runs on
the same data with each other, and with nothing published.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.split import SelectedSplit, Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.extractors import trained
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext, full_precision
from tfgan_pipeline.extractors.on_replicas import Forward, network_extractor
from tfgan_pipeline.runs.digests import digest

_SIDE = 64  # Pixels; more would take longer than minutes on two cores.
_PICTURES = 20_000  # At most; of 64 x 64 in colour they take 250 MB, and steps see no more.
_HELD_OUT = 256  # At most a tenth; pictures that tell when the network has learnt.
_BATCH = 128  # Pictures, twice as many views; SimCLR's smallest is 256.
_TEMPERATURE = 0.2  # SimCLR has 0.1 to 0.5 for batches of 256 to 4096.
# SimCLR crops and distorts colours. These changes suit digits as well, and all numbers of channels.
_CHANGES = 'zoom(0.25), shift(0.15), rotate(10), brightness(0.2), contrast(0.4)'
# Deviation in [-1, 1]; without it, noise that is hard to see weighs more than a lost class.
_NOISE = 0.1


@registry.extractor
def self_supervised(context: ExtractorContext, *, steps: int = 600, seed: int = 0) -> Extractor:
  """Network that learns to tell the train split's pictures apart: 128 features, no labels.

  Args:
    context: Data set, cache and strategy of the run that is scored.
    steps: Training steps at most, of 128 pictures each; it ends early when it has learnt.
    seed: Seed of initial weights, the order of pictures, and their changes.

  Raises:
    UsageError: The data set has no train split, or an argument is out of range.
  """
  dataset = context.dataset
  where = '--extractor=self_supervised'
  require(where, at_least=0, below=2**32, seed=seed)  # NumPy's range.
  require(where, at_least=1, steps=steps)
  if 'train' not in dataset.splits:
    raise UsageError(
      f'{where}: {dataset.name} has no train split to learn from; name the training data with '
      '--dataset, or choose another --extractor'
    )
  split = dataset.split('train')
  shape = _shape(dataset.image_shape)
  recipe = f'steps={steps}, seed={seed}, {_CHANGES}, noise={_NOISE}, version=1'
  name = f'{dataset.name}-{digest(split.fingerprint, recipe)}.npz'
  path = os.path.join(context.cache_dir, 'self_supervised', name)
  what = f'the self-supervised network of {dataset.name}'
  with seeded(seed), full_precision():
    with tf.init_scope():
      model = keras.Model(*trained.encoder(shape, stride=2 if max(shape[:2]) > 32 else 1))
    facts = trained.load(model, path)
    if facts is None:
      facts = trained.train_once(
        what, model, path, lambda: _train(what, model, split, shape, steps, seed)
      )

  def build() -> Forward:
    # Trained on one device whatever the strategy, then copied to its replicas.
    replicated = keras.models.clone_model(model)
    replicated.set_weights(model.get_weights())
    return lambda images: (replicated(_scaled(_shrunk(images, shape)), training=False), None)

  fingerprint = digest(f'self_supervised, {shape}, images/127.5-1', *model.get_weights())
  name = f'self_supervised:{dataset.name}'
  return network_extractor(context, where, name, fingerprint, build, facts)


def _shape(image_shape: tuple[int, ...]) -> tuple[int, int, int]:
  """Returns height, width and channels of pictures as the network sees them."""
  height, width, channels = image_shape
  scale = min(1.0, _SIDE / max(height, width))
  return max(1, round(height * scale)), max(1, round(width * scale)), channels


def _shrunk(images: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
  """Returns uint8 or float32 [n, H, W, C] as float32 [n, *shape] in [0, 255]."""
  images = tf.cast(images, tf.float32)
  if tuple(images.shape[1:]) == shape:
    return images
  return tf.image.resize(images, shape[:2], antialias=True)


def _scaled(images: tf.Tensor) -> tf.Tensor:
  return tf.cast(images, tf.float32) / 127.5 - 1.0


def _train(
  what: str, model: keras.Model, split: Split, shape: tuple[int, int, int], steps: int, seed: int
) -> dict[str, Any]:
  """Trains the model; returns facts: how often it finds twins of held-out pictures, and steps."""
  pictures = _pictures(split, shape)
  held_out = pictures[::10][:_HELD_OUT]
  if len(held_out) > 1:  # Of fewer none can be spared.
    pictures = np.delete(pictures, np.arange(len(held_out)) * 10, axis=0)
  images = keras.Input(shape)
  finder = keras.Model(images, _likeness(model(keras.layers.GaussianNoise(_NOISE)(images))))
  views, twins = next(iter(_twins(held_out, len(held_out), seed)))
  find = tf.function(lambda: tf.argmax(finder(views, training=False), axis=1, output_type=tf.int32))

  def accuracy() -> float:
    return float(np.mean(find().numpy() == twins.numpy()))

  batches = _twins(pictures, min(_BATCH, len(pictures)), seed)
  steps = trained.fit(what, finder, batches, steps, accuracy)
  return {'twins_found': accuracy(), 'steps': steps, 'seed': seed, 'pictures': len(pictures)}


def _pictures(split: Split, shape: tuple[int, int, int]) -> np.ndarray:
  """Returns pictures from all over a split, uint8 [n, *shape], n at most `_PICTURES`."""
  interval = -(-split.size // _PICTURES)
  parts, first = [], 0
  for batch in split.ordered(1024):
    images = batch['image'][-first % interval :: interval]
    first += len(batch['image'])
    if len(images):
      parts.append(tf.saturate_cast(tf.round(_shrunk(images, shape)), tf.uint8).numpy())
  return np.concatenate(parts)


def _twins(pictures: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
  """Returns endless batches: views float32 [2n, H, W, C] in [-1, 1], and the row of each's twin."""
  split = MemorySplit({'image': pictures})
  pairs = SelectedSplit(split, {'image': 'image', 'twin': 'image'}, split.image_shape)
  batches = train_batches(
    pairs,
    batch_size=batch_size,
    seed=seed,
    augment=_CHANGES,
    augmented={'image': 'image', 'twin': 'twin'},
  )
  rows = tf.roll(tf.range(2 * batch_size), batch_size, axis=0)
  return batches.map(
    lambda batch: (_scaled(tf.concat([batch['image'], batch['twin']], axis=0)), rows)
  )


def _likeness(features: tf.Tensor) -> tf.Tensor:
  """Returns logits [2n, 2n] of being twins: cosines of a projection of features, over temperature.

  Their cross entropy with the true twins is NT-Xent, equation 1 of arXiv:2002.05709.
  """
  layers = keras.layers
  projection = layers.Dense(64)(layers.Dense(128, activation='relu')(features))
  unit = tf.math.l2_normalize(projection, axis=1)
  logits = tf.matmul(unit, unit, transpose_b=True) / _TEMPERATURE
  # No view is its own twin; -1e9 is a logit whose probability is 0 in float32.
  return tf.linalg.set_diag(logits, tf.fill([tf.shape(logits)[0]], -1e9))
