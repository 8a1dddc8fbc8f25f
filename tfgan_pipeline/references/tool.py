"""Files of reference features or statistics: made, described, and compared with the data.

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

# In standard deviations of a feature: room for the rounding of other devices, and for nothing else.
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
  """Makes the features of a split, unless they are cached, and their statistics if asked for.

  Args:
    dataset: Where the images are.
    split: Which of them.
    extractor: Makes the features.
    cache_dir: Where they are kept.
    dataset_text: The call string of the dataset, for the definition; '' for a folder.
    output: The .npz file of statistics to write, if any.

  Returns:
    What there is now, for people.
  """
  features = reference_features(dataset, split, extractor, cache_dir)
  definition = reference_definition(dataset, split, extractor)
  # As in the records of scores made without this file: such scores stay comparable.
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
  """What a file of either kind holds, and how it came to be if it says so.

  Raises:
    UsageError: It is neither reference features nor reference statistics.
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
  """Computes the features anew and compares.

  Args:
    path: Features or statistics, ours or another tool's.
    dataset: Where the images are.
    split: Which of them.
    extractor: As the file was made with.

  Returns:
    What was compared: field -> its largest difference, in standard deviations of the feature.

  Raises:
    CheckFailed: The fields that differ are named, with both values or by how much.
    UsageError: The file cannot be read.
  """
  found = describe(path)
  expected = reference_definition(dataset, split, extractor)
  count, pairs = dataset.split(split).size, []
  if found['definition']:
    made_of = found['definition']['reference']['fingerprint']
    if made_of != expected['reference']['fingerprint'] and count == found['num_reference']:
      if made_of == dataset.split(split).former_fingerprint:
        expected['reference']['fingerprint'] = made_of
    pairs = [
      (f'{part}.fingerprint', found['definition'][part]['fingerprint'], now['fingerprint'])
      for part, now in expected.items()
    ]
  if found['num_reference'] is not None:
    pairs.append(('num_reference', found['num_reference'], count))
  _refuse(path, [f'{name}: {was}, now {now}' for name, was, now in pairs if was != now])

  features = extractor.features(batch['image'] for batch in dataset.split(split).ordered(1024))
  if found['width'] != features.width:
    _refuse(path, [f'width: {found["width"]}, now {features.width}'])
  now = statistics_of(features.pool)
  deviation = np.sqrt(np.diag(now.covariance))
  deviation = np.maximum(deviation, 1e-6 * deviation.max() + 1e-30)
  if found['kind'] == 'statistics':
    stored, _ = read_statistics(path)
    covariance = now.covariance if stored.ddof == now.ddof else now.covariance_with(stored.ddof)
    differences = {
      'mu': (stored.mean - now.mean) / deviation,
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


def _refuse(path: str, differing: list[str]) -> None:
  if differing:
    raise CheckFailed(f'{path}: differs in {"; ".join(differing)}')
