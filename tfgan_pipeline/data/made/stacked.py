"""`--dataset="stacked(tfds(mnist))"`: three grey images as channels of one, to count modes."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, require


@registry.dataset
def stacked(
  options: DataOptions, *, dataset: str = 'digits', times: int = 1, seed: int = 0
) -> Dataset:
  """Three random grey images as red, green and blue: 1,000 modes of ten digits (Metz et al. 2017).

  The data of unrolled GANs (arXiv:1611.02163). The label combines the three labels as digits: with
  10 classes, 407 is a 4 in red, a 0 in green and a 7 in blue. Every image of a split appears
  `times` times in each channel.

  Args:
    options: Folder and memory limit, also for `dataset`.
    dataset: Call string of a dataset of grey images, such as `tfds(mnist)`.
    times: Number of stacks per image of `dataset`, in every split.
    seed: Seed of the random choice of images that are stacked together.

  Returns:
    Images [H, W, 3] in memory, in the splits of `dataset`.

  Raises:
    UsageError: The images are not grey, or the stacks do not fit into the memory limit.
  """
  require("dataset 'stacked'", at_least=1, times=times)
  require("dataset 'stacked'", at_least=0, below=2**32, seed=seed)
  source = registry.dataset.build(dataset, options).require_image("dataset 'stacked'")
  height, width, channels = source.image_shape
  shape = (height, width, 3)
  count = times * sum(split.size for split in source.splits.values())
  if channels != 1:
    raise UsageError(f"dataset 'stacked': images of {dataset} should be grey, not of {channels}")
  if not options.fits_memory(count, shape):
    raise UsageError(
      f"dataset 'stacked': {count} stacks do not fit --memory_limit_gb={options.memory_limit_gb}"
    )
  names = source.label_names
  return Dataset.of_images(
    name=f'stacked {source.name}',
    image_shape=shape,
    label_names=tuple(f'{a} {b} {c}' for a in names for b in names for c in names),
    splits={
      name: _stack(split, source.num_classes, times, (seed, place))
      for place, (name, split) in enumerate(sorted(source.splits.items()))
    },
    channel_classes=source.num_classes,
  )


def _stack(split: Split, num_classes: int, times: int, seed: tuple[int, int]) -> MemorySplit:
  """Stacks random images of a split; each channel takes `times` permutations of the split."""
  source = MemorySplit.reading(split)
  random = np.random.RandomState(seed)  # NumPy promises that its numbers never change.
  members = np.stack(  # [n, 3]
    [np.concatenate([random.permutation(source.size) for _ in range(times)]) for _ in range(3)],
    axis=1,
  )
  images = np.moveaxis(source.images[members, ..., 0], 1, -1)
  labels = source.labels[members] @ np.array([num_classes**2, num_classes, 1])
  return MemorySplit({'image': np.ascontiguousarray(images), 'label': labels})
