"""Base class of splits with random access, whose references are the numbers of examples."""

from __future__ import annotations

from collections.abc import Iterator

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import shuffle
from tfgan_pipeline.data.split import Example, Split


class IndexedSplit(Split):
  """Split whose `load` takes indices int64 [n], in any order."""

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for start in range(0, self.size, batch_size):
      indices = tf.range(start, min(start + batch_size, self.size), dtype=tf.int64)
      yield {name: values.numpy() for name, values in self.load(indices).items()}

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    """Returns indices int64 [batch_size]; see Split.references.

    A batch is computed from its number, so a large `first_batch` costs nothing.
    """
    size = self.size

    @tf.autograph.experimental.do_not_convert
    def batch(number: tf.Tensor) -> tf.Tensor:
      return shuffle(number * batch_size + tf.range(batch_size, dtype=tf.int64), size, seed)

    return tf.data.Dataset.range(first_batch, tf.int64.max).map(batch)
