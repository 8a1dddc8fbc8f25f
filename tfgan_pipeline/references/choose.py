"""Choice of the reference for generated images: a split of the data, a folder, or statistics.

choice = choose_reference(dataset, 'digits', options)     # UsageError if unsuitable
reference, facts = choice.features(extractor)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import functools
import os
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.class_names import chosen_classes
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.references.features_cache import reference_features
from tfgan_pipeline.references.given import read_given
from tfgan_pipeline.references.sample_sets import (
  folder_labels,
  is_grey,
  sample_split,
  with_channels,
)

PICTURES = 'pictures'  # Name of the only split of a folder.


@dataclasses.dataclass(frozen=True)
class Choice:
  """Reference for generated images, read and checked as far as possible without an extractor.

  Attributes:
    features: Extractor -> (reference, its part of a score's definition: `num_reference` and
      `reference`). Raises UsageError if the reference is statistics of another extractor.
    split: Real images; None if the reference is a file of statistics or features.
    classes: Classes that the reference is limited to; () for all.
  """

  features: Callable[[Extractor], tuple[Features | Statistics, dict[str, Any]]]
  split: Split | None = None
  classes: tuple[int, ...] = ()


def choose_reference(dataset: Dataset, dataset_text: str, options: EvaluationOptions) -> Choice:
  """Reads and checks the reference that the options name, as far as possible without an extractor.

  Args:
    dataset: Data of the run, or any dataset whose images have the shape of generated images.
    dataset_text: Call string that the dataset was built from.
    options: Options; the reference is `reference_stats`, `reference_features`, `reference_dir` or
      `reference_split`.

  Raises:
    UsageError: The reference cannot be read, its images have another shape, or a metric needs
      labels that the split hides.
  """
  if given := read_given(options):
    return Choice(lambda extractor: (given.reference, given.facts(extractor.facts)))
  if options.reference_dir:
    data, name = folder_dataset(options, dataset.image_shape), PICTURES
    facts: dict[str, Any] = {}
    labels = None
    if options.labels or wants_classes(options):
      labels = folder_labels(data.split(name), dataset.label_names)
  else:
    data, name, labels = dataset, options.reference_split, None
    facts = {'dataset': dataset_text, 'split': name}
  split = data.split(name)
  classes = chosen_classes(options.labels, dataset.label_names)
  if name == PICTURES and labels is None:
    classes = ()  # A folder without folders of these names is all of the chosen classes.
  if name == PICTURES and classes and options.image_metrics:
    raise UsageError('--image_metrics: not with --labels and folders that are classes')
  for call in registry.metric.parse_all(options.metrics):
    if getattr(registry.metric.function(call.name), 'needs_real_labels', False):
      if data.num_classes and split.hides_labels:
        raise UsageError(
          f'--reference_split={name}: the labels of this split are hidden, and '
          f'--metrics={call.name} needs them; take another split, or leave the metric out'
        )

  def read_features(extractor: Extractor) -> tuple[Features, dict[str, Any]]:
    def features_of(part: str) -> Features:
      features = reference_features(data, part, extractor, options.cache_path)
      if name == PICTURES and labels is not None:
        features = dataclasses.replace(features, labels=labels)
      return _of_classes(features, classes, f'--labels={options.labels}')

    features = features_of(name)
    if name == 'train' and 'test' in data.splits:
      held_out = functools.lru_cache(functools.partial(features_of, 'test'))
      features = dataclasses.replace(features, held_out=held_out)
    facts['fingerprint'] = split.fingerprint
    if classes:
      facts['classes'] = [dataset.label_names[label] for label in classes]
    return features, {'num_reference': len(features), 'reference': facts}

  return Choice(read_features, split, classes)


def _of_classes(features: Features, classes: Sequence[int], name: str) -> Features:
  """Returns the rows of some classes; all for ()."""
  if not classes:
    return features
  if features.labels is None:
    raise UsageError(f'{name}: the real images have no labels to choose by')
  rows = np.isin(features.labels, classes)
  if rows.sum() < 2:
    raise UsageError(f'{name}: {rows.sum()} real images are of these classes, too few for a score')
  logits = None if features.logits is None else features.logits[rows]
  return Features(features.pool[rows], logits, features.labels[rows])


def folder_dataset(
  options: EvaluationOptions, image_shape: tuple[int, ...] | None = None
) -> Dataset:
  """Builds a dataset, of one split, of the images in --reference_dir.

  Args:
    options: Options.
    image_shape: Shape (height, width, channels) of the images that these are compared with.

  Raises:
    UsageError: Images cannot be read, or have another shape than `image_shape`.
  """
  root = options.reference_dir
  split = sample_split(root, '--reference_dir', options, image_shape)
  if image_shape and split.image_shape != tuple(image_shape):
    if image_shape[2] == 1 and is_grey(split):
      split = with_channels(split, 1, root)
    if split.image_shape != tuple(image_shape):
      raise UsageError(
        f'--reference_dir={root}: its pictures are {split.image_shape}, the images to be scored '
        f'{tuple(image_shape)}' + hint(split.image_shape, image_shape)
      )
  name = os.path.basename(os.path.normpath(root))
  return Dataset.of_images(name, split.image_shape, (), {PICTURES: split})


def wants_classes(options: EvaluationOptions) -> bool:
  """Returns whether a metric needs the classes of real or of generated images."""
  functions = [
    registry.metric.function(call.name) for call in registry.metric.parse_all(options.metrics)
  ]
  return any(
    getattr(function, 'needs_real_labels', False) or getattr(function, 'needs', None) == 'labels'
    for function in functions
  )


def hint(one: Sequence[int], other: Sequence[int]) -> str:
  """Returns the flags that make images of two shapes comparable, for the end of a message."""
  ways = [
    '--resize_pictures' if tuple(one[:2]) != tuple(other[:2]) else '',
    '--picture_channels' if {one[2], other[2]} == {1, 3} else '',
  ]
  return f'; see {" and ".join(filter(None, ways))}' if any(ways) else ''
