"""Fixtures of tests of runs."""

import pathlib
import shutil

import pytest

from tests.conftest import QUICK, run_binary


@pytest.fixture(scope='session')
def quick_run(tmp_path_factory) -> pathlib.Path:
  """model_dir of a finished run of QUICK. Copy it before changing anything in it."""
  model_dir = tmp_path_factory.mktemp('quick') / 'run'
  run_binary('train', *QUICK, f'--model_dir={model_dir}')
  return model_dir


@pytest.fixture
def run(quick_run, tmp_path):
  """A copy of the quick run, to go on with."""
  return shutil.copytree(quick_run, tmp_path / 'run')
