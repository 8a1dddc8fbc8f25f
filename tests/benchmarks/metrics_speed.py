"""Time and memory of the metrics against what they replace, each run in a process of its own.

    pip install prdc        # the other side of one comparison; without it only ours is measured
    python -m tests.benchmarks.metrics_speed [--only=frechet,prdc,memory] [--rounds=3] \\
      [--csv=docs/data/metrics_speed.csv]

frechet: the Frechet distance of given moments against scipy.linalg.sqrtm of their product.
prdc: our neighbours against the prdc package.
memory: the peak of one pass over 50,000 x 50,000 distances.

Rounds alternate between the sides, since the speed of a machine drifts; medians and their ratios
are printed, and with --csv the medians take the place of those that the file has of a comparison,
unless a side failed. Memory is the peak above what the input takes, as Linux counts it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

from tests.benchmarks import csv_rows

COLUMNS = ('comparison', 'side', 'samples', 'width', 'seconds', 'mib', 'rounds')

# Each prints its seconds and MiB above what there was before.
_MEASURED = """
import json, time
import numpy as np
n, width = {samples}, {width}
def draw(seed, dtype):
  random = np.random.default_rng(seed)
  scale = np.geomspace(1, 1e-2, width).astype(dtype)
  out = np.empty((n, width), dtype)
  for start in range(0, n, 1000):
    rows = out[start : start + 1000]
    rows[:] = random.standard_normal(rows.shape, dtype) * scale + 0.1 * seed * scale
  return out
def mib(field):
  with open('/proc/self/status') as file:
    return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))
{setup}
with open('/proc/self/clear_refs', 'w') as file:
  file.write('5')  # Forgets the peak so far.
before, start = mib('VmRSS'), time.perf_counter()
value = {call}
seconds = time.perf_counter() - start
print(json.dumps(dict(seconds=seconds, mib=mib('VmHWM') - before, value=value)))
"""

_MOMENTS = """
import scipy.linalg
from tfgan_pipeline.metrics.frechet.fid import frechet_distance
n = 2 * width
moments = [(x.mean(axis=0), np.cov(x.T)) for x in (draw(0, np.float64), draw(1, np.float64))]
(mean1, cov1), (mean2, cov2) = moments
def by_sqrtm():
  root = np.real(scipy.linalg.sqrtm(cov1 @ cov2))
  return float(np.sum((mean1 - mean2) ** 2) + np.trace(cov1 + cov2 - 2 * root))
"""

_OURS = """
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.precision_recall import prdc
reference, generated = Features(draw(0, np.float32)), Features(draw(1, np.float32))
"""

_THEIRS = """
import prdc
real, fake = draw(0, np.float32), draw(1, np.float32)
"""

_SIDES = {
  'frechet': {
    'frechet_distance': (_MOMENTS, 'frechet_distance(mean1, cov1, mean2, cov2)'),
    'scipy.linalg.sqrtm': (_MOMENTS, 'by_sqrtm()'),
  },
  'prdc': {
    'metrics.prdc': (_OURS, 'prdc(reference, generated)'),
    'prdc package': (
      _THEIRS,
      '{k: float(v) for k, v in prdc.compute_prdc(real, fake, nearest_k=5).items()}',
    ),
  },
  'memory': {'metrics.prdc': (_OURS, 'prdc(reference, generated)')},
}


def measure(setup: str, call: str, samples: int, width: int) -> dict:
  """Runs one side in a new process: its seconds, MiB and value, or why it did not run."""
  code = (
    _MEASURED.replace('{samples}', str(samples))
    .replace('{width}', str(width))
    .replace('{setup}', setup)
    .replace('{call}', call)
  )
  result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
  if result.returncode:
    return {'failed': result.stderr.strip().splitlines()[-1]}
  return json.loads(result.stdout.splitlines()[-1])


def rows(
  comparison: str, results: dict[str, list[dict]], *, samples: int, width: int
) -> list[dict[str, object]]:
  """Returns a row of medians for each side that did not fail.

  Args:
    comparison: Its name.
    results: What `measure` returned, by side.
    samples: Of the features; where moments are compared, twice the width.
    width: Features per sample.
  """
  return [
    {
      'comparison': comparison,
      'side': side,
      'samples': samples,
      'width': width,
      **{key: round(statistics.median(run[key] for run in runs), 3) for key in ('seconds', 'mib')},
      'rounds': len(runs),
    }
    for side, runs in results.items()
    if not any('failed' in run for run in runs)
  ]


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--only', default='frechet,prdc', help='which comparisons')
  parser.add_argument('--rounds', type=int, default=3, help='runs of each side')
  parser.add_argument('--samples', type=int, default=10_000, help='real, and as many generated')
  parser.add_argument('--width', type=int, default=2048, help='features per sample')
  parser.add_argument('--csv', help='a file for the medians')
  arguments = parser.parse_args()
  width = arguments.width
  for name in arguments.only.split(','):
    samples = {'frechet': 2 * width, 'memory': 50_000}.get(name, arguments.samples)
    results: dict[str, list[dict]] = {side: [] for side in _SIDES[name]}
    for _ in range(1 if name == 'memory' else arguments.rounds):
      for side, (setup, call) in _SIDES[name].items():
        results[side].append(measure(setup, call, samples, width))
        print(f'{name}: {side}: {results[side][-1]}', flush=True)
    medians = rows(name, results, samples=samples, width=width)
    if arguments.csv and len(medians) == len(results):
      csv_rows.update(arguments.csv, COLUMNS, medians)
    if len(medians) == 2:
      ours, theirs = medians
      print(
        f'{name}: {ours["seconds"]:.2f} s against {theirs["seconds"]:.2f} s, '
        f'{theirs["seconds"] / ours["seconds"]:.1f} times faster; '
        f'{ours["mib"]:.0f} MiB against {theirs["mib"]:.0f} MiB, '
        f'{ours["mib"] / theirs["mib"]:.0%}'
      )


if __name__ == '__main__':
  main()
