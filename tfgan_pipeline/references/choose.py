"""Choice of the reference for generated images: a split of the data, a folder, or statistics.

choice = choose_reference(dataset, 'digits', options)     # UsageError if unsuitable
reference, facts = choice.features(extractor)
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools
import logging
import os
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset, Split
from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.references.features_cache import reference_features
from tfgan_pipeline.references.statistics_file import read_statistics
from tfgan_pipeline.runs.digests import digest

_log = logging.getLogger(__name__)
PICTURES = 'pictures'  # Name of the only split of a folder.


@dataclasses.dataclass(frozen=True)
class Choice:
  """Reference for generated images, read and checked as far as possible without an extractor.

  Attributes:
    features: Extractor -> (reference, its part of a score's definition: `num_reference` and
      `reference`). Raises UsageError if the reference is statistics of another extractor.
    split: Real images; None if the reference is statistics.
  """

  features: Callable[[Extractor], tuple[Features | Statistics, dict[str, Any]]]
  split: Split | None = None


def choose_reference(dataset: Dataset, dataset_text: str, options: EvaluationOptions) -> Choice:
  """Reads and checks the reference that the options name, as far as possible without an extractor.

  Args:
    dataset: Data of the run, or any dataset whose images have the shape of generated images.
    dataset_text: Call string that the dataset was built from.
    options: Options; the reference is `reference_stats`, `reference_dir` or `reference_split`.

  Raises:
    UsageError: The reference cannot be read, its images have another shape, or a metric needs
      labels that the split hides.
  """
  if options.reference_stats and options.reference_dir:
    raise UsageError('--reference_stats: not with --reference_dir; one reference is needed')
  if options.reference_stats:
    try:
      statistics, definition = read_statistics(options.reference_stats)
    except UsageError as error:
      raise UsageError(f'--reference_stats={error}') from None
    return Choice(
      lambda extractor: _match_statistics(
        options.reference_stats, statistics, definition, extractor
      )
    )
  if options.reference_dir:
    data, name, facts = folder_dataset(options, dataset.image_shape), PICTURES, {}
  else:
    data, name = dataset, options.reference_split
    facts = {'dataset': dataset_text, 'split': name}
  split = data.split(name)
  for call in registry.metric.parse_all(options.metrics):
    if getattr(registry.metric.function(call.name), 'needs_real_labels', False):
      if data.num_classes and split.hides_labels:
        raise UsageError(
          f'--reference_split={name}: the labels of this split are hidden, and '
          f'--metrics={call.name} needs them; take another split, or leave the metric out'
        )

  def read_features(extractor: Extractor) -> tuple[Features, dict[str, Any]]:
    def features_of(part: str) -> Features:
      return reference_features(data, part, extractor, options.cache_path)

    features = features_of(name)
    if name == 'train' and 'test' in data.splits:
      held_out = functools.lru_cache(functools.partial(features_of, 'test'))
      features = dataclasses.replace(features, held_out=held_out)
    facts['fingerprint'] = split.fingerprint
    return features, {'num_reference': len(features), 'reference': facts}

  return Choice(read_features, split)


def folder_dataset(
  options: EvaluationOptions, image_shape: tuple[int, ...] | None = None
) -> Dataset:
  """Builds a dataset, of one split, of the pictures in --reference_dir.

  Raises:
    UsageError: Pictures cannot be read, or have another shape than `image_shape`.
  """
  root = options.reference_dir
  size = options.resize_pictures
  split = picture_split(root, '--reference_dir', size=size, image_shape=image_shape)
  if image_shape and split.image_shape != tuple(image_shape):
    raise UsageError(
      f'--reference_dir={root}: its pictures are {split.image_shape}, the images to be scored '
      f'{tuple(image_shape)}'
    )
  name = os.path.basename(os.path.normpath(root))
  return Dataset.of_images(name, split.image_shape, (), {PICTURES: split})


def _match_statistics(
  path: str, statistics: Statistics, definition: dict[str, Any] | None, extractor: Extractor
) -> tuple[Statistics, dict[str, Any]]:
  """Returns statistics and their part of a score's definition, if they suit the extractor."""
  if definition is None:
    _log.warning(
      '%s does not say which extractor, preprocessing and images it was made of: that these suit '
      '%s could not be checked beyond their width, %d; ddof=1 is taken for granted, and without '
      'the number of images there is no noise floor',
      path,
      extractor.name,
      statistics.width,
    )
    content = digest(statistics.mean, statistics.covariance)
    return statistics, {'num_reference': None, 'reference': {'statistics': content}}
  recorded_extractor = definition['extractor']
  if recorded_extractor['fingerprint'] != extractor.fingerprint:
    raise UsageError(
      f'--reference_stats={path}: made with extractor {_format_extractor(recorded_extractor)}, '
      f'not {_format_extractor(extractor.facts)}'
    )
  return statistics, {
    'num_reference': statistics.count,
    'reference': definition['reference'],
  }


def _format_extractor(facts: dict[str, Any]) -> str:
  parts = [f'fingerprint {facts["fingerprint"]}', facts.get('preprocessing', '')]
  return f'{facts.get("name")} ({", ".join(filter(None, parts))})'
