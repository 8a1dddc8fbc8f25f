"""Small convolutional classifier of the run's own data, as TF-GAN's MNIST example scores with.

It is trained once per data set on the train split and cached, as one file, under the data's
fingerprint. Scores made with it compare runs on the same data with each other, and with nothing
published.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import io
import json
import logging
import os
import re
from typing import Any
import zipfile
import zlib

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.data.dataset import Dataset, Split
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import UsageError, first_line, require
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.extractors.on_replicas import Forward, network_extractor
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.runs.file_lock import holding

_log = logging.getLogger(__name__)


@registry.extractor
def classifier(context: ExtractorContext, *, steps: int = 1500, seed: int = 0) -> Extractor:
  """Classifier trained on the train split: 128 features and class logits.

  Of `stacked` data one classifier reads every channel, as in the literature on its 1,000 modes: a
  class's logit is the sum of its channels' log-probabilities, and features are 128 per channel.

  Args:
    context: Data set, cache and strategy of the run that is scored.
    steps: Training steps, of 128 images each.
    seed: Seed of initial weights and the order of images.

  Raises:
    UsageError: The data set has no labels, or the seed is out of range.
  """
  dataset = context.dataset
  if not dataset.num_classes:
    raise UsageError(
      f'--extractor=classifier: {dataset.name} has no labels; random_projection needs none'
    )
  require('--extractor=classifier', at_least=0, below=2**32, seed=seed)  # NumPy's range.
  channels = ', a channel at a time' if dataset.channel_classes else ''
  recipe = f'steps={steps}, seed={seed}, version=2{channels}'

  def path_of(fingerprint: str) -> str:
    name = f'{dataset.name}-{digest(fingerprint, recipe)}.npz'
    return os.path.join(context.cache_dir, 'classifier', name)

  path = path_of(dataset.fingerprint)
  with seeded(seed):
    with tf.init_scope():
      model = _network(dataset)
    facts = _load(model, path)
    if facts is None and _has_cached_file(dataset.name, os.path.dirname(path)):
      facts = _load(model, path_of(dataset.former_fingerprint))
    if facts is None:
      with _lock_file(path):  # Another process may have made the file meanwhile.
        facts = _load(model, path) or _train_and_save(model, dataset, steps, seed, path)

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
  layers = keras.layers
  images = x = layers.Input(image_shape)
  side = min(image_shape[:2])
  filters = 32
  while side >= 7:  # Halve until the map is about as small as LeNet's.
    x = layers.Conv2D(filters, 3, padding='same', use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)
    side, filters = side // 2, min(filters * 2, 128)
  x = layers.Dropout(0.3)(layers.Flatten()(x))
  features = layers.Dense(128, activation='relu')(x)
  return keras.Model(images, (features, layers.Dense(num_classes)(features)))


def _train_and_save(
  model: keras.Model, dataset: Dataset, steps: int, seed: int, path: str
) -> dict[str, Any]:
  """Trains the model, measures its accuracy on held-out images, caches and returns the facts."""
  _log.info('training the classifier of %s for %d steps, once', dataset.name, steps)
  batches = train_batches(dataset.split('train'), batch_size=128, seed=seed).map(
    lambda batch: (tf.cast(batch['image'], tf.float32) / 127.5 - 1.0, batch['label'])
  )
  predictor = keras.Model(model.input, model.output[1])
  predictor.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
  )
  predictor.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0)

  held_out = _choose_test_split(dataset)
  facts = {
    'accuracy': _accuracy(predictor, dataset.split(held_out)),
    'accuracy_split': held_out,
    'steps': steps,
    'seed': seed,
  }
  _log.info('accuracy on %s: %.2f %%', held_out, 100 * facts['accuracy'])
  content = io.BytesIO()  # Writing a zip archive needs seek, which gs:// files lack.
  weights = {f'weight_{index}': value for index, value in enumerate(model.get_weights())}
  np.savez(content, facts=np.array(json.dumps(facts)), **weights)
  atomic_files.write(path, content.getvalue())
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


@contextlib.contextmanager
def _lock_file(path: str) -> Iterator[None]:
  """Holds a lock on `path`, waiting while another process makes the file.

  A bucket knows no locks, so for paths in one nothing is done.
  """
  files.make_folder(os.path.dirname(path))
  with holding(f'{path}.lock', wait=True) if files.is_local(path) else contextlib.nullcontext():
    yield


def _has_cached_file(name: str, folder: str) -> bool:
  """Returns whether a classifier of the data set is cached, perhaps by an earlier version.

  A cheap test, as the file name of an earlier version takes a pass over all data.
  """
  pattern = re.compile(rf'{re.escape(name)}-[0-9a-f]+(\.npz)?')
  return any(pattern.fullmatch(entry) for entry in files.names_in(folder))


def _load(model: keras.Model, path: str) -> dict[str, Any] | None:
  """Gives `model` the cached weights and returns the facts beside them; None if there are none."""
  if not files.exists(path):
    return _load_folder(model, path.removesuffix('.npz'))
  content = files.read_bytes(path)
  try:
    with np.load(io.BytesIO(content)) as archive:
      model.set_weights([archive[f'weight_{index}'] for index in range(len(model.get_weights()))])
      return json.loads(str(archive['facts']))
  except (ValueError, LookupError, EOFError, zipfile.BadZipFile, zlib.error) as error:
    _log.warning('%s is damaged, and made anew (%s)', path, first_line(error))
    return None


def _load_folder(model: keras.Model, folder: str) -> dict[str, Any] | None:
  """Loads a classifier as earlier versions cached it: a checkpoint, with facts.json beside it."""
  facts = os.path.join(folder, 'facts.json')
  if not files.exists(facts):
    return None
  tf.train.Checkpoint(model=model).read(
    os.path.join(folder, 'weights')
  ).assert_existing_objects_matched().expect_partial()
  return json.loads(files.read_text(facts))


def _accuracy(model: keras.Model, split: Split) -> float:
  """Returns the share of images in a split whose label the model predicts."""
  hits = [
    np.argmax(model.predict(batch['image'] / np.float32(127.5) - 1, verbose=0), -1)
    == batch['label']
    for batch in split.ordered(1024)
  ]
  return float(np.mean(np.concatenate(hits)))
