"""Counts what a run in a bucket asks of the storage in 1,000 steps, and for one score.

python -m tests.benchmarks.bucket_operations

TensorFlow's file system in memory stands for the bucket, and counts every call of tf.io.gfile, by
which the package reaches gs://. What TensorFlow's own code writes of a checkpoint is not counted. A
version in another folder is measured by PYTHONPATH=FOLDER and the path of this file.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import tempfile
from typing import Any
import uuid

from tabulate import tabulate

from tfgan_pipeline import Experiment, GANEstimator
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions

# Requests that a call means to an object store. A rename is a copy and a removal; whatever is
# appended to is fetched and written anew.
REQUESTS = {
  'exists': 1,
  'stat': 1,
  'isdir': 1,
  'listdir': 1,
  'glob': 1,
  'makedirs': 1,
  'remove': 1,
  'rmtree': 2,
  'rename': 2,
  'read': 1,
  'write': 1,
  'append': 2,
}


class Counter:
  """Calls of tf.io.gfile for a bucket, by kind, and the bytes that they write."""

  def __init__(self) -> None:
    self.calls: collections.Counter[str] = collections.Counter()
    self.bytes = 0
    self.removed = ''  # By the call before.

  @property
  def requests(self) -> int:
    return sum(REQUESTS[kind] * count for kind, count in self.calls.items())

  @contextlib.contextmanager
  def counting(self):
    """Counts inside the block."""
    gfile, counter = tf.io.gfile, self
    real = {name: getattr(gfile, name) for name in (*REQUESTS, 'GFile') if hasattr(gfile, name)}

    class Counted(real['GFile']):
      def __init__(self, path: str, mode: str = 'r'):
        super().__init__(path, mode)
        self._path, self._kind = path, {'r': 'read', 'w': 'write', 'a': 'append'}[mode[0]]
        if self._is_counted():
          counter.calls[self._kind] += 1
        if self._kind == 'write' and path == counter.removed:  # See files.write_bytes.
          counter.calls['remove'] -= 1

      def _is_counted(self) -> bool:
        return self._path.startswith('ram://')

      def close(self) -> None:
        super().close()
        if self._is_counted() and self._kind != 'read':
          counter.bytes += real['stat'](self._path).length
        self._path = ''

      def __exit__(self, *_: object) -> None:
        self.close()

    def counted(name: str):
      def call(path: str, *arguments: Any, **more: Any) -> Any:
        self.calls[name] += path.startswith('ram://')
        self.removed = path if name == 'remove' else ''
        return real[name](path, *arguments, **more)

      return call

    for name in real:
      setattr(gfile, name, Counted if name == 'GFile' else counted(name))
    try:
      yield self
    finally:
      for name, function in real.items():
        setattr(gfile, name, function)


def of_training(steps: int, **values: Any) -> tuple[Counter, GANEstimator]:
  """Counts the calls of a training of so many steps at the default cadence."""
  experiment = Experiment(
    **{'networks': 'mlp(units=8)', 'dataset': 'digits(size=16)', **values},
    max_steps=steps,
    model_dir=f'ram://{uuid.uuid4().hex}/run',
  )
  estimator = GANEstimator(experiment)
  with Counter().counting() as counter:
    estimator.train()
  return counter, estimator


def of_score(estimator: GANEstimator) -> Counter:
  """Counts the calls for the second score of a run."""
  with tempfile.TemporaryDirectory() as cache:
    options = EvaluationOptions(
      extractor='random_projection', metrics='fid', num_samples=100, cache_dir=cache
    )
    evaluator = estimator.evaluator(options)
    first, second, *_ = evaluator.steps()
    evaluator.evaluate(first)
    with Counter().counting() as counter:
      evaluator.evaluate(second)
  return counter


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--steps', type=int, default=1000, help='that are counted')
  steps = parser.parse_args().steps
  short, _ = of_training(steps)
  long, estimator = of_training(2 * steps)
  score = of_score(estimator)
  rows = [
    [kind, long.calls[kind] - short.calls[kind], score.calls[kind]]
    for kind in REQUESTS
    if long.calls[kind] - short.calls[kind] or score.calls[kind]
  ]
  rows.append(['requests', long.requests - short.requests, score.requests])
  rows.append(['kB written', (long.bytes - short.bytes) // 1000, score.bytes // 1000])
  print(tabulate(rows, ['calls', f'{steps} steps', 'a score'], intfmt=','))


if __name__ == '__main__':
  main()
