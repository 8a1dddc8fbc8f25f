"""`--dataset="reduced(...)"`: pictures and smaller ones made of them, for super-resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import dataclasses
import hashlib

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Field, Fields
from tfgan_pipeline.data.reduction import reduce, reduce_arrays
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.errors import UsageError, require


@registry.dataset
def reduced(options: DataOptions, *, dataset: str = 'shapes', factor: int = 4) -> Dataset:
  """Pairs of a picture made smaller by `factor`, image_a, and the picture, image_b.

  Reduction is Pillow's antialiased bicubic, see data/reduction.py. Pictures are augmented first and
  reduced then, so a pair fits whatever `--augment` does: a crop of the picture is a crop of both.

  Args:
    options: Folder and memory limit, for the dataset.
    dataset: Call string of a dataset of pictures. Where `factor` does not divide a side, pixels at
      the bottom and on the right are cut off.
    factor: Whole number by which both sides become smaller, at least 2.

  Raises:
    UsageError: The factor is smaller than 2 or larger than a side, or the dataset cannot be read.
  """
  require("dataset 'reduced'", at_least=2, factor=factor)
  try:
    whole = registry.dataset.build(dataset, options).require_image(dataset)
  except UsageError as error:
    raise UsageError(f"dataset 'reduced': {error}") from None
  image = whole.fields['image']
  if not (image.medium and image.medium.is_picture):
    raise UsageError(f"dataset 'reduced': {dataset} holds no pictures")
  *sides, channels = whole.image_shape
  small = tuple(side // factor for side in sides)
  if not all(small):
    raise UsageError(
      f"dataset 'reduced': {dataset} is {sides[0]}x{sides[1]}, of which factor={factor} leaves "
      'nothing; take a smaller one'
    )
  large = tuple(side * factor for side in small)
  fields = Fields(
    image_a=Field(
      (*small, channels), image.dtype, image.medium, label='label', reduced_from='image_b'
    ),
    image_b=dataclasses.replace(image, shape=(*large, channels), label='label'),
    label=whole.fields['label'],
  )
  splits = {name: ReducedSplit(split, small, large) for name, split in whole.splits.items()}
  return Dataset(f'{whole.name} reduced', fields, splits, notes=whole.notes)


class ReducedSplit(Split):
  """Pictures of a split, and smaller ones: fields image_a, image_b and label.

  Args:
    split: Split of pictures.
    small: (height, width) of image_a.
    large: (height, width) of image_b, the upper left part of the pictures.
  """

  def __init__(self, split: Split, small: tuple[int, ...], large: tuple[int, ...]):
    self._split, self._small, self._large = split, small, large
    self.size, self.names, self.known_labels = split.size, split.names, split.known_labels

  def ordered(self, batch_size: int) -> Iterator[Example]:
    yield from map(self._example, self._split.ordered(batch_size))

  def spread(self, count: int) -> Example:
    return self._example(self._split.spread(count))

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return self._split.references(batch_size=batch_size, seed=seed, first_batch=first_batch)

  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    examples = self._split.load(references)
    image = examples['image'][:, : self._large[0], : self._large[1]]
    return {
      'image_a': reduce(image, self._small),
      'image_b': image,
      'label': examples['label'],
    }

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(f'{self._large} reduced to {self._small}'.encode())
    self._split.add_content(digest)

  def _example(self, examples: Example) -> Example:
    image = np.ascontiguousarray(examples['image'][:, : self._large[0], : self._large[1]])
    return {
      'image_a': reduce_arrays(image, self._small),
      'image_b': image,
      'label': examples['label'],
    }
