"""`--dataset="stacked(tfds(mnist))"`: three grey images in the channels of one, to count modes."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset, Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, require


@registry.dataset
def stacked(
  options: DataOptions, *, dataset: str = 'digits', times: int = 1, seed: int = 0
) -> Dataset:
  """Three random grey images as red, green and blue: 1,000 modes of ten digits (Metz et al. 2017).

  The label is made of the three labels as digits: of 10 classes, 407 is a 4 in red, a 0 in green
  and a 7 in blue. Every image of a split is used equally often, three `times`.

  Args:
    options: For the data set that is stacked.
    dataset: Which that is; with grey images, such as `tfds(mnist)`.
    times: How many times as many stacks a split has as the data set has images.
    seed: Chooses which images meet.

  Returns:
    Images [H, W, 3] in memory, in the splits of the data set.

  Raises:
    UsageError: The images are not grey, or the stacks do not fit into the memory limit.
  """
  require("dataset 'stacked'", at_least=1, times=times)
  require("dataset 'stacked'", at_least=0, below=2**32, seed=seed)
  grey = registry.dataset.build(dataset, options).require_image("dataset 'stacked'")
  height, width, channels = grey.image_shape
  shape = (height, width, 3)
  count = times * sum(split.size for split in grey.splits.values())
  if channels != 1:
    raise UsageError(f"dataset 'stacked': images of {dataset} should be grey, not of {channels}")
  if not options.fits_memory(count, shape):
    raise UsageError(
      f"dataset 'stacked': {count} stacks do not fit --memory_limit_gb={options.memory_limit_gb}"
    )
  names = grey.label_names
  return Dataset.of_images(
    name=f'stacked {grey.name}',
    image_shape=shape,
    label_names=tuple(f'{a} {b} {c}' for a in names for b in names for c in names),
    splits={
      name: _stacks(split, grey.num_classes, times, (seed, place))
      for place, (name, split) in enumerate(sorted(grey.splits.items()))
    },
    channel_classes=grey.num_classes,
  )


def _stacks(split: Split, num_classes: int, times: int, seed: tuple[int, int]) -> MemorySplit:
  """A stack per image and time; each third of the members is `times` whole permutations."""
  whole = MemorySplit.reading(split)
  random = np.random.RandomState(seed)  # Whose numbers are promised never to change.
  members = np.stack(
    [np.concatenate([random.permutation(whole.size) for _ in range(times)]) for _ in range(3)],
    axis=1,
  )
  images = np.moveaxis(whole.images[members, ..., 0], 1, -1)
  labels = whole.labels[members] @ np.array([num_classes**2, num_classes, 1])
  return MemorySplit({'image': np.ascontiguousarray(images), 'label': labels})
