"""Rows of docs/data/anomaly.csv: how well each method tells MNIST's digits apart, by protocol.

    python -m tests.benchmarks.anomaly --data_dir=DATA --runs=/tmp/anomaly
    python -m tests.benchmarks.anomaly --data_dir=DATA --runs=/tmp/anomaly \
      --protocols=one_anomalous --digits=1 --seeds=0,1,2 --methods=encoder,pca --count=0

A row is of a protocol, a digit, a method and a seed. Runs of the preset mnist_anogan are trained
where they are missing, rows that are there are not made again, and each is written as soon as it is
known: a command that was stopped can be repeated. Of the test split as many pictures are scored as
--count says, from all over it, by the search; the other methods score all of them.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

from tests.benchmarks import csv_rows
from tfgan_pipeline.anomaly.curves import Curves
from tfgan_pipeline.anomaly.protocols import Protocol
from tfgan_pipeline.anomaly.scorer import AnomalyScorer
from tfgan_pipeline.anomaly.selection import scored
from tfgan_pipeline.data.dataset import Dataset

ROOT = pathlib.Path(__file__).parents[2]
PROTOCOLS = {'one_normal': 'chosen', 'one_anomalous': 'without'}
SEARCH = 'search'
# Methods of tfgan-anomaly; those of FORESTS are scikit-learn's, for comparison.
METHODS = {
  'encoder': 'encoder',
  'pca': 'pca',
  'neighbours': 'neighbours(extractor=random_projection)',
  SEARCH: 'search',
}
FORESTS = {'isolation_forest': 0, 'isolation_forest_pca': 32}  # Principal components; 0: pixels.
KEYS = ('protocol', 'digit', 'method', 'seed')
AREAS = ('auroc', 'average_precision')
COLUMNS = (
  *(*KEYS, 'steps', 'pictures', 'anomalous'),
  *(f'{area}{end}' for area in AREAS for end in ('', '_low', '_high')),
  *('seconds', 'note'),
)


def run_of(runs: str, protocol: str, digit: int, seed: int, data_dir: str, *more: str) -> str:
  """Returns the model_dir of a run, which is trained if it is not there or not finished."""
  kind = PROTOCOLS[protocol]
  model_dir = os.path.join(runs, f'{kind}{digit}-seed{seed}')
  if not os.path.exists(os.path.join(model_dir, 'TRAIN_DONE')):
    command = [
      *(sys.executable, '-m', 'tfgan_pipeline.bin.train'),
      f'--flagfile={ROOT}/flags/mnist_anogan.flags',
      f'--dataset={kind}("tfds(mnist, validation=0.1)", classes={digit})',
      *(f'--data_dir={data_dir}', f'--model_dir={model_dir}', f'--seed={seed}', *more),
    ]
    subprocess.run(command, cwd=ROOT, check=True)
  return model_dir


def scores_of_method(scorer: AnomalyScorer, count: int) -> tuple[np.ndarray, np.ndarray]:
  """Returns scores and truth of pictures of the test split, by a method of the package."""
  examples = scored(scorer.data, 'test', scorer.protocol, count)
  scores = [scores for scores, *_ in scorer.score(examples.batches(), len(examples.rows))]
  return np.concatenate(scores), np.isin(examples.labels, scorer.protocol.anomalous)


def scores_of_forest(
  data: Dataset, protocol: Protocol, components: int, seed: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
  """Returns scores and truth by an isolation forest on pixels, or on principal components."""
  from sklearn.decomposition import PCA
  from sklearn.ensemble import IsolationForest

  def rows_of(split: str, most: int, classes: Protocol) -> tuple[np.ndarray, np.ndarray]:
    examples = scored(data, split, classes, most)
    pictures = np.concatenate(list(examples.batches()))
    return pictures.reshape(len(pictures), -1) / np.float32(255), examples.labels

  known, _ = rows_of('train', 0, Protocol(protocol.name, protocol.normal))
  rows, labels = rows_of('test', count, protocol)
  if components:
    model = PCA(components, random_state=seed).fit(known)
    known, rows = model.transform(known), model.transform(rows)
  forest = IsolationForest(random_state=seed).fit(known)
  return -forest.score_samples(rows), np.isin(labels, protocol.anomalous)


def row(
  key: tuple[object, ...],
  step: int,
  seconds: float,
  scores: np.ndarray,
  truth: np.ndarray,
  note: str,
) -> dict[str, object]:
  """Returns a row of the CSV."""
  curves = Curves(scores, truth)
  areas: dict[str, object] = {}
  for name, (low, high) in curves.intervals().items():
    values = getattr(curves, name), low, high
    areas |= {f'{name}{end}': round(v, 4) for end, v in zip(('', '_low', '_high'), values)}
  counts = {'steps': step, 'pictures': len(scores), 'anomalous': int(truth.sum())}
  return {**dict(zip(KEYS, key)), **counts, **areas, 'seconds': round(seconds), 'note': note}


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--data_dir', required=True, help='folder with MNIST in TFDS form')
  parser.add_argument('--runs', required=True, help='folder of the runs')
  parser.add_argument('--protocols', default=','.join(PROTOCOLS))
  parser.add_argument('--digits', default='0,1,8,2,3,4,5,6,7,9')
  parser.add_argument('--seeds', default='0')
  parser.add_argument('--methods', default=','.join((*METHODS, *FORESTS)))
  parser.add_argument('--count', type=int, default=300, help='pictures for the search; 0: all')
  parser.add_argument('--note', default='', help='on the machine')
  parser.add_argument('--folder', type=pathlib.Path, default=csv_rows.DATA, help='of the CSV')
  parser.add_argument('--again', action='store_true', help='also make rows that are there')
  chosen = parser.parse_args()
  path = chosen.folder / 'anomaly.csv'
  cells = [
    (protocol, int(digit), int(seed))
    for seed in chosen.seeds.split(',')
    for protocol in chosen.protocols.split(',')
    for digit in chosen.digits.split(',')
  ]
  for cell in cells:
    there = {tuple(found[name] for name in KEYS) for found in csv_rows.read(path)}
    for method in chosen.methods.split(','):
      protocol, digit, seed = cell
      key = protocol, digit, method, seed
      if tuple(map(str, key)) in there and not chosen.again:
        continue
      model_dir = run_of(chosen.runs, protocol, digit, seed, chosen.data_dir)
      text = METHODS.get(method, METHODS['pca'])
      scorer = AnomalyScorer(model_dir, text, data_dir=chosen.data_dir, cache_dir=chosen.runs)
      begin = time.monotonic()
      if method in FORESTS:
        found = scores_of_forest(scorer.data, scorer.protocol, FORESTS[method], seed, 0)
      else:
        found = scores_of_method(scorer, chosen.count if method == SEARCH else 0)
      made = row(key, scorer.step, time.monotonic() - begin, *found, chosen.note)
      csv_rows.update(path, COLUMNS, [made], keys=len(KEYS))
      print(*(f'{name}={value}' for name, value in made.items()), sep=', ', flush=True)


if __name__ == '__main__':
  main()
