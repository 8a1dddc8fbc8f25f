"""Datasets: named splits of examples; an example is a dict of arrays such as image and label.

A dataset component builds a Dataset from the options that all datasets share:

    @registry.dataset
    def digits(options: DataOptions, *, size: int = 32) -> Dataset:
      '''First line: what --list shows.'''

Training reads a split through `pipeline.train_batches`; evaluation takes one pass over it with
`split.ordered(batch_size)`. The folder splits/ has a module for each way to store a split.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
import dataclasses
import functools
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError

if TYPE_CHECKING:
  from tfgan_pipeline.compat import tf

Example = dict[str, np.ndarray]
SPLIT_NAMES = ('train', 'validation', 'test')


@dataclasses.dataclass(frozen=True)
class DataOptions:
  """Options that every dataset component receives as its positional argument.

  Attributes:
    data_dir: Folder that holds the data; may be gs://. None for datasets that need no folder.
    memory_limit_gb: Decoded images are kept in memory if all splits together take at most this
      many gigabytes (1e9 bytes); larger data is read from its files during training.
    former: Whether folders are understood by the rules of earlier versions, for runs of these.
  """

  data_dir: str | None = None
  memory_limit_gb: float = 4.0
  former: bool = False

  def fits_memory(self, count: int, image_shape: tuple[int, ...]) -> bool:
    """Returns whether `count` uint8 images of `image_shape` stay within the memory limit."""
    height, width, channels = image_shape
    return count * height * width * channels <= self.memory_limit_gb * 1e9


class Split(abc.ABC):
  """One split of a dataset.

  A reference is a cheap stand-in for one example: its index, or its raw record.

  Attributes:
    size: Number of examples.
    image_shape: (height, width, channels) of the field 'image'; () without such a field.
    known_labels: All labels int32 [size], where they are known ahead and references are indices.
    names: Paths of the files of all examples; () for examples that are no files.
  """

  size: int
  image_shape: tuple[int, ...] = ()
  known_labels: np.ndarray | None = None
  names: tuple[str, ...] = ()

  @abc.abstractmethod
  def ordered(self, batch_size: int) -> Iterator[Example]:
    """Yields batches of one pass over the split, in stored order.

    Yields:
      Arrays [n, ...] by field, such as 'image' uint8 [n, H, W, C] and 'label' int32 [n]; n is
      `batch_size`, or the remainder in the last batch.
    """

  def spread(self, count: int) -> Example:
    """Returns `count` <= `size` different examples from all over the split, always the same.

    Returns:
      Arrays [count, ...] by field, such as 'image' uint8 [count, H, W, C].
    """
    references = next(iter(self.references(batch_size=count, seed=0, first_batch=0)))
    return {name: values.numpy() for name, values in self.load(references).items()}

  @abc.abstractmethod
  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    """Returns the endless shuffled order of training, from batch number `first_batch` on.

    Every epoch is another permutation of the examples, batches run across the ends of epochs, and
    batch b is a function of (the data, seed, batch_size, b) alone.

    Returns:
      A dataset of references: a tensor [batch_size], or any structure of such tensors.
    """

  @abc.abstractmethod
  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Loads examples as graph code: references [n] become tensors [n, ...] by field."""

  def with_field(self, field: str) -> Split:
    """Returns a split in which one pass has each example of `field` exactly once.

    A JointSplit, which repeats its smaller parts, returns the part with the field; other splits
    return themselves.
    """
    del field
    return self

  @abc.abstractmethod
  def add_content(self, digest: hashlib._Hash) -> None:
    """Updates a hashlib digest with all that determines the examples, but no dataset name."""

  @functools.cached_property
  def hides_labels(self) -> bool:
    """True if the labels are hidden, -1 in every example; only the first one is looked at."""
    labels = self.known_labels
    labels = next(self.ordered(1)).get('label') if labels is None else labels
    return labels is not None and bool(labels[0] < 0)

  @functools.cached_property
  def fingerprint(self) -> str:
    """Sixteen hexadecimal digits of a SHA-256 of the content, computed on first use.

    For examples from files, the bytes of the files and the decoding recipe are hashed: the
    fingerprint does not depend on whether the examples are held in memory, nor on how a machine's
    libraries decode the files. For computed examples, the pixels are hashed.
    """
    return self._digest_of(self.add_content)

  @functools.cached_property
  def former_fingerprint(self) -> str:
    """Fingerprint that version 0.1.0 computed from decoded pixels, to recognise its runs."""
    return self._digest_of(self._add_pixels)

  def _digest_of(self, add: Callable[[hashlib._Hash], None]) -> str:
    digest = hashlib.sha256(repr((self.size, tuple(self.image_shape))).encode())
    add(digest)
    return digest.hexdigest()[:16]

  def _add_pixels(self, digest: hashlib._Hash) -> None:
    first = next(self.ordered(1))
    # Label before image, without names, as in the oldest fingerprints. Fields that were added
    # later are hashed with their names.
    names = [name for name in ('label', 'image') if name in first]
    for name in [*names, *sorted(set(first) - {'label', 'image'})]:
      if name not in names:
        digest.update(f'{name} {first[name].shape[1:]} {first[name].dtype}'.encode())
      for batch in self.ordered(4096):
        values = np.ascontiguousarray(batch[name], '<i4' if name == 'label' else None)
        digest.update(values)  # pyrefly: ignore[bad-argument-type]  (arrays are buffers)


