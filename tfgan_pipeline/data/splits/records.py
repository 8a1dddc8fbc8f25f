"""Splits read from TFRecord files in sequence, for data larger than memory.

    split = RecordSplit(shards, fields=fields, decode=decode, recipe='lanczos 64')

Records are shuffled as they are stored, still compressed. An epoch takes the files in a new order,
reads GROUP of them in parallel, and permutes every WINDOW consecutive records of that mixture. No
state is kept between records, so an epoch can start anywhere: whole groups are skipped by their
known lengths, and the rest by passing over undecoded records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import hashlib
import os

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.keys import shuffle
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.files import add_file
from tfgan_pipeline.replicas.mapping import map_rows

GROUP = 16
WINDOW = 4096

_FILE_ORDER, _RECORD_ORDER = 0, 1  # Words that separate the keys of the two shuffles.


@dataclasses.dataclass(frozen=True)
class Shard:
  """Consecutive records of one TFRecord file: `size` records after the first `skip`."""

  path: str
  skip: int
  size: int


class RecordSplit(Split):
  """Split whose examples are records of TFRecord files, decoded on every use.

  Args:
    shards: Files and ranges of the records, in stored order.
    fields: Fields that `decode` returns.
    decode: Graph code: serialised record -> tensors by field, such as 'image' uint8 [H, W, C].
    recipe: Description of what `decode` does to pixels, for the fingerprint.
    group: Number of files read in parallel.
    window: Number of records permuted together; they are held in memory in stored form.
  """

  def __init__(
    self,
    shards: Sequence[Shard],
    *,
    fields: Fields,
    decode: Callable[[tf.Tensor], dict[str, tf.Tensor]],
    recipe: str,
    group: int = GROUP,
    window: int = WINDOW,
  ):
    self.shards = tuple(shards)
    self.size = sum(shard.size for shard in shards)
    self.image_shape = fields.image_shape
    self._fields = fields
    self._decode = decode
    self._recipe = recipe
    self._group = group
    self._window = window

  @tf.autograph.experimental.do_not_convert
  def _read_shard(self, number: tf.Tensor) -> tf.data.Dataset:
    """Returns the serialised records of shard `number`, an int64 scalar."""
    path, skip, size = (
      tf.gather(tf.constant([getattr(shard, name) for shard in self.shards], dtype), number)
      for name, dtype in (('path', tf.string), ('skip', tf.int64), ('size', tf.int64))
    )
    return tf.data.TFRecordDataset(path, buffer_size=1 << 20).skip(skip).take(size)

  def ordered(self, batch_size: int) -> Iterator[Example]:
    examples = (
      tf.data.Dataset.range(len(self.shards))
      .flat_map(self._read_shard)
      .map(self._decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
      .batch(batch_size)
      .prefetch(2)
    )
    yield from examples.as_numpy_iterator()

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    first_epoch, offset = divmod(first_batch * batch_size, self.size)

    @tf.autograph.experimental.do_not_convert
    def epoch(number: tf.Tensor) -> tf.data.Dataset:
      skip = tf.where(number == first_epoch, tf.constant(offset, tf.int64), 0)
      return self._shuffle_epoch(number, seed, skip)

    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    return epochs.flat_map(epoch).batch(batch_size, drop_remainder=True)

  def _shuffle_epoch(self, epoch: tf.Tensor, seed: int, skip: tf.Tensor) -> tf.data.Dataset:
    """Returns the shuffled serialised records of an epoch after the first `skip`, int64."""
    count = len(self.shards)
    order = shuffle(tf.range(count, dtype=tf.int64), count, seed, _FILE_ORDER, epoch)
    lengths = tf.gather(tf.constant([shard.size for shard in self.shards], tf.int64), order)
    starts = tf.cumsum(lengths, exclusive=True)[:: self._group]
    first_group = tf.searchsorted(starts, [skip], side='right', out_type=tf.int64)[0] - 1

    @tf.autograph.experimental.do_not_convert
    def group(number: tf.Tensor) -> tf.data.Dataset:
      files = order[number * self._group : (number + 1) * self._group]
      remainder = tf.maximum(skip - tf.gather(starts, number), 0)
      return self._mix_group(files, remainder, seed, _RECORD_ORDER, epoch, number)

    return tf.data.Dataset.range(first_group, tf.size(starts, tf.int64)).flat_map(group)

  def _mix_group(
    self, files: tf.Tensor, skip: tf.Tensor, *words: int | tf.Tensor
  ) -> tf.data.Dataset:
    """Returns the records of a group of shards after the first `skip`, shuffled by seed words."""
    first_window = skip // self._window

    @tf.autograph.experimental.do_not_convert
    def permute(window: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
      size = tf.size(records, tf.int64)
      return tf.gather(records, shuffle(tf.range(size), size, *words, window))

    mixture = tf.data.Dataset.from_tensor_slices(files).interleave(
      self._read_shard,
      cycle_length=self._group,
      num_parallel_calls=tf.data.AUTOTUNE,
      deterministic=True,
    )
    windows = mixture.skip(first_window * self._window).batch(self._window)
    # The next window is read while the current one is consumed.
    permutations = windows.enumerate(first_window).map(permute).prefetch(1)
    return permutations.unbatch().skip(skip % self._window)

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    types = {name: tf.as_dtype(field.dtype) for name, field in self._fields.items()}
    values = map_rows(self._decode, references, types, parallel_iterations=16)
    return {
      name: tf.ensure_shape(values[name], (*references.shape, *field.shape))
      for name, field in self._fields.items()
    }

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(self._recipe.encode())
    for shard in self.shards:
      digest.update(repr((shard.skip, shard.size)).encode())
      add_file(digest, shard.path, os.path.basename(shard.path))
