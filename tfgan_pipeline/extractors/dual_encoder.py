"""Two small encoders, of pictures and of captions, that are trained to agree on real pairs.

    encoder = dual_encoder(context, steps=1500, seed=0)
    encoder.of_captions(tokens) @ encoder.of_images(images).T       # likeness of all pairs

A picture's code should be nearer to that of its own caption than to those of the other captions of
the batch: the loss of Oord et al. 2018 (arXiv:1807.03748), as in CLIP (Radford et al. 2021,
arXiv:2103.00020) for pictures. Trained once on the train split, cached by the content of that.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import os
from typing import Any

import numpy as np

from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.data.captions.fields import CAPTION, first_captions, vocabulary_of
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.extractors import trained
from tfgan_pipeline.extractors.base import ExtractorContext, full_precision
from tfgan_pipeline.networks.layers.words import BidirectionalGRU, MeanOfWords, WordVectors
from tfgan_pipeline.runs.digests import digest

_SIZE = 128  # Numbers of a code.
_BATCH = 64
_TEMPERATURE = 0.1
_LARGE = 32  # Pixels of a side, beyond which the first convolution has stride 2.
_HELD_OUT = 256  # Pairs, at most, that tell when the encoders have learnt.

_Encode = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class DualEncoder:
  """Trained encoders.

  Attributes:
    of_images: Function of images uint8 [n, H, W, C] to codes float32 [n, D] of length 1.
    of_captions: Function of tokens int32 [n, length] to codes float32 [n, D] of length 1.
    facts: Share of held-out pictures whose caption was found among all held-out ones, and steps.
  """

  of_images: _Encode
  of_captions: _Encode
  facts: dict[str, Any]


def dual_encoder(context: ExtractorContext, *, steps: int, seed: int) -> DualEncoder:
  """Returns the encoders of a data set with captions, trained or from the cache.

  Args:
    context: Data set with the fields image and caption, and cache.
    steps: Training steps at most, of 64 pairs each; it ends early when it has learnt.
    seed: Seed of initial weights and of the order of pairs.
  """
  dataset = context.dataset
  split = dataset.split('train')
  words = digest(*dataset.fields[CAPTION].words)
  recipe = f'steps={steps}, seed={seed}, words={words}, version=1'
  name = f'{dataset.name}-{digest(split.fingerprint, recipe)}.npz'
  path = os.path.join(context.cache_dir, 'dual_encoder', name)
  what = f'the encoders of pictures and captions of {dataset.name}'
  with seeded(seed), full_precision():
    with tf.init_scope():
      images, captions, model = _networks(dataset)
    facts = trained.load(model, path)
    if facts is None:
      facts = trained.train_once(
        what, model, path, lambda: _train(what, model, images, captions, dataset, steps, seed)
      )
  return DualEncoder(_function(images, _scaled), _function(captions, np.asarray), facts)


def _networks(dataset: Dataset) -> tuple[keras.Model, keras.Model, keras.Model]:
  """Builds the encoder of images, that of captions, and a model with the weights of both."""
  field, shape = dataset.fields[CAPTION], dataset.image_shape
  pixels, features = trained.encoder(shape, stride=2 if max(shape[:2]) > _LARGE else 1)
  images = keras.Model(pixels, _unit(features))
  tokens = keras.Input(field.shape[1:], dtype='int32')
  words = WordVectors(vocabulary_of(field).size, _SIZE)(tokens)
  code = keras.layers.Concatenate()([MeanOfWords()(words), BidirectionalGRU(_SIZE)(words)])
  captions = keras.Model(tokens, _unit(code))
  return images, captions, keras.Model([pixels, tokens], [images.output, captions.output])


def _unit(values: tf.Tensor) -> tf.Tensor:
  """Returns codes of length 1, float32 [n, D], a linear function of values before division."""
  return tf.math.l2_normalize(keras.layers.Dense(_SIZE)(values), axis=1)


def _scaled(images: np.ndarray) -> np.ndarray:
  return images.astype(np.float32) / np.float32(127.5) - 1


def _function(model: keras.Model, prepare: Callable[[np.ndarray], np.ndarray]) -> _Encode:
  def encode(values: np.ndarray) -> np.ndarray:
    parts = range(0, len(values), 256)
    made = [model(prepare(values[first : first + 256]), training=False) for first in parts]
    return np.concatenate([part.numpy() for part in made])

  return encode


def _train(
  what: str,
  model: keras.Model,
  images: keras.Model,
  captions: keras.Model,
  dataset: Dataset,
  steps: int,
  seed: int,
) -> dict[str, Any]:
  """Trains the encoders; returns facts: how often they find captions of held-out pictures."""
  of_images, of_captions = model.outputs
  likeness = tf.matmul(of_images, of_captions, transpose_b=True) / _TEMPERATURE  # [n, n]
  finder = keras.Model(model.inputs, likeness)
  split = dataset.split('train')
  size = min(_BATCH, split.size)

  def pairs(number: tf.Tensor, batch: dict[str, tf.Tensor]) -> tuple[Any, tf.Tensor]:
    place = tf.random.stateless_uniform([size], [seed, tf.cast(number, tf.int32)])
    counts = tf.reduce_sum(tf.cast(tf.reduce_any(batch[CAPTION] > 0, 2), tf.float32), 1)
    tokens = tf.gather(batch[CAPTION], tf.cast(place * counts, tf.int32), batch_dims=1)
    return (tf.cast(batch['image'], tf.float32) / 127.5 - 1.0, tokens), tf.range(size)

  name = next((name for name in ('validation', 'test') if name in dataset.splits), 'train')
  held_out = dataset.split(name).spread(min(_HELD_OUT, dataset.split(name).size))
  tokens = first_captions(held_out[CAPTION])

  def accuracy() -> float:
    codes = _function(captions, np.asarray)(tokens)
    nearest = (_function(images, _scaled)(held_out['image']) @ codes.T).argmax(1)
    # Equal captions are found as well as the own one.
    return float(np.mean((tokens[nearest] == tokens).all(axis=1)))

  batches = train_batches(split, batch_size=size, seed=seed).enumerate().map(pairs)
  steps = trained.fit(what, finder, batches, steps, accuracy)
  return {'captions_found': accuracy(), 'among': len(tokens), 'steps': steps, 'seed': seed}
