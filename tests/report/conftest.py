"""A tiny run that has been scored, sample by sample too."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import run_binary

SCORING = ('--extractor=random_projection', '--num_samples=64', '--bootstrap=10', '--per_sample')


@pytest.fixture(scope='session')
def scored(tiny_run, cache_dir, tmp_path_factory):
  """model_dir of a tiny run with scores of steps 0, 2 and 4. Copy it before changing anything."""
  run = shutil.copytree(tiny_run, tmp_path_factory.mktemp('scored') / 'run')
  metrics = '--metrics=fid, memorised, precision_recall'
  run_binary(
    'evaluate', f'--model_dir={run}', f'--cache_dir={cache_dir}', '--watch', *SCORING, metrics
  )
  return run
