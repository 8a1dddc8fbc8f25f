"""Data of an input_fn in the form of tf.estimator: pairs of generator inputs and real images.

Training reads the function's own stream, from the batch where a run stopped. So a resumed run is
equal to one that was not stopped if the function gives equal batches each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import dataclasses
import functools
import hashlib
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import seeded, tf
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Field, Fields, medium_named
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator.functions_given import Given
from tfgan_pipeline.estimator.generator_inputs import Form
from tfgan_pipeline.runs.own_components import made_in_python

_known: dict[str, Dataset] = {}
_NEEDED = 'should give a tf.data.Dataset of (generator inputs, real images [n, H, W, C])'


class Stream:
  """Stream of an input_fn, which can be started again at any batch.

  Args:
    function: The input_fn.
    seed: Seed of its operations and of the random numbers of NumPy and Python when called.

  Attributes:
    batch_size: Examples in a batch.
    form: Form of the generator's inputs.
    first: The first batch, 'noise' float32 [n, d], 'image' float32 [n, H, W, C] and, if inputs have
      a label, 'label' int32 [n].

  Raises:
    UsageError: The function gives something else than pairs of inputs and images in [-1, 1].
  """

  def __init__(self, function: Given, seed: int):
    self._function, self._seed = function, seed
    batches = list(self._pairs().take(1))
    if not batches:
      raise UsageError('input_fn: gives no batch')
    ((inputs, _),) = batches
    self.form = Form.of(inputs)
    self.first: dict[str, tf.Tensor] = self._fields(*batches[0])
    self.batch_size = len(self.first['image'])
    largest = float(tf.reduce_max(tf.abs(self.first['image'])))
    if not largest <= 1.001:
      raise UsageError(
        f'input_fn: real images reach {largest:g}, and should be in [-1, 1]; scale them there, as '
        'in images / 127.5 - 1'
      )

  def _pairs(self) -> tf.data.Dataset:
    """Returns one pass over the stream, as the function gives it."""
    with seeded(self._seed):
      dataset = self._function(mode='train')
      spec = getattr(dataset, 'element_spec', None)
      if not (isinstance(dataset, tf.data.Dataset) and isinstance(spec, tuple) and len(spec) == 2):
        raise UsageError(f'input_fn: {_NEEDED}, not {type(dataset).__name__} of {spec}')
      if getattr(spec[1], 'shape', tf.TensorShape(None)).rank != 4:
        raise UsageError(f'input_fn: {_NEEDED}, not of {spec}')
      return dataset

  def _fields(self, inputs: Any, images: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns a batch by field."""
    return {**self.form.unpack(inputs), 'image': tf.cast(images, tf.float32)}

  def _passes(self) -> tf.data.Dataset:
    """Returns one pass over the stream, as a dataset of the fields of batches."""
    return self._pairs().map(self._fields)

  def batches(self, first: int = 0) -> tf.data.Dataset:
    """Returns the endless stream of batches of `batch_size`, from batch number `first` on."""
    shapes = {name: values.shape for name, values in self.first.items()}
    examples = self._passes().repeat().unbatch().batch(self.batch_size, drop_remainder=True)
    whole = examples.map(
      lambda batch: {name: tf.ensure_shape(batch[name], shapes[name]) for name in shapes}
    )
    return whole.skip(first)

  def is_repeatable(self) -> bool:
    """Returns whether two passes begin with equal batches."""
    passes = [list(self._passes().take(2)) for _ in range(2)]
    return all(
      np.array_equal(one[name], other[name]) for one, other in zip(*passes) for name in one
    )

  def examples(self, count: int) -> Example:
    """Returns the first `count` examples of one pass, or all that there are, as stored."""
    batches = list(self._passes().unbatch().take(count).batch(256).as_numpy_iterator())
    fields = {name: np.concatenate([batch[name] for batch in batches]) for name in self.first}
    return {**fields, 'image': _to_stored(fields['image']).numpy()}


def _to_stored(images: tf.Tensor) -> tf.Tensor:
  return medium_named('image').to_stored(images)


class StreamSplit(Split):
  """Split that trains on a stream; one pass over the split is over its first examples.

  Args:
    stream: The stream.
    count: Number of examples that are held in memory, to be compared with samples.

  Attributes:
    classes: Number of classes; 0 without labels.
  """

  def __init__(self, stream: Stream, count: int):
    self._stream = stream
    examples = stream.examples(count)
    self.classes = stream.form.classes(examples['label']) if 'label' in examples else 0
    self._held = MemorySplit(examples)
    self.size = self._held.size
    self.image_shape = self._held.image_shape

  def ordered(self, batch_size: int) -> Iterator[Example]:
    return self._held.ordered(batch_size)

  def spread(self, count: int) -> Example:
    return self._held.spread(count)

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    if batch_size != self._stream.batch_size:
      raise UsageError(
        f'batch_size={batch_size}: input_fn gives batches of {self._stream.batch_size}'
      )
    return self._stream.batches(first_batch)

  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    batch: Any = references
    label = tf.zeros(tf.shape(batch['noise'])[:1], tf.int32)
    return {'label': label, **batch, 'image': _to_stored(batch['image'])}

  def add_content(self, digest: hashlib._Hash) -> None:
    self._held.add_content(digest)


@dataclasses.dataclass(frozen=True)
class _StreamDataset(Dataset):
  """Dataset whose identity for a run is its form, as a stream may give other examples each time."""

  @functools.cached_property
  def fingerprint(self) -> str:
    return hashlib.sha256(repr(self.fields.to_record()).encode()).hexdigest()[:16]

  @functools.cached_property
  def former_fingerprint(self) -> str:
    return self.fingerprint


def dataset_of_stream(name: str, stream: Stream, held: int) -> Dataset:
  """Returns the dataset of a stream.

  Args:
    name: Name of the input_fn.
    stream: The stream.
    held: Number of examples to hold, with which samples are compared.
  """
  noise, images = stream.first['noise'], stream.first['image']
  split = StreamSplit(stream, held)
  fields = Fields.of_images(images.shape[1:], tuple(map(str, range(split.classes))))
  fields['noise'] = Field(tuple(noise.shape[1:]), 'float32')
  return _StreamDataset(name, fields, {'train': split})


def keep_dataset(dataset: Dataset) -> None:
  """Makes a dataset the one that the component input_function knows by the dataset's name."""
  _known[dataset.name] = dataset


@registry.dataset
def input_function(options: DataOptions, *, function: str) -> Dataset:
  """Batches of an input_fn, given to GANEstimator.from_functions.

  Args:
    options: Ignored.
    function: Name of the input_fn.

  Raises:
    UsageError: This program gave no such function.
  """
  del options
  if function not in _known:
    raise UsageError(made_in_python('dataset input_function'))
  return _known[function]
