"""Datasets without data: compiling a step needs only the shape of its images."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.inner_datasets import inner_datasets
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry.calls import Call


def dataset_like(experiment: Experiment, image_shape: str = '', num_classes: int = 0) -> Dataset:
  """Returns a dataset with the image_shape and num_classes of an experiment's data.

  Args:
    experiment: The run's choices; its dataset is opened if `image_shape` is ''.
    image_shape: 'height,width,channels' of the pictures that are read, or ''. For a dataset that
      is made of others, as paired(...) is, these are drawn in colours with this size.
    num_classes: Number of classes, used with an `image_shape`; 0 for images without labels.

  Raises:
    UsageError: `image_shape` has another form, or is '' and the data cannot be read.
  """
  if image_shape:
    sizes = image_shape.split(',')
    if len(sizes) != 3 or not all(size.strip().isdecimal() and int(size) for size in sizes):
      raise UsageError(f'--image_shape={image_shape}: should be height,width,channels')
    call = registry.dataset.parse(experiment.dataset)
    if stand_in := _with_stand_ins(call, tuple(map(int, sizes))):
      return registry.dataset.build(str(stand_in), DataOptions('', experiment.memory_limit_gb))
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


def _with_stand_ins(call: Call, image_shape: tuple[int, ...]) -> Call | None:
  """Returns a call with drawn shapes for each dataset in its arguments; None if there is none."""
  found = {
    name: str(_with_stand_ins(inner, image_shape) or _drawn(image_shape))
    for name, inner in inner_datasets(call).items()
  }
  return Call(call.name, {**call.arguments, **found}) if found else None


def _drawn(image_shape: tuple[int, ...]) -> Call:
  if image_shape[2] != 3:
    raise UsageError('--image_shape: of datasets made of others, such as paired, in colours only')
  return Call('shapes', {'size': image_shape[:2], 'count': 10})  # One in ten is of the test split.
