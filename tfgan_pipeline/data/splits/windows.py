"""Endless shuffled order of rows that are stored in groups, of which a few are read at a time.

    references = shuffled_rows(sizes, batch_size=64, seed=0, first_batch=step)      # int64 [64]

An epoch takes the groups in a new order, joins consecutive ones to windows of at least WINDOW rows,
and permutes the rows of each window. Whoever reads the rows in this order needs the groups of two
windows at a time. Only numbers of rows are computed, so an epoch can start anywhere at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import shuffle

WINDOW = 4096

_GROUP_ORDER, _ROW_ORDER = 0, 1  # Words that separate the keys of the two shuffles.


def groups_in_windows(sizes: Sequence[int], window: int = WINDOW) -> int:
  """Returns the largest number of groups that a window can have."""
  return int(np.searchsorted(np.cumsum(np.sort(sizes)), window)) + 1


def shuffled_rows(
  sizes: Sequence[int], *, batch_size: int, seed: int, first_batch: int, window: int = WINDOW
) -> tf.data.Dataset:
  """Returns the endless shuffled batches of rows, int64 [batch_size]; see Split.references.

  Args:
    sizes: Number of rows of each group; rows are numbered through all groups.
    batch_size: Rows in a batch.
    seed: Seed of the order.
    first_batch: Number of the first batch.
    window: Least number of rows that are permuted together.
  """
  total = sum(sizes)
  first_epoch, offset = divmod(first_batch * batch_size, total)
  counts = tf.constant(sizes, tf.int64)
  starts = tf.cumsum(counts, exclusive=True)

  @tf.autograph.experimental.do_not_convert
  def epoch(number: tf.Tensor) -> tf.data.Dataset:
    order = shuffle(tf.range(len(sizes), dtype=tf.int64), len(sizes), seed, _GROUP_ORDER, number)
    lengths = tf.gather(counts, order)
    ends = tf.cumsum(lengths)
    # Windows end with the first group that completes a multiple of `window` rows.
    multiples = (ends - lengths) // window
    is_new = tf.cast(multiples[1:] != multiples[:-1], tf.int64)
    windows = tf.concat([[tf.constant(0, tf.int64)], tf.cumsum(is_new)], axis=0)
    rows = tf.repeat(tf.gather(starts, order) - (ends - lengths), lengths)
    rows += tf.range(total, dtype=tf.int64)
    owners = tf.repeat(windows, lengths)
    skip = tf.where(number == first_epoch, tf.constant(offset, tf.int64), 0)

    @tf.autograph.experimental.do_not_convert
    def permute(index: tf.Tensor) -> tf.data.Dataset:
      first = tf.searchsorted(owners, [index], side='left', out_type=tf.int64)[0]
      last = tf.searchsorted(owners, [index], side='right', out_type=tf.int64)[0]
      size = last - first
      places = shuffle(tf.range(size), size, seed, _ROW_ORDER, number, index)
      chosen = tf.gather(rows, first + places)
      return tf.data.Dataset.from_tensor_slices(chosen[tf.clip_by_value(skip - first, 0, size) :])

    return tf.data.Dataset.range(tf.gather(owners, skip), windows[-1] + 1).flat_map(permute)

  epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
  return epochs.flat_map(epoch).batch(batch_size, drop_remainder=True)
