"""Datasets of arrays that a Python program holds in memory.

    experiment = Experiment(dataset=dataset_of(images, labels), model_dir='/tmp/run')

The string that `dataset_of` returns names the content: equal arrays give equal strings, in any
program, so that the program can be run again to continue the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

import numpy as np
import numpy.typing as npt

from tfgan_pipeline import registry
from tfgan_pipeline.data.arrays.pictures import Part, Reading, dataset_of_parts
from tfgan_pipeline.data.arrays.pixels import AXES
from tfgan_pipeline.data.dataset import SPLIT_NAMES, DataOptions, Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.digests import digest

_known: dict[str, Dataset] = {}


def dataset_of(
  images: npt.ArrayLike | Mapping[str, npt.ArrayLike],
  labels: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
  *,
  range: tuple[float, float] | str = '',
  axes: str = 'NHWC',
  classes: Sequence[str] = (),
  validation: float = 0.1,
  test: float = 0.1,
) -> str:
  """Keeps pictures in memory as a dataset; returns the value for Experiment(dataset=...).

  Arrays are copied. Commands such as tfgan-evaluate, which are processes of their own, cannot read
  them: a run for these needs a file and the dataset `arrays`.

  Args:
    images: Pictures uint8 [N, H, W, C] or [N, H, W], or of another dtype with `range`; or by split,
      as in {'train': ..., 'test': ...}.
    labels: Classes of the pictures, whole numbers or texts [N], by split if the pictures are; None
      for none.
    range: The two values that stand for black and white, such as (-1, 1); 'data' for the smallest
      and the largest. Not needed for uint8.
    axes: 'NHWC' or 'NCHW'.
    classes: Names of the classes 0, 1, and so on; by default labels are their own names.
    validation: Share held out for validation, unless pictures are given by split.
    test: Share held out for the final evaluation, unless pictures are given by split.

  Raises:
    UsageError: The arrays are no such pictures or labels; the message says what to do.
  """
  if axes not in AXES:
    raise UsageError(f'dataset_of: axes={axes} should be {" or ".join(AXES)}')
  by_split = images if isinstance(images, Mapping) else {'train': images}
  labels_by_split = labels if isinstance(labels, Mapping) else {'train': labels}
  strangers = sorted({*by_split, *labels_by_split} - set(SPLIT_NAMES))
  if 'train' not in by_split or strangers:
    names = ', '.join(strangers or by_split)
    raise UsageError(
      f'dataset_of: the splits are {", ".join(SPLIT_NAMES)}, of which train is needed, not {names}'
    )
  parts = {
    split: Part(
      [_array(by_split[split], 'images')],
      [_array(given, 'labels')] if (given := labels_by_split.get(split)) is not None else [],
    )
    for split in SPLIT_NAMES
    if split in by_split
  }
  reading = Reading(range, axes, tuple(classes), validation, test)
  try:
    dataset = dataset_of_parts('in_memory', parts, reading, memory_bytes=math.inf)
  except UsageError as error:
    raise UsageError(f'dataset_of: {error}') from None
  content = digest(dataset.fingerprint, *dataset.label_names)
  _known[content] = dataset
  return f'in_memory({content!r})'


def _array(values: npt.ArrayLike, name: str) -> np.ndarray:
  try:
    return np.asarray(values)
  except ValueError as error:  # A list of pictures of several sizes.
    raise UsageError(f'dataset_of: {name} make no array ({error}); resize them to one') from None


@registry.dataset
def in_memory(options: DataOptions, *, content: str) -> Dataset:
  """Arrays in the memory of a Python program, which made them a dataset by dataset_of.

  Args:
    options: Ignored.
    content: Hash of the content, as in the string that dataset_of returned.

  Raises:
    UsageError: This program has no such arrays.
  """
  del options
  if content not in _known:
    raise UsageError(
      "dataset 'in_memory': its arrays are in the memory of the Python program that called "
      'dataset_of(images); go on there, calling it first, or train on a file: '
      "np.save('/data/images.npy', images), --dataset=\"arrays('/data/images.npy')\""
    )
  return _known[content]
