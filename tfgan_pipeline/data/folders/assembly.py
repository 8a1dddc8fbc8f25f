"""A dataset of picture files whose layout is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os

import numpy as np

from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.folders.layout import Layout
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit


def assemble(
  root: str,
  names: Sequence[str],
  layout: Layout,
  *,
  shape: tuple[int, ...],
  read: Callable[[str], np.ndarray],
  recipe: Callable[[np.ndarray], str],
  images: Callable[[np.ndarray], np.ndarray] | None,
  sizes: Sequence[tuple[int, int]] = (),
  notes: str = '',
) -> Dataset:
  """Builds the dataset of N picture files.

  Args:
    root: Folder of the files.
    names: N paths relative to `root`.
    layout: Splits, classes and labels of the files; its splits are not None.
    shape: (height, width, channels).
    read: path -> uint8 image of `shape`.
    recipe: Indices of the pictures of a split -> description of `read`, for the fingerprint.
    images: Indices [n] of pictures -> uint8 [n, *shape]; None reads the files on every use.
    sizes: (height, width) of each file as stored; () where unknown.
    notes: Notes of the dataset.
  """
  assert layout.parts is not None

  def build_split(members: np.ndarray) -> Split:
    files = FileSplit(
      root,
      [names[member] for member in members],
      np.asarray(layout.labels, np.int32)[members],
      image_shape=shape,
      read=read,
      recipe=recipe(members),
      stored_sizes=[sizes[member] for member in members] if sizes else (),
    )
    if images is None:
      return files
    return MemorySplit({'image': images(members), 'label': files.labels}, stored=files)

  return Dataset.of_images(
    name=os.path.basename(os.path.normpath(root)),
    image_shape=shape,
    label_names=layout.classes,
    splits={part: build_split(members) for part, members in layout.parts.items()},
    notes=notes,
  )
