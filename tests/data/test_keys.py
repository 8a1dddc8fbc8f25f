"""Random numbers by key, and shuffled orders."""

from __future__ import annotations

import numpy as np
import scipy.stats

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import random_keys, shuffle, uniform

GOLDEN = 0x9E3779B97F4A7C15


def mix(x: int) -> int:
  """The output function of SplitMix64, in Python's integers."""
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
  x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
  return x ^ x >> 31


def test_keys_are_splitmix64():
  first = mix((-5 + GOLDEN) % 2**64)
  second = mix((first + 2**40 + GOLDEN) % 2**64)
  third = mix((second + GOLDEN) % 2**64)
  expected = np.array([second, third], np.uint64).view(np.int32)[:3]
  keys = random_keys(3, -5, tf.constant([2**40, 7], tf.int64))
  np.testing.assert_array_equal(keys[0], expected)
  np.testing.assert_array_equal(random_keys(2, -5, 2**40), expected[:2])


def test_uniform_numbers_are_splitmix64_from_the_key_on():
  keys = random_keys(2, 3, tf.range(20_000, dtype=tf.int64))
  numbers = uniform(keys, [5, 3]).numpy().astype(np.float64)
  assert numbers.shape == (20_000, 5, 3) and numbers.min() >= 0 and numbers.max() < 1
  # What is drawn first is the key itself, and more numbers change none of the first.
  np.testing.assert_array_equal(numbers[:, 0, 0] < 0.5, keys[:, 0] >= 0)
  np.testing.assert_array_equal(uniform(keys, [2]), numbers[:, 0, :2])
  np.testing.assert_array_equal(uniform(keys[5:6], [5, 3])[0], numbers[5])
  np.testing.assert_allclose(uniform(keys, [], -3.0, 5.0), numbers[:, 0, 0] * 8 - 3, atol=1e-6)
  columns = numbers.reshape(len(numbers), -1)
  for column in columns.T:
    assert scipy.stats.kstest(column, 'uniform').pvalue > 1e-4
  between = np.corrcoef(columns, rowvar=False) - np.eye(15)
  assert abs(between).max() < 5 / len(numbers) ** 0.5
  neighbours = np.corrcoef(columns[:-1].ravel(), columns[1:].ravel())[0, 1]
  assert abs(neighbours) < 5 / columns.size**0.5


def test_numbers_of_a_key_are_the_high_24_bits_of_its_words():
  """Compares with SplitMix64 in Python: word n is the n-th half of its outputs, for any count."""
  keys = random_keys(2, 3, tf.range(4, dtype=tf.int64)).numpy()
  for key in keys:
    (state,) = key.view(np.uint64).tolist()
    blocks = [state, *(mix((state + step * GOLDEN) % 2**64) for step in range(1, 4))]
    words = np.array(blocks, np.uint64).view(np.uint32)
    expected = (words >> 8) / 2**24
    for count in range(1, 8):
      np.testing.assert_array_equal(uniform(key[None], [count])[0], expected[:count])


def test_orders_of_neighbouring_epochs_and_seeds_are_unrelated():
  """Checks what tf.random.experimental.index_shuffle fails: correlations and number of orders."""
  positions = tf.range(20000, dtype=tf.int64)
  one, following, other = (
    shuffle(positions + start, 20000, seed).numpy() for start, seed in ((0, 1), (20000, 1), (0, 2))
  )
  assert abs(np.corrcoef(one, following)[0, 1]) < 0.03
  assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
  small = shuffle(tf.range(3000 * 12, dtype=tf.int64), 12, 0).numpy().reshape(3000, 12)
  assert len({tuple(order) for order in small}) > 2950
  counts = np.stack([np.bincount(small[:, place], minlength=12) for place in range(12)])
  chi_squared = ((counts - 250) ** 2 / 250).sum()
  assert chi_squared < 121 + 5 * (2 * 121) ** 0.5
  # Neighbours stay neighbours no more often than chance has it; four rounds give 1.28.
  orders = shuffle(tf.range(1000 * 100, dtype=tf.int64), 100, 0).numpy().reshape(1000, 100)
  assert abs((abs(np.diff(orders)) == 1).mean() * 50 - 1) < 0.1
