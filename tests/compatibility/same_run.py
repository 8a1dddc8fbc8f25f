"""Trains small runs with an older version and with the working tree, and compares every bit.

    python tests/compatibility/same_run.py COMMIT
    python tests/compatibility/same_run.py COMMIT --only='game gan' --only=stylegan2

For work that should change no number: every game, a network of each family, both orders of updates,
two replicas, accumulation, bfloat16, and all stabilisers. One line per case: tensors of all
checkpoints, values of train.jsonl and health.jsonl, pixels of all samples, and scores of one
evaluation. '(+3)' counts names that only one side has. Exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
from concurrent import futures
import pathlib
import sys
import tempfile

import versions

COMMON = (
  '--networks=dcgan(filters=4)',
  '--dataset=digits(size=16)',
  '--noise=normal(8)',
  '--batch_size=16',
  '--max_steps=4',
  '--save_every=2',
  '--log_every=1',
  '--sample_every=2',
  '--ema_decay=0.9',
)
SCORES = (
  '--extractor=random_projection',
  '--metrics=fid, kid(subsets=3, subset_size=50), precision_recall',
  '--num_samples=100',
)
COLUMNS = ('tensors', 'train.jsonl', 'health.jsonl', 'samples', 'scores')
_COLOUR = '--dataset=shapes(size=32, count=200)'
_SIDES = '(a="shapes(size=16, count=400, style=outline)", b="shapes(size=16, count=400, seed=1)")'
_PATCHES = 'patchgan(filters=4, layers=1, norm=instance)'
# What games between images, and of captions, need besides --model.
TRANSLATIONS: dict[str, tuple[str, ...]] = {
  'pix2pix': (
    f'--dataset=paired{_SIDES}',
    '--networks=unet(filters=4), patchgan(filters=4, layers=1)',
  ),
  'cyclegan': (
    *(f'--dataset=domains{_SIDES}', f'--networks=resnet_translator(filters=4), {_PATCHES}'),
    *('--loss=least_squares', '--replay_pool=20'),
  ),
  'cut': (f'--dataset=domains{_SIDES}', f'--networks=resnet_translator(filters=4), {_PATCHES}'),
  'stargan': ('--networks=stargan(filters=4, blocks=1, layers=3)', '--loss=wasserstein'),
  'super_resolution': (
    '--dataset=reduced("shapes(size=32, count=400)", factor=2)',
    f'--networks=msrresnet(filters=4, blocks=1), {_PATCHES}',
  ),
  'text_gan': (
    '--dataset=shapes(size=16, count=400, style=captions)',
    '--networks=text_dcgan(filters=4), text_encoder(size=8)',
  ),
}
CASES: dict[str, tuple[str, ...]] = {
  'mlp': ('--networks=mlp', '--augment=flip, shift(0.1)'),
  'points_mlp': ('--networks=points_mlp(units=8)', '--dataset=gaussian_grid'),
  'dcgan_textbook': ('--networks=dcgan_textbook', '--dataset=digits(size=28)', '--noise=normal(4)'),
  'sndcgan': ('--networks=sndcgan(filters=4)', '--loss=wasserstein_hinge'),
  'sngan': ('--networks=sngan(filters=4)', _COLOUR),
  'sagan': ('--networks=sagan(filters=4, attention=16)', _COLOUR, '--model=conditional_gan'),
  'biggan_deep': (
    '--networks=biggan_deep(filters=8, attention=16, embedding=8)',
    *(_COLOUR, '--model=conditional_gan', '--penalties=orthogonal'),
  ),
  'r3gan': (
    '--networks=r3gan(filters=16, blocks=1, group=8)',
    *('--loss=relativistic_pairing', '--penalties=r1, r2'),
  ),
  'stylegan2': (
    *('--networks=stylegan2(filters=8, latent=8, mapping=2)', '--dataset=digits(size=8)'),
    *('--penalties=r1(interval=2)', '--discriminator_augment=adaptive_augment'),
  ),
  'sequential': ('--update=sequential', '--discriminator_steps=2', '--generator_optimizer=rmsprop'),
  'two replicas': (
    '--virtual_devices=2',
    '--networks=dcgan(filters=4, discriminator_norm=spectral)',
  ),
  'accumulate 2': ('--accumulate=2',),
  'mixed_bfloat16': ('--precision=mixed_bfloat16',),
  'penalties': (
    '--loss=wasserstein',
    '--penalties=consistency, dragan, feature_matching, lecam, wasserstein_gradient, weight_decay',
  ),
  'augmentations, pool': (
    '--model=conditional_gan',
    '--discriminator_augment=diff_augment, fixed_augment, instance_noise',
    *('--replay_pool=20', '--discriminator_pretraining=1', '--clip_weights=0.1'),
  ),
}


def make_run(version: versions.Version, model_dir: pathlib.Path, flags: tuple[str, ...]) -> None:
  """Trains and scores one case."""
  version.run('train', *COMMON, *flags, f'--model_dir={model_dir}')
  cache = model_dir.parent / 'cache'
  version.run('evaluate', *SCORES, f'--model_dir={model_dir}', f'--cache_dir={cache}')


def compare(old: pathlib.Path, new: pathlib.Path) -> dict[str, versions.Comparison]:
  """Compares two runs, by column of the table."""
  return dict(
    zip(
      COLUMNS,
      (
        versions.compare_tensors(old, new),
        versions.compare_lines(old, new, 'train'),
        versions.compare_lines(old, new, 'health'),
        versions.compare_samples(old, new),
        versions.compare_scores(old, new),
      ),
    )
  )


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('commit', help='commit or tag of the older version')
  parser.add_argument('--only', action='append', help='a case, such as stylegan2; may be repeated')
  parser.add_argument('--keep', help='folder to keep the runs in')
  arguments = parser.parse_args()
  if not versions.has_commit(arguments.commit):
    parser.error(f'{arguments.commit}: git knows no such commit here')
  with tempfile.TemporaryDirectory() as temporary:
    return compare_all(arguments, pathlib.Path(arguments.keep or temporary).resolve())


def compare_all(arguments: argparse.Namespace, folder: pathlib.Path) -> int:
  """Prints the table; returns the exit code."""
  roots = {'old': versions.check_out(arguments.commit, folder / 'version'), 'new': versions.ROOT}
  for side in roots:
    (folder / side).mkdir(parents=True, exist_ok=True)
  with (
    versions.Version(roots['old'], folder / 'old/log') as old,
    versions.Version(roots['new'], folder / 'new/log') as new,
    futures.ThreadPoolExecutor(2) as both,
  ):
    games = {
      f'game {name}': (f'--model={name}', *TRANSLATIONS.get(name, ()))
      for name in old.components('model')
    }
    cases = {**games, **CASES}
    unknown = set(arguments.only or ()) - set(cases)
    if unknown:
      print(f'--only={", ".join(unknown)}: should be one of {", ".join(cases)}', file=sys.stderr)
      return 2
    differing = []
    print(_row('', COLUMNS), flush=True)
    for name in arguments.only or cases:
      runs = [folder / side / name.replace(' ', '_').replace(',', '') for side in roots]
      made = [
        both.submit(make_run, version, run, cases[name]) for version, run in zip((old, new), runs)
      ]
      futures.wait(made)
      errors = [f'{side}: {job.exception()}' for side, job in zip(roots, made) if job.exception()]
      if errors:
        print(f'{name:26} FAILED\n  ' + '\n  '.join(errors), flush=True)
        differing.append(name)
        continue
      found = compare(*runs)
      print(_row(name, map(str, found.values())))
      for column, comparison in found.items():
        for line in [*comparison.differing[:3], *comparison.one_sided[:3]]:
          print(f'  {column}: {line}')
      sys.stdout.flush()
      if not all(comparison.ok for comparison in found.values()):
        differing.append(name)
  print(f'different: {", ".join(differing)}' if differing else 'all the same, to the last bit')
  return int(bool(differing))


def _row(name: str, cells) -> str:
  return f'{name:26} ' + ' '.join(f'{cell:20}' for cell in cells).rstrip()


if __name__ == '__main__':
  sys.exit(main())
