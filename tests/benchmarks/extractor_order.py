"""Frechet distances of damaged pictures by the classifier, and without labels, in one table.

    python -m tests.benchmarks.extractor_order --data_dir=~/tensorflow_datasets \\
      [--only=mnist,cifar10_jpeg] [--csv=docs/data/extractor_order.csv]

Test pictures are damaged in four ways, each at several strengths, and compared with as many
training pictures. `self_supervised` is given the data with its labels hidden. Spearman's rank
correlation between both columns says whether they put all damages of a data set into one order.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import logging
import os
import time

import numpy as np
import scipy.ndimage
import scipy.stats

from tests.benchmarks import csv_rows
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.metrics.frechet.fid import fid

EXTRACTORS = ('classifier', 'self_supervised')
COLUMNS = ('dataset', 'damage', 'strength', *EXTRACTORS, 'rank_correlation')
# Standard deviations in pixels and in [0, 255], classes that are left out, pictures that are left.
STRENGTHS = {
  'blur': (0.5, 0.75, 1, 2),
  'noise': (5, 10, 20, 40),
  'classes dropped': (1, 2, 4, 7),
  'copies of': (500, 200, 100, 50),
}


def damaged(
  images: np.ndarray, labels: np.ndarray, damage: str, strength: float, count: int
) -> np.ndarray:
  """Returns `count` of uint8 [n, H, W, C] with a damage, equal in every call."""
  random = np.random.default_rng(0)
  order = random.permutation(len(images))
  if damage == 'classes dropped':
    order = order[labels[order] >= strength]
  if damage == 'copies of':
    order = np.resize(order[: int(strength)], count)
  chosen = images[order[:count]].astype(float)
  if damage == 'blur':
    chosen = scipy.ndimage.gaussian_filter(chosen, (0, strength, strength, 0))
  if damage == 'noise':
    chosen += strength * random.standard_normal(chosen.shape)
  return np.clip(np.rint(chosen), 0, 255).astype(np.uint8)


def rows(
  name: str,
  distances: dict[str, Callable[[np.ndarray], float]],
  images: np.ndarray,
  labels: np.ndarray,
  count: int,
) -> list[dict[str, object]]:
  """Returns a row for each damage, and one with the rank correlation over all of them.

  Args:
    name: Name of the data set.
    distances: Functions from uint8 [n, H, W, C] to a distance, by extractor.
    images: Held-out pictures, uint8 [N, H, W, C].
    labels: Their classes, integers [N].
    count: Pictures per distance.
  """
  damages = [('none', 0), *((damage, s) for damage in STRENGTHS for s in STRENGTHS[damage])]
  found = []
  for damage, strength in damages:
    pictures = damaged(images, labels, damage, strength, count)
    values = {extractor: distance(pictures) for extractor, distance in distances.items()}
    found.append({'dataset': name, 'damage': damage, 'strength': strength, **values})
    print(found[-1], flush=True)
  both = [[row[extractor] for row in found] for extractor in EXTRACTORS]
  correlation = scipy.stats.spearmanr(*both).statistic
  found.append({'dataset': name, 'damage': 'order of all', 'rank_correlation': correlation})
  digits = '{:.4g}'.format
  return [
    {
      column: digits(value) if isinstance(value := row.get(column), float) else value
      for column in COLUMNS
    }
    for row in found
  ]


def hide_labels(dataset: Dataset) -> Dataset:
  """Returns the pictures of a data set without its classes."""
  return Dataset.of_images(dataset.name, dataset.image_shape, (), dataset.splits)


def measure(name: str, data_dir: str, count: int, cache_dir: str) -> list[dict[str, object]]:
  """Returns the rows of a TFDS data set; trains both extractors unless they are cached."""
  dataset = registry.dataset.build(f'tfds({name})', DataOptions(data_dir))
  real = dataset.split('train').spread(count)['image']

  def distance_by(extractor: Extractor) -> Callable[[np.ndarray], float]:
    reference = extractor.features([real])
    return lambda images: fid(reference, extractor.features([images]))['fid']

  distances = {}
  for text, data in zip(EXTRACTORS, (dataset, hide_labels(dataset))):
    start = time.monotonic()
    extractor = registry.extractor.build(text, ExtractorContext(data, cache_dir))
    print(f'{extractor.facts}, {time.monotonic() - start:.0f} s', flush=True)
    distances[text] = distance_by(extractor)
  batches = list(dataset.split('test').ordered(1024))
  images, labels = (np.concatenate([batch[key] for batch in batches]) for key in ('image', 'label'))
  return rows(name, distances, images, labels, count)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--data_dir', required=True, help='where TensorFlow Datasets prepared data')
  parser.add_argument('--only', default='mnist,cifar10_jpeg', help='which data sets')
  parser.add_argument('--count', type=int, default=2000, help='pictures on either side')
  parser.add_argument('--csv', help='a file for the rows')
  arguments = parser.parse_args()
  logging.basicConfig(level=logging.INFO)
  cache_dir = EvaluationOptions().cache_path
  for name in arguments.only.split(','):
    found = measure(name, os.path.expanduser(arguments.data_dir), arguments.count, cache_dir)
    if arguments.csv:
      csv_rows.update(arguments.csv, COLUMNS, found)


if __name__ == '__main__':
  main()
