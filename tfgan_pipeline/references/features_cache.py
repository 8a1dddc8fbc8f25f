"""Cache of features of real images, keyed by the content of data and extractor, not by names."""

from __future__ import annotations

from collections.abc import Iterator
import json
import logging
import os
import tempfile
from typing import Any

import numpy as np

from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.stored_rows import release
from tfgan_pipeline.references.large_arrays import read_large_arrays
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.digests import digest

_log = logging.getLogger(__name__)


def reference_file(dataset: Dataset, split: str, extractor: Extractor, cache_dir: str) -> str:
  """Returns the path of a split's cached features; its key hashes split and extractor."""
  key = digest(dataset.split(split).fingerprint, extractor.fingerprint)
  return os.path.join(cache_dir, 'reference', f'{dataset.name}-{split}-{key}.npz')


def reference_definition(dataset: Dataset, split: str, extractor: Extractor) -> dict[str, Any]:
  """Returns the definition stored in files of features and statistics: extractor and reference."""
  return {
    'extractor': extractor.facts,
    'reference': {
      'dataset': dataset.name,
      'split': split,
      'fingerprint': dataset.split(split).fingerprint,
    },
  }


def reference_features(
  dataset: Dataset, split: str, extractor: Extractor, cache_dir: str
) -> Features:
  """Returns features of every image of a split in stored order, cached in `cache_dir`.

  The features carry the labels of the images; if the split hides its labels, they carry none and
  a warning is logged.
  """
  path = reference_file(dataset, split, extractor, cache_dir)
  if files.exists(path):
    arrays = _read_cache(path)
    # Files of an earlier version lack labels.
    if 'pool' in arrays and ('labels' in arrays or not dataset.num_classes):
      return _build_features(arrays, f'{dataset.name}/{split}')
  _log.info(
    'extracting features of the %d images of %s/%s, once',
    dataset.split(split).size,
    dataset.name,
    split,
  )
  labels: list[np.ndarray] = []

  def batches() -> Iterator[np.ndarray]:
    for batch in dataset.split(split).ordered(1024):
      if dataset.num_classes:
        labels.append(batch['label'])
      yield batch['image']

  features = extractor.features(batches())
  arrays = {'pool': features.pool}
  if features.logits is not None:
    arrays['logits'] = features.logits
  if dataset.num_classes:
    arrays['labels'] = np.concatenate(labels)
  files.make_folder(os.path.dirname(path))
  # Writing a zip archive needs seeking, which gs:// files cannot do.
  with tempfile.TemporaryFile() as content:
    np.savez(
      content,
      **arrays,  # pyrefly: ignore[bad-argument-type]  (none of them is called allow_pickle)
      definition=np.array(json.dumps(reference_definition(dataset, split, extractor))),
    )
    release(features.pool)
    content.seek(0)
    atomic_files.write(path, content)
  return _build_features(arrays, f'{dataset.name}/{split}')


def _build_features(arrays: dict[str, np.ndarray], name: str) -> Features:
  """Builds Features from arrays by field; leaves out hidden labels, and logs a warning."""
  labels = arrays.get('labels')
  if labels is not None and labels.min() < 0:
    _log.warning('the labels of %s are hidden (-1): its images are used without labels', name)
    labels = None
  return Features(arrays['pool'], arrays.get('logits'), labels)


def _read_cache(path: str) -> dict[str, np.ndarray]:
  """Returns the arrays of a features file, none and a logged warning if it is damaged."""
  try:
    return read_large_arrays(path, ('pool', 'logits', 'labels'))
  except UsageError as error:
    _log.warning('%s; it is made anew', error)
    return {}
