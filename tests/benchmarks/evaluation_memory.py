"""Peak memory of an evaluation in all: TensorFlow, the features of both sets, and the metrics.

    python -m tests.benchmarks.evaluation_memory [--samples=50000] [--width=2048] \\
      [--metrics="fid, mind"]

Images are drawn as they are needed, real ones twice as contrasty, and features are random
projections of their pixels: a network takes memory besides. The first run extracts the features of
the reference, the second reads them from the cache. The peak is that of the whole process as Linux
counts it, shared libraries and mapped files included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time

import numpy as np

SIDE = 48  # 2,304 pixels: more than features, so that their covariance has full rank.
BATCH = 1000


def images(seed: int, count: int, reach: int):
  """Yields batches of random images uint8 [n, SIDE, SIDE, 1]."""
  for first in range(0, count, BATCH):
    random = np.random.default_rng([seed, first])
    shape = min(BATCH, count - first), SIDE, SIDE, 1
    yield random.integers(128 - reach, 128 + reach, shape, np.uint8)


def measure(arguments: argparse.Namespace, cache_dir: str) -> dict[str, float]:
  """Scores `samples` images in this process; returns scores, seconds and the peak in MiB."""
  from tfgan_pipeline.config.evaluation import EvaluationOptions
  from tfgan_pipeline.data.dataset import Dataset
  from tfgan_pipeline.data.split import Split
  from tfgan_pipeline.evaluation.scorer import Scorer

  class Drawn(Split):
    """Real images."""

    size, image_shape = arguments.samples, (SIDE, SIDE, 1)
    references = load = None

    def ordered(self, batch_size):
      del batch_size  # A reader gets whatever batches there are.
      for batch in images(0, self.size, 100):
        yield {'image': batch, 'label': np.zeros(len(batch), np.int32)}

    def add_content(self, digest):
      digest.update(b'drawn')

  dataset = Dataset.of_images('drawn', (SIDE, SIDE, 1), (), {'train': Drawn()})
  options = EvaluationOptions(
    extractor=f'random_projection(width={arguments.width})',
    metrics=arguments.metrics,
    num_samples=arguments.samples,
    cache_dir=cache_dir,
  )
  start = time.perf_counter()
  scores = Scorer(dataset, 'drawn', options).score(images(1, arguments.samples, 50))
  with open('/proc/self/status') as file:
    peak = next(int(line.split()[1]) / 1024 for line in file if line.startswith('VmHWM'))
  return {**scores, 'seconds': round(time.perf_counter() - start, 1), 'peak_mib': round(peak)}


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--samples', type=int, default=50_000, help='real, and as many generated')
  parser.add_argument('--width', type=int, default=2048, help='features per sample')
  parser.add_argument('--metrics', default='fid, mind')
  parser.add_argument('--cache_dir', help='measure in this process, with this cache')
  arguments = parser.parse_args()
  if arguments.cache_dir:
    print(json.dumps(measure(arguments, arguments.cache_dir)), flush=True)
    return
  with tempfile.TemporaryDirectory() as cache_dir:
    for name in 'extracted', 'cached':
      command = [sys.executable, '-m', __spec__.name, *sys.argv[1:], f'--cache_dir={cache_dir}']
      print(name, subprocess.run(command, check=True, stdout=-1, text=True).stdout.strip())


if __name__ == '__main__':
  main()
