"""Small networks that are trained once on a run's own data, and cached by the content of the data.

    images, features = encoder((32, 32, 3))
    facts = load(model, path)
    if facts is None:
      facts = train_once('the classifier of mnist', model, path, train)

One file holds weights and facts. A lock beside it lets several processes that want one network
train it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import io
import json
import logging
import os
import sys
import time
from typing import Any
import zipfile
import zlib

import numpy as np
import tqdm

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import first_line
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.file_lock import holding

_log = logging.getLogger(__name__)
_PAUSES = (1.0, 30.0)  # Seconds until the first line of progress, and between lines at most.
_CHECK = 100  # Steps between two measurements of accuracy: a tenth of a training or less.
_RISE = 0.005  # Less is chance: it is one of 200 held-out images.
_PATIENCE = 3  # Measurements without a rise that end a training; a single one may be unlucky.


def encoder(image_shape: tuple[int, ...], *, stride: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
  """Builds convolutions from images float32 [N, H, W, C] to 128 features; returns both ends.

  Args:
    image_shape: (height, width, channels).
    stride: Stride of the first convolution; 2 quarters the work on large images.

  Returns:
    Keras input, and features float32 [N, 128], at least 0.
  """
  layers = keras.layers
  images = x = layers.Input(image_shape)
  side = min(image_shape[:2])
  filters = 32
  while side >= 7:  # Halve until the map is about as small as LeNet's.
    x = layers.Conv2D(filters, 3, strides=stride, padding='same', use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)
    side, filters, stride = side // (2 * stride), min(filters * 2, 128), 1
  x = layers.Dropout(0.3)(layers.Flatten()(x))
  return images, layers.Dense(128, activation='relu')(x)


def fit(
  what: str,
  predictor: keras.Model,
  batches: tf.data.Dataset,
  steps: int,
  accuracy: Callable[[], float] | None = None,
) -> int:
  """Trains a model of logits by cross entropy and shows progress; returns the steps that it took.

  Args:
    what: Name of the network for progress, such as 'the classifier of mnist'.
    predictor: Model from images to logits [n, K].
    batches: Endless batches of images and labels int [n].
    steps: Steps at most; the learning rate falls from 0.002 to 0 over as many.
    accuracy: Measures the model on held-out images; the training ends when that no longer rises.
      None: it takes all steps.
  """
  _log.info('training %s for %d steps, once', what, steps)
  predictor.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
  )
  watch = _Watch(what, steps, accuracy)
  predictor.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0, callbacks=[watch])
  return watch.step


class _Watch(keras.callbacks.Callback):
  """Shows how far a training is, and ends it when its accuracy no longer rises.

  A terminal gets a bar; anything else gets lines, ever fewer.
  """

  def __init__(self, what: str, steps: int, accuracy: Callable[[], float] | None):
    super().__init__()
    self.step = 0
    self._what, self._steps, self._accuracy = what, steps, accuracy
    self._best, self._misses = 0.0, 0
    self._start = self._shown = 0.0
    self._pause = _PAUSES[0]

  def on_train_begin(self, logs: object = None) -> None:
    is_terminal = bool(sys.stderr and sys.stderr.isatty())
    self._bar = tqdm.tqdm(
      total=self._steps, desc=self._what, unit='step', dynamic_ncols=True, disable=not is_terminal
    )

  def on_train_batch_end(self, batch: int, logs: object = None) -> None:
    self.step = batch + 1
    self._bar.update()
    if self._accuracy and self.step % _CHECK == 0:
      self._check(self._accuracy())
    now = time.monotonic()
    if self.step == 1:  # Took compilation, so that rates are measured from here.
      self._start = self._shown = now
    elif self._bar.disable and now - self._shown >= self._pause:
      self._shown, self._pause = now, min(2 * self._pause, _PAUSES[1])
      left = (now - self._start) / batch * (self._steps - self.step)
      left = tqdm.tqdm.format_interval(left)
      _log.info('%s: step %d of %d, %s left', self._what, self.step, self._steps, left)

  def on_train_end(self, logs: object = None) -> None:
    self._bar.close()

  def _check(self, accuracy: float) -> None:
    self._misses = 0 if accuracy > self._best + _RISE else self._misses + 1
    self._best = max(self._best, accuracy)
    if self._misses == _PATIENCE and self.step < self._steps:
      _log.info('%s: learnt in %d of %d steps', self._what, self.step, self._steps)
      self.model.stop_training = True


def train_once(
  what: str, model: keras.Model, path: str, train: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
  """Trains a network that is not in the cache, or waits for a process that does; returns facts.

  Args:
    what: Name of the network for messages, such as 'the classifier of mnist'.
    model: Gets the weights.
    path: File of weights and facts in the cache.
    train: Trains `model` and returns facts about it, ready for JSON.
  """
  with _lock_file(path, what):  # Another process may have made the file meanwhile.
    facts = load(model, path)
    if facts is None:
      facts = train()
      content = io.BytesIO()  # Writing a zip archive needs seek, which gs:// files lack.
      weights = {f'weight_{index}': value for index, value in enumerate(model.get_weights())}
      np.savez(content, facts=np.array(json.dumps(facts)), **weights)
      atomic_files.write(path, content.getvalue())
  return facts


@contextlib.contextmanager
def _lock_file(path: str, what: str) -> Iterator[None]:
  """Holds a lock on `path`, waiting while another process makes the file.

  A bucket knows no locks, so for paths in one nothing is done.
  """
  files.make_folder(os.path.dirname(path))
  if not files.is_local(path):
    yield
    return
  with contextlib.ExitStack() as stack:
    if not stack.enter_context(holding(f'{path}.lock')):
      _log.info('another process trains %s: waiting for it', what)
      stack.enter_context(holding(f'{path}.lock', wait=True))
    yield


def load(model: keras.Model, path: str) -> dict[str, Any] | None:
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
  """Loads a network as earlier versions cached it: a checkpoint, with facts.json beside it."""
  facts = os.path.join(folder, 'facts.json')
  if not files.exists(facts):
    return None
  tf.train.Checkpoint(model=model).read(
    os.path.join(folder, 'weights')
  ).assert_existing_objects_matched().expect_partial()
  return json.loads(files.read_text(facts))
