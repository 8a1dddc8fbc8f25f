"""Datasets: named splits of examples, which are dicts of arrays such as image and label.

A dataset component builds one from the options every dataset shares:

    @registry.dataset
    def digits(options: DataOptions, *, size: int = 32) -> Dataset:
      '''First line: what --list shows.'''

Training reads a split through `pipeline.train_batches`; evaluation takes one pass over it with
`split.ordered(batch_size)`. How a split stores its examples is told in the folder splits/.
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
  """The positional context of every dataset component.

  Attributes:
    data_dir: Folder that holds the data (`gs://` too), or None for what needs no folder.
    memory_limit_gb: Decoded images that take at most this many gigabytes (1e9 bytes, all splits
      together) are kept in memory; larger data is read from its files while training.
  """

  data_dir: str | None = None
  memory_limit_gb: float = 4.0

  def fits_memory(self, count: int, image_shape: tuple[int, ...]) -> bool:
    """Whether `count` uint8 images of this shape may be held in memory."""
    height, width, channels = image_shape
    return count * height * width * channels <= self.memory_limit_gb * 1e9


class Split(abc.ABC):
  """One split. A reference is whatever names one example cheaply: its index, or its raw record.

  Attributes:
    size: Number of examples.
    image_shape: (height, width, channels) of every 'image'; () where there is none.
  """

  size: int
  image_shape: tuple[int, ...] = ()

  @abc.abstractmethod
  def ordered(self, batch_size: int) -> Iterator[Example]:
    """One pass in stored order.

    Yields:
      Arrays [n, ...] by field, such as 'image' uint8 [n, H, W, C] and 'label' int32 [n], with n =
      batch_size, except for the last batch, which holds the remainder.
    """

  def spread(self, count: int) -> Example:
    """Up to `size` examples from all over the split, always the same, as `ordered` yields them."""
    references = next(iter(self.references(batch_size=count, seed=0, first_batch=0)))
    return {name: values.numpy() for name, values in self.load(references).items()}

  @abc.abstractmethod
  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    """The endless shuffled order of training, from batch number `first_batch` on.

    Every epoch is another permutation of the examples, batches run across the ends of epochs, and
    batch b is a function of (the data, seed, batch_size, b) alone.

    Returns:
      A dataset of references: a tensor [batch_size], or any structure of such.
    """

  @abc.abstractmethod
  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Graph code: references [n] -> tensors [n, ...] by field, as `ordered` yields arrays."""

  def with_field(self, field: str) -> Split:
    """Returns the split in which the examples of a field are counted; other fields may be gone."""
    del field
    return self

  @abc.abstractmethod
  def add_content(self, digest: hashlib._Hash) -> None:
    """Feeds everything that determines the examples, and no name or place, to a hashlib digest."""

  @functools.cached_property
  def hides_labels(self) -> bool:
    """Whether the labels are secret, -1 in all examples, of which the first is looked at."""
    labels = next(self.ordered(1)).get('label')
    return labels is not None and bool(labels[0] < 0)

  @functools.cached_property
  def fingerprint(self) -> str:
    """16 hexadecimal digits of a SHA-256: of the files and the recipe, whoever holds the examples.

    Examples that come from files have one fingerprint in memory and on disk, and on machines whose
    libraries decode the files differently; of examples that are made, the pixels are hashed.
    Computed on first use.
    """
    return self._digest_of(self.add_content)

  @functools.cached_property
  def former_fingerprint(self) -> str:
    """The fingerprint that version 0.1.0 gave these examples when they fitted into memory."""
    return self._digest_of(self._add_pixels)

  def _digest_of(self, add: Callable[[hashlib._Hash], None]) -> str:
    digest = hashlib.sha256(repr((self.size, tuple(self.image_shape))).encode())
    add(digest)
    return digest.hexdigest()[:16]

  def _add_pixels(self, digest: hashlib._Hash) -> None:
    first = next(self.ordered(1))
    # The order that fingerprints have always had; other fields came later, and are told by name.
    names = [name for name in ('label', 'image') if name in first]
    for name in [*names, *sorted(set(first) - {'label', 'image'})]:
      if name not in names:
        digest.update(f'{name} {first[name].shape[1:]} {first[name].dtype}'.encode())
      for batch in self.ordered(4096):
        values = np.ascontiguousarray(batch[name], '<i4' if name == 'label' else None)
        digest.update(values)  # pyrefly: ignore[bad-argument-type]  (arrays are buffers)


