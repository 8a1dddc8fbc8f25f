"""Components of scripts and notebooks: names that are free, and errors at registration."""

from __future__ import annotations

import importlib
import sys

import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import ComponentError, UsageError

HEAD = 'from tfgan_pipeline import registry\n'
MINE = "@registry.loss\ndef mine(*, margin: float = 1.0):\n  return 'MARK', margin\n"


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch):
  """Forgets what a test registers."""
  for kind in registry.ALL:
    monkeypatch.setattr(kind, '_runtime', dict(kind._runtime))


def run(code: str, path: str, module: str = '__main__') -> None:
  """Runs code as the file at `path` is run, or a notebook's cell of that name."""
  exec(compile(HEAD + code, path, 'exec', dont_inherit=True), {'__name__': module})


def test_a_cell_that_runs_again_replaces_its_component():
  run(MINE, '<cell 1>')
  assert registry.loss.build('mine') == ('MARK', 1.0)
  run(MINE.replace('MARK', 'NEW'), '<cell 1>')
  assert registry.loss.build('mine(2)') == ('NEW', 2.0)
  run('\n\n' + MINE.replace('MARK', 'NEWER'), '<cell 2>')  # Jupyter numbers cells by runs.
  assert registry.loss.build('mine') == ('NEWER', 1.0)


def test_a_module_that_is_loaded_again_replaces_its_component(tmp_path, monkeypatch):
  monkeypatch.syspath_prepend(tmp_path)
  path = tmp_path / 'some_losses.py'
  path.write_text(HEAD + MINE)
  module = importlib.import_module('some_losses')
  path.write_text(HEAD + '# A line more.\n' + MINE.replace('MARK', 'NEW!'))
  importlib.invalidate_caches()
  importlib.reload(module)
  assert registry.loss.build('mine') == ('NEW!', 1.0)
  run(HEAD + MINE, str(path))  # The module is run as a script: another line, another module.
  sys.modules.pop('some_losses')


def test_a_name_of_the_package_is_taken():
  place = registry.loss.components()['wasserstein'].place
  assert place.partition(':')[0].endswith('tfgan_pipeline/losses/adversarial.py')
  with pytest.raises(ComponentError) as raised:
    run(MINE.replace('mine', 'wasserstein'), '/tmp/script.py')
  assert str(raised.value) == f'/tmp/script.py:2: loss wasserstein: the name is taken, see {place}'
  assert not registry.loss._runtime


def test_a_name_of_another_file_is_taken():
  run(MINE, '/tmp/one.py', 'one')
  with pytest.raises(ComponentError) as raised:
    run('\n' + MINE.replace('MARK', 'OTHER'), '/tmp/other.py', 'other')
  assert str(raised.value) == '/tmp/other.py:3: loss mine: the name is taken, see /tmp/one.py:2'
  assert registry.loss.build('mine') == ('MARK', 1.0)
  run(MINE.replace('loss', 'schedule'), '/tmp/other.py', 'other')  # Of another kind it is free.


@pytest.mark.parametrize(
  'code, line, message',
  [
    ('@registry.loss()\ndef mine(): ...', 2, '@registry.loss is written without parentheses'),
    ("@registry.loss('mine')\ndef mine(): ...", 2, '@registry.loss is written without parenth'),
    ('@registry.loss\nclass mine: ...', 2, 'loss mine: should be a function, made with def'),
    ('\nregistry.loss(lambda: 1)', 3, 'loss <lambda>: should be a function, made with def'),
    ('@registry.loss\nasync def mine(): ...', 2, 'loss mine: should be a function, made with def '),
    ('import functools\nregistry.loss(functools.partial(int))', 3, 'loss: should be a function, m'),
    (
      '@registry.loss\ndef mine(*, names: list[str]): ...',
      2,
      'loss mine: argument names is annotated list[str], which is not understood',
    ),
    (
      '@registry.loss\ndef mine(*, x: object = object): ...',
      2,
      "loss mine: the default of argument x should be a number, string or tuple, not <class 'obj",
    ),
  ],
)
def test_what_can_be_no_component_is_told_of_with_its_place(code, line, message):
  with pytest.raises(ComponentError) as raised:
    run(code, '/tmp/script.py')
  assert str(raised.value).startswith(f'/tmp/script.py:{line}: {message}')
  assert not registry.loss._runtime


def test_a_file_of_the_package_that_hides_its_decorator_is_told_of_when_imported():
  with pytest.raises(ComponentError) as raised:
    run(MINE, '/tmp/mine.py', 'tfgan_pipeline.losses.mine')
  message = 'is not found by reading the file; write @registry.loss above its def'
  assert str(raised.value) == f'/tmp/mine.py:2: loss mine: {message}'
  with pytest.raises(UsageError, match="unknown loss 'mine'"):
    registry.loss.parse('mine')
