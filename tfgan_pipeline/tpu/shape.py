"""The images of an experiment as far as compiling needs them: their shape, and no data."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.errors import UsageError


def dataset_like(experiment: Experiment, image_shape: str = '', num_classes: int = 0) -> Dataset:
  """A dataset whose image_shape and num_classes are those of the experiment's.

  Args:
    experiment: Names the dataset, which is opened if no shape is given.
    image_shape: 'height,width,channels', or ''.
    num_classes: With an image_shape; 0 for images without labels.

  Raises:
    UsageError: The shape is no shape, or there is none and the data is not here.
  """
  if image_shape:
    sizes = image_shape.split(',')
    if len(sizes) != 3 or not all(size.strip().isdecimal() and int(size) for size in sizes):
      raise UsageError(f'--image_shape={image_shape}: should be height,width,channels')
    classes = tuple(map(str, range(num_classes)))
    return Dataset.of_images(experiment.dataset, tuple(map(int, sizes)), classes, {})
  try:
    try:
      # Nothing is held in memory: only the shape is wanted.
      return registry.dataset.build(experiment.dataset, DataOptions(experiment.data_dir, 0.0))
    except UsageError:  # Some data is made, and has to be held.
      options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
      return registry.dataset.build(experiment.dataset, options)
  except UsageError as error:
    raise UsageError(f'{error}; or give --image_shape, and no data is needed') from None
