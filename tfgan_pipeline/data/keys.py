"""Keys for stateless random numbers: hashes of integers, in graph code, for whole vectors at once.

    keys = random_keys(2, seed, positions)        # int32 [n, 2]
    numbers = uniform(keys, [3])                  # float32 [n, 3]
    indices = shuffle(positions, size, seed)      # int64 [n], a new permutation every epoch

`tf.random.stateless_uniform` and `stateless_fold_in` take one seed at a time, and
`tf.random.experimental.index_shuffle` mishandles one seed per element (its padding adds a column to
the wrong axis). The op behind it, `RandomIndexShuffle`, needs hashed seeds and 8 rounds, twice the
default: with consecutive seeds, orders of 60,000 examples correlate at 0.85, and small data has no
more than 256 orders.
"""

from __future__ import annotations

from collections.abc import Sequence
import itertools
import math

import numpy as np

from tfgan_pipeline.compat import tf

_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, an odd number: the increment of SplitMix64.


def _mix(x: tf.Tensor) -> tf.Tensor:
  """Applies the output function of SplitMix64 (Steele, Lea and Flood 2014), a bijection on uint64.

  Shifts and factors are variant 13 of Stafford's mixers.
  """
  for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(shift, tf.uint64)))
    x *= tf.constant(factor, tf.uint64)
  return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(31, tf.uint64)))


def _absorb(state: tf.Tensor, words: Sequence[int | tf.Tensor]) -> tf.Tensor:
  """Hashes 64-bit words into a uint64 state, one after the other."""
  for word in words:
    word = np.uint64(word % 2**64) if isinstance(word, int) else tf.bitcast(word, tf.uint64)
    state = _mix(state + word + tf.constant(_GOLDEN, tf.uint64))
  return state


def random_keys(width: int, *words: int | tf.Tensor) -> tf.Tensor:
  """Hashes integers to independent-looking keys.

  Keys of width 2 or more never collide when their words differ in the last one alone.

  Args:
    width: 32-bit words per key: 2 for `uniform` and `tf.random.stateless_*`, 3 for
      `RandomIndexShuffle`.
    *words: Python integers (taken modulo 2**64) or int64 tensors of one common shape [...].

  Returns:
    int32 [..., width].
  """
  integers = list(itertools.takewhile(lambda word: isinstance(word, int), words))
  with tf.init_scope(), tf.device('CPU:0'):  # Hashes once, not in the graph for every batch.
    state = _absorb(tf.constant(0, tf.uint64), integers).numpy()
  state = _absorb(tf.constant(state), words[len(integers) :])
  # A key begins with the state, a bijection of the last word: other last words, other keys.
  blocks = [state]
  for _ in range((width - 1) // 2):
    blocks.append(_mix(blocks[-1] + tf.constant(_GOLDEN, tf.uint64)))
  return tf.concat([tf.bitcast(block, tf.int32) for block in blocks], axis=-1)[..., :width]


def uniform(
  keys: tf.Tensor, shape: Sequence[int], low: float = 0.0, high: float = 1.0
) -> tf.Tensor:
  """Returns uniform random numbers for many keys at once, each a pure function of its key.

  Args:
    keys: int32 [n, 2], hashed by `random_keys`.
    shape: Static shape of the numbers for one key.
    low: Lower bound, inclusive.
    high: Upper bound, exclusive but for rounding.

  Returns:
    float32 [n, *shape], multiples of 2**-24 between 0 and 1, stretched to `low` and `high`.
  """
  count = math.prod(shape)
  # Keys are hashes already, so each of them serves as the first two numbers.
  blocks = tf.bitcast(keys, tf.uint64)[:, tf.newaxis]
  if count > 2:
    # SplitMix64 started from each key; its n-th output needs none of the earlier ones.
    steps = np.arange(1, (count + 1) // 2, dtype=np.uint64) * np.uint64(_GOLDEN)
    blocks = tf.concat([blocks, _mix(blocks + steps)], axis=1)
  words = tf.reshape(tf.bitcast(blocks, tf.uint32), [-1, 2 * blocks.shape[1]])[:, :count]
  # 24 bits, as many as the significand of a float32 holds.
  numbers = tf.cast(tf.bitwise.right_shift(words, np.uint32(8)), tf.float32) * 2.0**-24
  return tf.reshape(low + (high - low) * numbers, [-1, *shape])


def shuffle(positions: tf.Tensor, size: int | tf.Tensor, *words: int | tf.Tensor) -> tf.Tensor:
  """Returns the indices at some positions of an endless shuffled sequence of 0..size-1.

  Args:
    positions: int64 [n]; position p belongs to epoch p // size.
    size: Length of one epoch, an integer or int64 scalar.
    *words: Seed words; other words give another sequence.

  Returns:
    int64 [n]. The positions of one epoch give each of 0..size-1 once, in another order every epoch.
  """
  size = tf.convert_to_tensor(size, tf.int64)
  # Each tensor word is spread over the positions, for one key per position.
  spread = [word if isinstance(word, int) else word + tf.zeros_like(positions) for word in words]
  return tf.raw_ops.RandomIndexShuffle(
    index=positions % size,
    seed=random_keys(3, *spread, positions // size),
    max_index=size - 1,
    rounds=8,  # See the module docstring.
  )
