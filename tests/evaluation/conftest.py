"""Networks on disk that extractors are tested with, and a run that tests may change."""

import shutil

import pytest

from tests.extractors.conftest import files, text_of  # noqa: F401


@pytest.fixture
def run(tiny_run, tmp_path):
  """model_dir of a finished run with the checkpoints 0, 2 and 4."""
  return shutil.copytree(tiny_run, tmp_path / 'run')
