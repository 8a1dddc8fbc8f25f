"""Keys for stateless random numbers: a hash of integers, as graph code and over whole vectors.

    keys = random_keys(2, seed, positions)        # int32 [n, 2], for tf.random.stateless_*
    indices = shuffle(positions, size, seed)      # int64 [n], a new permutation every epoch

`tf.random.experimental.stateless_fold_in` takes one seed at a time, and
`tf.random.experimental.index_shuffle` mishandles one seed per element (its padding adds a column to
the wrong axis). Its seeds also need hashing, and twice its four rounds: counted up by one, they
give orders of 60,000 that correlate at 0.85, and small data no more than 256 orders at all.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import tf

_GOLDEN = 0x9E3779B97F4A7C15


def _mix(x: tf.Tensor) -> tf.Tensor:
  """The output function of SplitMix64 (Steele, Lea and Flood 2014): a bijection on uint64."""
  for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.uint64)))
    x *= tf.constant(factor, tf.uint64)
  return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(31, tf.uint64)))


def random_keys(width: int, *words: int | tf.Tensor) -> tf.Tensor:
  """Hashes integers to independent-looking keys.

  Keys of width 2 or more that differ in their last word alone never collide.

  Args:
    width: 32-bit words per key: 2 for `tf.random.stateless_*`, 3 for `RandomIndexShuffle`.
    *words: Python integers (taken modulo 2**64) or int64 tensors of one common shape [...].

  Returns:
    int32 [..., width].
  """
  state = tf.constant(0, tf.uint64)
  for word in words:
    word = np.uint64(word % 2**64) if isinstance(word, int) else tf.bitcast(word, tf.uint64)
    state = _mix(state + word + tf.constant(_GOLDEN, tf.uint64))
  # With up to two words the state itself is the key, so equal keys mean equal words.
  blocks = [state]
  for _ in range((width - 1) // 2):
    blocks.append(_mix(blocks[-1] + tf.constant(_GOLDEN, tf.uint64)))
  return tf.concat([tf.bitcast(block, tf.int32) for block in blocks], axis=-1)[..., :width]


def shuffle(positions: tf.Tensor, size: int | tf.Tensor, *words: int | tf.Tensor) -> tf.Tensor:
  """Where each position of an endless shuffled sequence of 0..size-1 points to.

  Args:
    positions: int64 [n]; position p belongs to epoch p // size.
    size: Length of one epoch, an integer or int64 scalar.
    *words: Seed words; each choice of them is another sequence.

  Returns:
    int64 [n]. Any `size` positions of one epoch give each of 0..size-1 once.
  """
  size = tf.convert_to_tensor(size, tf.int64)
  # Each tensor word is spread over the positions, for one key per position.
  spread = [word if isinstance(word, int) else word + tf.zeros_like(positions) for word in words]
  return tf.raw_ops.RandomIndexShuffle(
    index=positions % size,
    seed=random_keys(3, *spread, positions // size),
    max_index=size - 1,
    rounds=8,
  )
