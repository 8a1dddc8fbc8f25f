"""`--dataset="halves(...)"`: pairs whose two pictures are stored as one, side by side."""

from __future__ import annotations

import dataclasses

from tfgan_pipeline import registry
from tfgan_pipeline.data.combined.paired import pair_fields
from tfgan_pipeline.data.combined.paired_split import HalvesSplit
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.errors import UsageError

FIRST = ('left', 'right')


@registry.dataset
def halves(
  options: DataOptions, *, dataset: str = 'shapes(style=pairs)', first: str = 'left'
) -> Dataset:
  """Pairs from the two halves of each picture, as pix2pix stores them (Isola et al. 2017).

  Fields image_a and image_b, which are augmented alike. Facades have the photograph on the left and
  the plan, which is to be translated, on the right:
  `halves("image_folder(size=(256, 512))", first=right)`.

  Args:
    options: Folder and memory limit, for the dataset.
    dataset: Call string of a dataset of pictures of an even width.
    first: Half that becomes image_a: 'left' or 'right'.

  Raises:
    UsageError: The width is odd, `first` is something else, or the dataset cannot be read.
  """
  if first not in FIRST:
    raise UsageError(f"dataset 'halves': first={first} should be left or right")
  try:
    whole = registry.dataset.build(dataset, options).require_image(dataset)
  except UsageError as error:
    raise UsageError(f"dataset 'halves': {error}") from None
  height, width, channels = whole.image_shape
  if width % 2:
    raise UsageError(f"dataset 'halves': {dataset} is {width} pixels wide, which has no half")
  shape = (height, width // 2, channels)
  image = dataclasses.replace(whole.fields['image'], shape=shape)
  one = dataclasses.replace(whole, fields=type(whole.fields)({**whole.fields, 'image': image}))
  splits = {name: HalvesSplit(split, first) for name, split in whole.splits.items()}
  return Dataset(f'{whole.name} halves', pair_fields(one, shape), splits, notes=whole.notes)
