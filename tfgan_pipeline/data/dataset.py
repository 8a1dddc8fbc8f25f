"""Datasets: named splits of examples; an example is a dict of arrays such as image and label.

A dataset component builds a Dataset from the options that all datasets share:

    @registry.dataset
    def digits(options: DataOptions, *, size: int = 32) -> Dataset:
      '''First line: what --list shows.'''

Training reads a split through `pipeline.train_batches`; evaluation takes one pass over it with
`split.ordered(batch_size)`. The folder splits/ has a module for each way to store a split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import functools
import hashlib

from tfgan_pipeline import registry
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import SelectedSplit, Split
from tfgan_pipeline.errors import UsageError

SPLIT_NAMES = ('train', 'validation', 'test')


@dataclasses.dataclass(frozen=True)
class DataOptions:
  """Options that every dataset component receives as its positional argument.

  Attributes:
    data_dir: Folder that holds the data; may be gs://. None for datasets that need no folder.
    memory_limit_gb: Decoded images are kept in memory if all splits together take at most this
      many gigabytes (1e9 bytes); larger data is read from its files during training.
    former: Whether folders are understood by the rules of earlier versions, for runs of these.
    partners: Split of each file of the other side of pairs, by path; of files that lie in no
      splits, each goes to the split of its partner.
  """

  data_dir: str | None = None
  memory_limit_gb: float = 4.0
  former: bool = False
  partners: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)

  def fits_memory(self, count: int, image_shape: tuple[int, ...]) -> bool:
    """Returns whether `count` uint8 images of `image_shape` stay within the memory limit."""
    height, width, channels = image_shape
    return count * height * width * channels <= self.memory_limit_gb * 1e9


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
    """Builds a dataset with fields 'image' and 'label'; `medium` is a call string like 'point'.

    Raises:
      UsageError: Pictures in memory have another shape, or a label is of no class.
    """
    for split_name, split in splits.items():
      _check_split(f'dataset {name}: {split_name}', split, image_shape, label_names)
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


def _check_split(
  where: str, split: Split, image_shape: Sequence[int], label_names: Sequence[str]
) -> None:
  """Raises UsageError if a split has pictures of another shape, or labels beyond the classes."""
  shape = tuple(getattr(split, 'image_shape', image_shape))
  if shape != tuple(image_shape):
    raise UsageError(f'{where} has pictures of {shape}, and {tuple(image_shape)} is said')
  if label_names and split.known_labels is not None:
    highest = int(split.known_labels.max())
    if highest >= len(label_names):
      raise UsageError(
        f'{where} has a label {highest}; the {len(label_names)} classes are numbered from 0'
      )
