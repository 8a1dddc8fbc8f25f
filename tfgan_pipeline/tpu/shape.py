"""Datasets without data: compiling a step needs only the shape of its images."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.errors import UsageError


def dataset_like(experiment: Experiment, image_shape: str = '', num_classes: int = 0) -> Dataset:
  """Returns a dataset with the image_shape and num_classes of an experiment's data.

  Args:
    experiment: The run's choices; its dataset is opened if `image_shape` is ''.
    image_shape: 'height,width,channels', or ''.
    num_classes: Number of classes, used with an `image_shape`; 0 for images without labels.

  Raises:
    UsageError: `image_shape` has another form, or is '' and the data cannot be read.
  """
  if image_shape:
    sizes = image_shape.split(',')
    if len(sizes) != 3 or not all(size.strip().isdecimal() and int(size) for size in sizes):
      raise UsageError(f'--image_shape={image_shape}: should be height,width,channels')
    classes = tuple(map(str, range(num_classes)))
    return Dataset.of_images(experiment.dataset, tuple(map(int, sizes)), classes, {})
  try:
    try:
      # With a memory limit of 0.0 no images are loaded: only their shape is used.
      return registry.dataset.build(experiment.dataset, DataOptions(experiment.data_dir, 0.0))
    except UsageError:  # Generated data has to be in memory.
      options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
      return registry.dataset.build(experiment.dataset, options)
  except UsageError as error:
    raise UsageError(f'{error}; or give --image_shape, and no data is needed') from None