class SelectedSplit(Split):
  """Some fields of another split, under new names.

  Args:
    split: The other split.
    fields: New name -> name of the field in `split`.
    shape: Shape (height, width, channels) of the field whose new name is 'image'.
  """

  def __init__(self, split: Split, fields: Mapping[str, str], shape: tuple[int, ...]):
    self.size = split.size
    self.image_shape = shape
    self._split = split
    self._fields = fields

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for batch in self._split.ordered(batch_size):
      yield {name: batch[field] for name, field in self._fields.items()}

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return self._split.references(batch_size=batch_size, seed=seed, first_batch=first_batch)

  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    values = self._split.load(references)
    return {name: values[field] for name, field in self._fields.items()}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(repr(sorted(self._fields.items())).encode())
    self._split.add_content(digest)


@dataclasses.dataclass(frozen=True)
class Dataset:
  """A named dataset: the fields of its examples, and its splits.

  Attributes:
    name: Name in messages and records, such as 'mnist'.
    fields: Fields of an example. Without labels, 'label' has no classes and is 0 in every example,
      or -1 if the train split hides labels.
    splits: Splits by name, some of 'train', 'validation' and 'test'.
    channel_classes: Number of classes of a single channel, if every channel is an image of its
      own; else 0. The label is then a number to this base with one digit per channel, the first
      channel's digit being the highest.
    notes: How files were understood, for the line that describes the dataset.
    no_labels: Reason why there are no labels, for messages, if the data has more to say of it.
  """

  name: str
  fields: Fields
  splits: Mapping[str, Split] = dataclasses.field(repr=False)
  channel_classes: int = 0
  notes: str = ''
  no_labels: str = ''

  @classmethod
  def of_images(
    cls,
    name: str,
    image_shape: Sequence[int],
    label_names: Sequence[str],
    splits: Mapping[str, Split],
    *,
    medium: str = 'image',
    channel_classes: int = 0,
    notes: str = '',
  ) -> Dataset:
    """Builds a dataset with fields 'image' and 'label'; `medium` is a call string like 'point'."""
    fields = Fields.of_images(image_shape, label_names, medium)
    return cls(name, fields, splits, channel_classes, notes)

  @property
  def image_shape(self) -> tuple[int, ...]:
    """Shape (height, width, channels) of the field 'image'; () without such a field."""
    return self.fields.image_shape

  @property
  def num_classes(self) -> int:
    """Number of classes; 0 when the images have no labels."""
    return self.fields.num_classes

  @property
  def label_names(self) -> tuple[str, ...]:
    """Names of the classes, in the order of their labels."""
    return self.fields.label_names

  def split(self, name: str) -> Split:
    """Returns the split `name`; raises UsageError, listing the dataset's splits, if it has none."""
    if name not in self.splits:
      names = ', '.join(self.splits)
      raise UsageError(f'dataset {self.name} has no split {name!r}; it has: {names}')
    return self.splits[name]

  def require_image(self, flag: str) -> Dataset:
    """Returns this dataset; raises UsageError naming `flag` if it has no field 'image'."""
    if 'image' not in self.fields:
      raise UsageError(f'{flag}: {self.name} holds {", ".join(self.fields)}, and no one image')
    return self

  def seen_as(self, field: str) -> Dataset:
    """Returns a dataset with only `field`, renamed to 'image', and its label, to 'label'."""
    if field == 'image':
      return self
    label = self.fields[field].label
    names = {'image': field, **({'label': label} if label else {})}
    fields = Fields({name: self.fields[other] for name, other in names.items()})
    shape = self.fields[field].shape
    parts = {name: split.with_field(field) for name, split in self.splits.items()}
    splits = {name: SelectedSplit(part, names, shape) for name, part in parts.items()}
    return Dataset(f'{self.name}.{field}', fields, splits)

  @functools.cached_property
  def fingerprint(self) -> str:
    """Sixteen hexadecimal digits of a SHA-256 of all splits' content, but not of the name."""
    return self._digest_of('fingerprint')

  @functools.cached_property
  def former_fingerprint(self) -> str:
    """Fingerprint that version 0.1.0 gave this dataset, to recognise its runs; reads all pixels."""
    return self._digest_of('former_fingerprint')

  def _digest_of(self, kind: str) -> str:
    parts = sorted((name, getattr(split, kind)) for name, split in self.splits.items())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def load_dataset(text: str, options: DataOptions) -> Dataset:
  """Builds the dataset that a call string names.

  Args:
    text: Call string, such as 'tfds(mnist)'.
    options: Folder of the data, and memory limit.

  Raises:
    UsageError: The data is missing or does not suit the string; the message names the flag.
  """
  try:
    return registry.dataset.build(text, options)
  except MemoryError as error:
    limit = f'--memory_limit_gb={options.memory_limit_gb:g}: holding --dataset={text} needs more'
    raise UsageError(f'{limit} than there is ({error}); a lower limit reads from disk') from None
  except UsageError as error:
    if error.names_a_flag:
      raise
    raise UsageError(f'--dataset={text}: {error}') from None
