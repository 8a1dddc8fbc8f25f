"""Chords of bars, and the order in which they follow each other.

    numbers = chords_of(bars)        # float [n, 16, 128, 1] in [-1, 1] -> int32 [n]
    vectors = chord_vectors(numbers)  # float32 [n, 13]: a root of 12, and 1 for minor

Chords 0 to 11 are the major triads on C, C sharp and so on, 12 to 23 the minor ones, and 24 is
that of a silent bar, a vector of zeros.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas import collectives

SILENT = 24
CHORDS = SILENT + 1
VECTOR = 13
NAMES = tuple(
  f'{root}{kind}'
  for kind in ('', 'm')
  for root in ('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')
)
_MOMENTUM = 0.999
# What a step counts that sounds the root, the third or the fifth of a triad.
_ROOT, _THIRD, _FIFTH = 1.2, 1.0, 1.1


def _templates() -> np.ndarray:
  """Returns the weight of each pitch class in each triad, float32 [12, 24]."""
  templates = np.zeros((12, SILENT), np.float32)
  for chord in range(SILENT):
    root, third = chord % 12, 4 if chord < 12 else 3
    for distance, weight in ((0, _ROOT), (third, _THIRD), (7, _FIFTH)):
      templates[(root + distance) % 12, chord] = weight
  return templates


def chords_of(bars: tf.Tensor) -> tf.Tensor:
  """Estimates the chord of each bar, int32 [n]: the triad whose notes sound for most steps.

  A step with the root counts 1.2, with the fifth 1.1 and with the third 1, so that a bar of one
  note has that root. Of equal triads the one with the lower number is taken.

  Args:
    bars: Rolls float [n, steps, 128, 1] in [-1, 1], 1 where a note sounds.
  """
  sounds = tf.cast(bars[..., 0] > 0, tf.float32)
  classes = np.eye(12, dtype=np.float32)[np.arange(bars.shape[2]) % 12]  # [128, 12]
  scores = tf.linalg.matmul(tf.reduce_sum(sounds, 1), tf.constant(classes @ _templates()))
  best = tf.argmax(scores, axis=1, output_type=tf.int32)
  return tf.where(tf.reduce_max(scores, axis=1) > 0, best, SILENT)


def chord_vectors(numbers: tf.Tensor) -> tf.Tensor:
  """Returns chords int32 [n] as vectors float32 [n, 13]."""
  root = tf.one_hot(tf.where(numbers < SILENT, numbers % 12, -1), 12)
  minor = tf.cast((numbers >= 12) & (numbers < SILENT), tf.float32)
  return tf.concat([root, minor[:, tf.newaxis]], axis=1)


class ChordOrder(keras.layers.Layer):
  """Counts, in training, which chord follows which, so that sampling can draw chords like these.

  Reads [the bar before [n, 16, 128, 1], the chord [n, 13]] and gives the chord as it is. Counts are
  a moving average over batches of all replicas, which the checkpoint holds.
  """

  def __init__(self, **kwargs):
    super().__init__(**{**kwargs, 'dtype': 'float32'})

  def build(self, input_shape):
    self.counts = self.add_weight(
      name='counts', shape=[CHORDS, CHORDS], initializer='zeros', trainable=False
    )
    super().build(input_shape)

  def call(self, inputs, training=None):
    previous, vectors = inputs
    if training:
      before = tf.one_hot(chords_of(previous), CHORDS)
      after = tf.one_hot(_numbers(vectors), CHORDS)
      share = tf.linalg.matmul(before, after, transpose_a=True) / tf.cast(
        tf.shape(before)[0], tf.float32
      )
      counts = self.counts + (1 - _MOMENTUM) * (collectives.mean(share) - self.counts)
      collectives.assign([self.counts], [counts])
    return vectors

  def draw(self, before: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Returns chords int32 [n] that follow chords `before`, int32 [n].

    Args:
      before: Chords of the bars before.
      places: Random numbers float32 [n] in [0, 1).
    """
    rows = tf.gather(self.counts, before) + 1e-9  # Never zero: of an untrained row, any chord.
    borders = tf.cumsum(rows / tf.reduce_sum(rows, axis=1, keepdims=True), axis=1)
    numbers = tf.reduce_sum(tf.cast(borders <= places[:, tf.newaxis], tf.int32), axis=1)
    return tf.minimum(numbers, CHORDS - 1)


def _numbers(vectors: tf.Tensor) -> tf.Tensor:
  """Returns vectors [n, 13] as chords int32 [n]."""
  root = tf.argmax(vectors[:, :12], axis=1, output_type=tf.int32)
  number = root + 12 * tf.cast(vectors[:, 12] > 0.5, tf.int32)
  return tf.where(tf.reduce_max(vectors, axis=1) > 0, number, SILENT)
