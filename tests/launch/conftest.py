"""Leaves the tests of launch/ out by default while launch/ is unchanged; see unchanged.py."""

import pathlib

import pytest

from tests.launch.unchanged import is_unchanged

HERE = pathlib.Path(__file__).parent
# These read all of README, docs/ and flags/, and are quick.
ALWAYS = ('test_shown_commands.py', 'test_lint.py', 'test_run.py')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
  asked_for = any('launch' in argument for argument in config.args)
  if asked_for or not is_unchanged():
    return
  for item in items:
    if item.path.parent == HERE and item.path.name not in ALWAYS:
      item.add_marker(pytest.mark.heavy)