class SelectedSplit(Split):
  """Examples of another split, with fewer fields.

  Args:
    split: The other split.
    fields: The fields of the other split by their names here.
    shape: Of what is called 'image' here.
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
  """A named dataset.

  Attributes:
    name: For messages and records, such as 'mnist'.
    fields: What an example holds. Where images have no labels, all are 0, or -1 where the train
      split hides them, and 'label' has no classes.
    splits: Some of 'train', 'validation' and 'test'.
    channel_classes: Where every channel is an image of its own, how many classes those have: the
      label's digits to this base are theirs, the first channel's the highest. Otherwise 0.
  """

  name: str
  fields: Fields
  splits: Mapping[str, Split] = dataclasses.field(repr=False)
  channel_classes: int = 0

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
  ) -> Dataset:
    """Returns a dataset of images and labels, see Fields.of_images for the arguments."""
    fields = Fields.of_images(image_shape, label_names, medium)
    return cls(name, fields, splits, channel_classes)

  @property
  def image_shape(self) -> tuple[int, ...]:
    """(height, width, channels) of 'image'."""
    return self.fields.image_shape

  @property
  def num_classes(self) -> int:
    """Number of classes; 0 when the images have no labels."""
    return self.fields.num_classes

  @property
  def label_names(self) -> tuple[str, ...]:
    """One name per class."""
    return self.fields.label_names

  def split(self, name: str) -> Split:
    """The split called `name`. Raises UsageError, listing the splits there are, if it has none."""
    if name not in self.splits:
      raise UsageError(
        f'dataset {self.name} has no split {name!r}; it has: ' + ', '.join(self.splits)
      )
    return self.splits[name]

  def require_image(self, flag: str) -> Dataset:
    """Returns this dataset; raises UsageError, naming a flag, where examples hold no 'image'."""
    if 'image' not in self.fields:
      raise UsageError(f'{flag}: {self.name} holds {", ".join(self.fields)}, and no one image')
    return self

  def seen_as(self, field: str) -> Dataset:
    """Returns the dataset whose 'image' is another field, with that field's label."""
    if field == 'image':
      return self
    label = self.fields[field].label
    names = {'image': field, **({'label': label} if label else {})}
    fields = Fields({name: self.fields[other] for name, other in names.items()})
    shape = self.fields[field].shape
    return Dataset(
      f'{self.name}.{field}',
      fields,
      {
        name: SelectedSplit(split.with_field(field), names, shape)
        for name, split in self.splits.items()
      },
    )

  @functools.cached_property
  def fingerprint(self) -> str:
    """16 hexadecimal digits of the SHA-256 of all splits' content; names of things do not count."""
    return self._digest_of('fingerprint')

  @functools.cached_property
  def former_fingerprint(self) -> str:
    """The fingerprint that version 0.1.0 gave this dataset when it fitted into memory.

    Runs and caches of that version go by it. It takes a pass over all pixels.
    """
    return self._digest_of('former_fingerprint')

  def _digest_of(self, kind: str) -> str:
    parts = sorted((name, getattr(split, kind)) for name, split in self.splits.items())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def load_dataset(text: str, options: DataOptions) -> Dataset:
  """Builds the dataset that a call string names.

  Args:
    text: Such as 'tfds(mnist)'.
    options: Where the data is.

  Raises:
    UsageError: It is not there, or not as the string says; the message names the flag.
  """
  try:
    return registry.dataset.build(text, options)
  except UsageError as error:
    if str(error).startswith('--'):
      raise
    raise UsageError(f'--dataset={text}: {error}') from None
