"""Fixtures of tests of runs."""

import shutil

import pytest


@pytest.fixture
def run(tiny_run, tmp_path):
  """A copy of the tiny run, to go on with."""
  return shutil.copytree(tiny_run, tmp_path / 'run')
