"""Runs begun by older versions, continued by the working tree.

    python tests/compatibility/resume_older.py             # all of COMMITS
    python tests/compatibility/resume_older.py v0.1.0

20 steps are trained by the older version and 20 more here, from the flagfile that the run recorded;
then 40 steps here. One line per thing compared; exit code 1 on a difference, or, of versions that
COMMITS says are only to be loaded, when the run cannot be continued.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
import pathlib
import sys
import tempfile

import versions

COMMITS = pathlib.Path(__file__).with_name('COMMITS')
KINDS = ('bitwise', 'loads')
COMMON = (
  '--dataset=digits(size=16)',
  '--noise=normal(8)',
  '--batch_size=16',
  '--save_every=10',
  '--log_every=1',
  '--sample_every=10',
  '--ema_decay=0.9',
)
# Between them they keep everything that a checkpoint can hold.
RUNS: dict[str, tuple[str, ...]] = {
  'dcgan': ('--networks=dcgan(filters=4)',),
  'augment': ('--networks=mlp(units=8)', '--augment=flip, shift(0.1)'),
  'memory': (
    '--networks=dcgan(filters=4)',
    *('--model=conditional_gan', '--update=sequential', '--replay_pool=20'),
    *('--penalties=lecam', '--discriminator_augment=adaptive_augment(kimg=1)'),
    '--generator_optimizer=sgd(0.01, momentum=0.9, schedule=cosine(steps=40))',
  ),
  'spectral': ('--networks=dcgan(filters=4, discriminator_norm=spectral)',),
  'vaegan': ('--networks=dcgan(filters=4)', '--model=vaegan'),
}
HALF, WHOLE = 20, 40


def recorded() -> dict[str, dict[str, str]]:
  """Reads COMMITS: commit -> name of a run -> one of KINDS."""
  commits = {}
  for line in COMMITS.read_text().splitlines():
    if words := line.split('#')[0].split():
      commit, kind, *others = words
      kinds = {**dict.fromkeys(RUNS, kind), **dict(other.split('=') for other in others)}
      right = set(kinds) == set(RUNS) and set(kinds.values()) <= set(KINDS)
      assert right, f'{COMMITS}: {line}: should say one of {KINDS}, of {tuple(RUNS)}'
      commits[commit] = kinds
  return commits


def resume(commit: str, kinds: Mapping[str, str], folder: pathlib.Path) -> bool:
  """Prints what is compared; returns whether all is as it should be."""
  here = versions.ROOT
  there = versions.check_out(commit, folder / 'version')
  with (
    versions.Version(there, folder / 'old.log') as old,
    versions.Version(here, folder / 'new.log') as new,
  ):
    fine = True
    for name, flags in RUNS.items():
      resumed, once = folder / f'{name}_resumed', folder / f'{name}_once'
      old.run('train', *COMMON, *flags, f'--max_steps={HALF}', f'--model_dir={resumed}')
      flagfile = f'--flagfile={resumed}/experiment.flags'
      try:
        text = new.run('train', flagfile, f'--max_steps={WHOLE}')
      except RuntimeError as error:
        print(f'{commit} {name}: NOT CONTINUED: {error}')
        fine = False
        continue
      began = f'from step {HALF} to {WHOLE}' in text
      print(f'{commit} {name}: {"continued" if began else "STARTED AFRESH"}', flush=True)
      fine &= began
      if kinds[name] == 'bitwise':
        new.run('train', *COMMON, *flags, f'--max_steps={WHOLE}', f'--model_dir={once}')
        for what, found in compare(once, resumed):
          print(f'{commit} {name}: {what}: {found}')
          for line in [*found.differing[:5], *found.one_sided[:5]]:
            print(f'  {line}')
          fine &= found.ok and not found.one_sided
        sys.stdout.flush()
  return fine


def compare(once: pathlib.Path, resumed: pathlib.Path) -> Iterator[tuple[str, versions.Comparison]]:
  """Compares what was written by the working tree in both runs, and the lines of both halves."""
  steps = range(HALF + 10, WHOLE + 1, 10)
  yield 'tensors', versions.compare_tensors(resumed, once, steps)
  for lines in ('train', 'health'):
    yield f'{lines}.jsonl', versions.compare_lines(resumed, once, lines)
  yield 'samples', versions.compare_samples(resumed, once)


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('commit', nargs='*', help='commit or tag; default: those in COMMITS')
  parser.add_argument('--kind', choices=KINDS, help='what is asked of it; default: as in COMMITS')
  arguments = parser.parse_args()
  fine = True
  for commit in arguments.commit or recorded():
    if not versions.has_commit(commit):
      parser.error(f'{commit}: git knows no such commit here')
    with tempfile.TemporaryDirectory() as folder:
      kinds = dict.fromkeys(RUNS, arguments.kind or 'bitwise')
      if not arguments.kind:
        kinds = recorded().get(commit, kinds)
      fine &= resume(commit, kinds, pathlib.Path(folder))
  return int(not fine)


if __name__ == '__main__':
  sys.exit(main())
