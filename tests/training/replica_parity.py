"""Comparison of a run on one device, on two and four replicas, and on two worker processes.

    python -m tests.training.replica_parity docs/data/replica_parity.csv [CASE...]

writes a row of the largest differences for each case, or for those named.

Every model, loss and penalty of the registry, 20 steps with SGD, and all of it at once: batch norm,
two discriminator steps, accumulation in two parts, moving average. Plain gradient descent is used
because Adam would hide a wrong scale of the gradients; its rate is low because these games amplify
rounding errors, at ten times the rate by a factor of 10,000 within the 20 steps.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile

import numpy as np

from tests.benchmarks import csv_rows
from tests.conftest import checkpoint, start_binary, start_workers
from tests.models.kinds import IMAGE_GAMES
from tfgan_pipeline import registry

STEPS = 20
COMMON = (
  '--networks=dcgan(filters=4)',
  '--dataset=digits(size=16)',
  '--noise=normal(8)',
  '--batch_size=16',
  '--discriminator_steps=2',
  '--accumulate=2',
  '--ema_decay=0.9',
  '--generator_optimizer=sgd(0.005)',
  '--discriminator_optimizer=sgd(0.005)',
  f'--max_steps={STEPS}',
  f'--save_every={STEPS}',
  f'--sample_every={STEPS}',
  '--log_every=1',
)
ALONE = ('vae', 'autoencoder', 'denoising_autoencoder')  # Nobody plays against the generator.
WITHOUT_DISCRIMINATOR = (
  '--discriminator_steps=1',
  '--discriminator_optimizer=adam(2e-4, beta_1=0.5)',
)
PLACES = ('2 replicas', '4 replicas', '2 workers')
COLUMNS = ('case', *(f'{place}: {what}' for place in PLACES for what in ('weights', 'losses')))


def cases() -> dict[str, tuple[str, ...]]:
  """Returns flags by name: every model, loss and penalty, and the sequential order of updates."""
  wasserstein = ('--loss=wasserstein',)
  return {
    **{
      f'model {name}': (f'--model={name}', *(WITHOUT_DISCRIMINATOR if name in ALONE else ()))
      for name in IMAGE_GAMES
    },
    **{f'loss {name}': (f'--loss={name}',) for name in registry.loss.components()},
    **{
      f'penalty {name}': (*wasserstein, f'--penalties={name}')
      for name in registry.penalty.components()
    },
    **{
      f'augmentation {name}': (f'--discriminator_augment={name}',)
      for name in registry.discriminator_augmentation.components()
    },
    'replay pool': ('--model=conditional_gan', '--replay_pool=20', '--accumulate=1'),
    'sequential update, clipping': (*wasserstein, '--update=sequential', '--clip_weights=0.05'),
    'spectral norm': ('--networks=dcgan(filters=4, discriminator_norm=spectral)',),
    'dropout, augmentation': ('--networks=mlp', '--augment=flip, shift(0.1)'),
  }


def train(model_dir: pathlib.Path, place: str, flags: tuple[str, ...]) -> None:
  """Trains a run to its end on '1 replica', '2 replicas', '4 replicas' or '2 workers'."""
  count, kind = place.split()
  arguments = (*COMMON, *flags, f'--model_dir={model_dir}')
  if kind == 'workers':
    processes = start_workers(int(count), *arguments)
  else:
    virtual_devices = 0 if count == '1' else count
    processes = [start_binary('train', *arguments, f'--virtual_devices={virtual_devices}')]
  for process in processes:
    _, stderr = process.communicate(timeout=900)
    assert process.returncode == 0, stderr


def difference(one: pathlib.Path, other: pathlib.Path) -> dict[str, float]:
  """Returns the largest |a - b| / (1 + |a|) of all weights, with averages, and of all losses."""
  here, there = checkpoint(one, STEPS), checkpoint(other, STEPS)
  assert here.keys() == there.keys()
  curves = [
    np.array([[line[tag] for tag in sorted(line) if 'loss/' in tag] for line in _lines(run)[1:]])
    for run in (one, other)  # The first line is of step 0, and has none.
  ]
  assert len(curves[0]) == STEPS
  return {
    'weights': max(_relative(value, there[name]) for name, value in here.items()),
    'losses': _relative(*curves),
  }


def compare(name: str, folder: pathlib.Path) -> dict[str, dict[str, float]]:
  """Returns the differences of one of the `cases` from its run on one replica, by place."""
  flags = cases()[name]
  train(folder / 'one', '1 replica', flags)
  found = {}
  for place in PLACES:
    train(folder / place.replace(' ', ''), place, flags)
    found[place] = difference(folder / 'one', folder / place.replace(' ', ''))
  return found


def row(name: str, found: dict[str, dict[str, float]]) -> dict[str, str]:
  """Returns a row of the CSV, from what `compare` found."""
  cells = {
    f'{place}: {what}': f'{value:.1e}'
    for place, differences in found.items()
    for what, value in differences.items()
  }
  return {'case': name, **cells}


def main(path: str, *names: str) -> None:
  for name in names or cases():
    with tempfile.TemporaryDirectory() as folder:
      found = row(name, compare(name, pathlib.Path(folder)))
    csv_rows.update(path, COLUMNS, [found])
    print(*found.values(), sep=', ', flush=True)


def _lines(run: pathlib.Path) -> list[dict]:
  return [json.loads(line) for line in (run / 'train/train.jsonl').read_text().splitlines()]


def _relative(one: np.ndarray, other: np.ndarray) -> float:
  one = np.asarray(one, np.float64)
  return float(np.max(np.abs(one - other) / (1 + np.abs(one)), initial=0.0))


if __name__ == '__main__':
  main(*sys.argv[1:])
