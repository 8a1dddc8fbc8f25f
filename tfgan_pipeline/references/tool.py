"""Building, description and verification of files of reference features or statistics.

build(dataset, 'train', extractor, cache_dir, output='/tmp/cifar10.npz')
describe('/tmp/cifar10.npz')
verify('/tmp/cifar10.npz', dataset, 'train', extractor)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import CheckFailed
from tfgan_pipeline.extractors.base import Extractor
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.references.features_cache import (
  reference_definition,
  reference_features,
  reference_file,
)
from tfgan_pipeline.references.statistics_file import (
  read_arrays,
  read_definition,
  read_statistics,
  statistics_of,
  write_statistics,
)

# In standard deviations of a feature: allows for the rounding of other devices, and nothing else.
TOLERANCE = 1e-3


def build(
  dataset: Dataset,
  split: str,
  extractor: Extractor,
  cache_dir: str,
  *,
  dataset_text: str = '',
  output: str = '',
) -> dict[str, Any]:
  """Computes the features of a split, unless cached, and writes statistics if `output` is given.

  Args:
    dataset: Dataset of the images.
    split: Name of the split of the images.
    extractor: Extractor that computes the features.
    cache_dir: Folder of the cached features.
    dataset_text: Call string of the dataset, for the definition; '' for a folder.
    output: The .npz file of statistics to write; '' for none.

  Returns:
    Facts to show to the user: file, number of images, width of the features, and definition.
  """
  features = reference_features(dataset, split, extractor, cache_dir)
  definition = reference_definition(dataset, split, extractor)
  # Equal to the records of scores computed without this file, so that scores stay comparable.
  fingerprint = definition['reference']['fingerprint']
  names = {'dataset': dataset_text, 'split': split} if dataset_text else {}
  definition['reference'] = {**names, 'fingerprint': fingerprint}
  if output:
    write_statistics(output, statistics_of(features.pool), definition)
  return {
    'file': output or reference_file(dataset, split, extractor, cache_dir),
    'num_reference': len(features),
    'width': features.width,
    **definition,
  }


def describe(path: str) -> dict[str, Any]:
  """Describes a file of reference features or statistics.

  Returns:
    File, kind, number of images (None if unknown), width of the features, and definition, which is
    None in files of other tools.

  Raises:
    UsageError: The file holds neither reference features nor reference statistics.
  """
  arrays = read_arrays(path)
  definition = read_definition(path, arrays)
  if 'pool' in arrays:
    features = Features(arrays['pool'], arrays.get('logits'))
    classes = None if features.logits is None else features.logits.shape[1]
    facts = {'num_reference': len(features), 'width': features.width, 'classes': classes}
    return {'file': path, 'kind': 'features', **facts, 'definition': definition}
  statistics, definition = read_statistics(path)
  facts = {
    'num_reference': statistics.count,
    'width': statistics.width,
    'ddof': statistics.ddof if definition else None,
  }
  return {'file': path, 'kind': 'statistics', **facts, 'definition': definition}


def verify(path: str, dataset: Dataset, split: str, extractor: Extractor) -> dict[str, Any]:
  """Computes the features of a split anew and compares them with a file.

  Args:
    path: File of features or statistics, of this package or another tool.
    dataset: Dataset of the images.
    split: Name of the split of the images.
    extractor: Extractor that the file was made with.

  Returns:
    Array in the file -> largest difference, in standard deviations of the feature.

  Raises:
    CheckFailed: The file differs; the message names the fields, and both values or the difference.
    UsageError: The file cannot be read.
  """
  content = describe(path)
  expected = reference_definition(dataset, split, extractor)
  count, pairs = dataset.split(split).size, []
  if content['definition']:
    fingerprint = content['definition']['reference']['fingerprint']
    if fingerprint != expected['reference']['fingerprint'] and count == content['num_reference']:
      if fingerprint == dataset.split(split).former_fingerprint:
        expected['reference']['fingerprint'] = fingerprint
    pairs = [
      (f'{part}.fingerprint', content['definition'][part]['fingerprint'], facts['fingerprint'])
      for part, facts in expected.items()
    ]
  if content['num_reference'] is not None:
    pairs.append(('num_reference', content['num_reference'], count))
  _refuse(path, [f'{name}: {old}, now {new}' for name, old, new in pairs if old != new])

  features = extractor.features(batch['image'] for batch in dataset.split(split).ordered(1024))
  if content['width'] != features.width:
    _refuse(path, [f'width: {content["width"]}, now {features.width}'])
  current = statistics_of(features.pool)
  deviation = np.sqrt(np.diag(current.covariance))
  # Features that hardly vary would make the differences infinite.
  deviation = np.maximum(deviation, 1e-6 * deviation.max() + 1e-30)
  if content['kind'] == 'statistics':
    stored, _ = read_statistics(path)
    covariance = (
      current.covariance if stored.ddof == current.ddof else current.covariance_with(stored.ddof)
    )
    differences = {
      'mu': (stored.mean - current.mean) / deviation,
      'sigma': (stored.covariance - covariance) / np.outer(deviation, deviation),
    }
  else:
    arrays = read_arrays(path)
    differences = {'pool': (arrays['pool'] - features.pool) / deviation}
    if features.logits is not None and 'logits' in arrays:
      differences['logits'] = (arrays['logits'] - features.logits) / features.logits.std()
  largest = {name: float(np.abs(values).max()) for name, values in differences.items()}
  _refuse(
    path,
    [
      f'{name}: by up to {size:.3g} standard deviations'
      for name, size in largest.items()
      if not size <= TOLERANCE
    ],
  )
  return largest


def _refuse(path: str, differences: list[str]) -> None:
  """Raises CheckFailed, listing the differences, if there are any."""
  if differences:
    raise CheckFailed(f'{path}: differs in {"; ".join(differences)}')
