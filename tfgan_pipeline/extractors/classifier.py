"""Small convolutional classifier of the run's own data, as TF-GAN's MNIST example scores with.

It is trained once per data set on the train split and cached, as one file, under the data's
fingerprint. Scores made with it compare runs on the same data with each other, and with nothing
published.
"""

from __future__ import annotations

import logging
import os
import re
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.extractors import trained
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.extractors.on_replicas import Forward, network_extractor
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.digests import digest

_log = logging.getLogger(__name__)


@registry.extractor
def classifier(
  context: ExtractorContext, *, steps: int = 1500, seed: int = 0, stop_early: bool = False
) -> Extractor:
  """Classifier trained on the train split: 128 features and class logits.

  Of `stacked` data one classifier reads every channel, as in the literature on its 1,000 modes: a
  class's logit is the sum of its channels' log-probabilities, and features are 128 per channel.

  Args:
    context: Data set, cache and strategy of the run that is scored.
    steps: Training steps, of 128 images each.
    seed: Seed of initial weights and the order of images.
    stop_early: Whether training ends when the accuracy on the split that it is measured on no
      longer rises. Scores of such a classifier are another measurement.

  Raises:
    UsageError: The data set has no labels, or the seed is out of range.
  """
  dataset = context.dataset
  if not dataset.num_classes:
    raise UsageError(
      f'--extractor=classifier: {dataset.name} has no labels; self_supervised needs none'
    )
  require('--extractor=classifier', at_least=0, below=2**32, seed=seed)  # NumPy's range.
  channels = ', a channel at a time' if dataset.channel_classes else ''
  early = ', stop_early' if stop_early else ''
  recipe = f'steps={steps}, seed={seed}, version=2{channels}{early}'

  def path_of(fingerprint: str) -> str:
    name = f'{dataset.name}-{digest(fingerprint, recipe)}.npz'
    return os.path.join(context.cache_dir, 'classifier', name)

  path = path_of(dataset.fingerprint)
  with seeded(seed):
    with tf.init_scope():
      model = _network(dataset)
    facts = trained.load(model, path)
    if facts is None and _has_cached_file(dataset.name, os.path.dirname(path)):
      facts = trained.load(model, path_of(dataset.former_fingerprint))
    if facts is None:
      facts = trained.train_once(
        f'the classifier of {dataset.name}',
        model,
        path,
        lambda: _train(model, dataset, steps, seed, stop_early),
      )

  def build() -> Forward:
    # Trained on one device whatever the strategy, then copied to its replicas.
    replicated = keras.models.clone_model(model)
    replicated.set_weights(model.get_weights())
    return lambda images: replicated(tf.cast(images, tf.float32) / 127.5 - 1.0, training=False)

  fingerprint = digest('classifier, images/127.5-1', *model.get_weights())
  name = f'classifier:{dataset.name}'
  return network_extractor(context, '--extractor=classifier', name, fingerprint, build, facts)


def _network(dataset: Dataset) -> keras.Model:
  """Builds the model from images float32 [N, H, W, C] to (features [N, D], logits [N, K])."""
  height, width, channels = dataset.image_shape
  if not dataset.channel_classes:
    return _network_of((height, width, channels), dataset.num_classes)
  reader = _network_of((height, width, 1), dataset.channel_classes)
  images = keras.Input(dataset.image_shape)
  features, logits = zip(*(reader(images[..., c : c + 1]) for c in range(channels)))
  joint = tf.nn.log_softmax(logits[0])
  for channel_logits in logits[1:]:  # [N, a, 1] + [N, 1, b] -> [N, a * b], one for each pair.
    joint = joint[:, :, tf.newaxis] + tf.nn.log_softmax(channel_logits)[:, tf.newaxis]
    joint = keras.layers.Flatten()(joint)
  return keras.Model(images, (keras.layers.Concatenate()(features), joint))


def _network_of(image_shape: tuple[int, ...], num_classes: int) -> keras.Model:
  """Builds a model from images float32 [N, H, W, C] to (features [N, 128], logits [N, classes])."""
  images, features = trained.encoder(image_shape)
  return keras.Model(images, (features, keras.layers.Dense(num_classes)(features)))


def _train(
  model: keras.Model, dataset: Dataset, steps: int, seed: int, stop_early: bool
) -> dict[str, Any]:
  """Trains the model and returns facts: its accuracy on held-out images, steps and seed."""
  what = f'the classifier of {dataset.name}'
  batches = train_batches(dataset.split('train'), batch_size=128, seed=seed).map(
    lambda batch: (tf.cast(batch['image'], tf.float32) / 127.5 - 1.0, batch['label'])
  )
  predictor = keras.Model(model.input, model.output[1])
  held_out = _choose_test_split(dataset)

  def accuracy() -> float:
    return _accuracy(predictor, dataset.split(held_out))

  steps = trained.fit(what, predictor, batches, steps, accuracy if stop_early else None)
  facts = {
    'accuracy': accuracy(),
    'accuracy_split': held_out,
    'steps': steps,
    'seed': seed,
    **({'stop_early': True} if stop_early else {}),
  }
  _log.info('accuracy on %s: %.2f %%', held_out, 100 * facts['accuracy'])
  return facts


def _choose_test_split(dataset: Dataset) -> str:
  """Returns the split to measure accuracy on: 'test', or another where test hides its labels."""
  if 'test' not in dataset.splits:
    return 'train'
  return next(
    name
    for name in ('test', 'validation', 'train')
    if name in dataset.splits and not dataset.split(name).hides_labels
  )


def _has_cached_file(name: str, folder: str) -> bool:
  """Returns whether a classifier of the data set is cached, perhaps by an earlier version.

  A cheap test, as the file name of an earlier version takes a pass over all data.
  """
  pattern = re.compile(rf'{re.escape(name)}-[0-9a-f]+(\.npz)?')
  return any(pattern.fullmatch(entry) for entry in files.names_in(folder))


def _accuracy(model: keras.Model, split: Split) -> float:
  """Returns the share of images in a split whose label the model predicts."""
  hits = [
    np.argmax(model.predict(batch['image'] / np.float32(127.5) - 1, verbose=0), -1)
    == batch['label']
    for batch in split.ordered(1024)
  ]
  return float(np.mean(np.concatenate(hits)))
