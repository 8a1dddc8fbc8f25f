"""Components in files, by every spelling of the decorator, and errors of those that are invalid."""

import pathlib
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tfgan_pipeline import registry
from tfgan_pipeline.errors import ComponentError
from tfgan_pipeline.registry import component_files

KINDS = {kind.kind: kind.folder for kind in registry.ALL}
FUNCTION = "def mine(*, margin: float = 1.0):\n  '''Some loss.'''\n"


@pytest.fixture
def find(tmp_path):
  """`find(code, name)`: the components of the folder of losses once this file is in it."""

  def find(code: str, name: str = 'some.py'):
    path = tmp_path / 'losses' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    return component_files.find_components(tmp_path, 'losses', KINDS)

  return find


@pytest.mark.parametrize(
  'imports, decorator',
  [
    ('from tfgan_pipeline import registry', 'registry.loss'),
    ('from tfgan_pipeline import registry as r', 'r.loss'),
    ('from tfgan_pipeline.registry import loss', 'loss'),
    ('from tfgan_pipeline.registry import loss as a_loss', 'a_loss'),
    ('from tfgan_pipeline.registry import *', 'loss'),
    ('import tfgan_pipeline.registry', 'tfgan_pipeline.registry.loss'),
    ('import tfgan_pipeline.registry as r', 'r.loss'),
    ('import tfgan_pipeline as p', 'p.registry.loss'),
    ('from .. import registry', 'registry.loss'),
    ('from ..registry import loss', 'loss'),
    ('from tfgan_pipeline import registry\nloss = registry.loss', 'loss'),
    ('from tfgan_pipeline import registry\nloss: object = registry.loss', 'loss'),
    ('from tfgan_pipeline import registry\nr = registry', 'r.loss'),
    ('from tfgan_pipeline import registry as r\nr2 = r\nloss = r2.loss', 'loss'),
    ('from tfgan_pipeline import registry\nif 1:\n  loss = registry.loss', 'loss'),
    ('try:\n  from tfgan_pipeline import registry\nexcept ImportError:\n  raise', 'registry.loss'),
    ('import functools\nfrom tfgan_pipeline.registry import loss', 'loss\n@functools.cache'),
  ],
)
def test_every_spelling_is_found(find, imports, decorator):
  found = find(f'{imports}\n\n@{decorator}\n{FUNCTION}')
  assert {kind: list(names) for kind, names in found.items() if names} == {'loss': ['mine']}
  assert found['loss']['mine'].signature == 'mine(margin=1.0)'


def test_sub_packages_are_searched_and_copies_of_editors_are_not(find):
  code = f'from ...registry import loss\n@loss\n{FUNCTION}'
  find(code, '.ipynb_checkpoints/some-checkpoint.py')
  find('from ..registry import penalty\n@penalty\ndef other(): ...', '__init__.py')
  found = find(code, 'deep/some.py')
  assert found['loss']['mine'].module == 'tfgan_pipeline.losses.deep.some'
  assert found['penalty']['other'].module == 'tfgan_pipeline.losses'


HEAD = 'from tfgan_pipeline import registry\n'


@pytest.mark.parametrize(
  'code, message',
  [
    (f'{HEAD}@registry.loss()\n{FUNCTION}', ':2: @registry.loss() is written without parentheses'),
    (
      f'{HEAD}@registry.los\n{FUNCTION}',
      ':2: @registry.los: no such registry; there are dataset, augmentation,',
    ),
    (
      f'{HEAD}@registry.loss\nasync {FUNCTION}',
      ':3: loss mine should be a function, made with def',
    ),
    (f'{HEAD}@registry.loss\nclass mine: ...', ':3: loss mine should be a function, made with def'),
    (
      f'{HEAD}@registry.metric\n{FUNCTION}',
      ':3: metric mine is searched in tfgan_pipeline/metrics',
    ),
    (f'{HEAD}if 1:\n  @registry.loss\n  def mine(): ...', ':4: loss mine should stand at the top'),
    (
      f'{HEAD}@registry.loss\n{FUNCTION}\n@registry.loss\n{FUNCTION}',
      ':7: loss mine: the name is taken, see {path}:3',
    ),
    (
      f'{HEAD}@registry.loss\ndef mine(*, names: list[str]): ...',
      ':3: loss mine: argument names is annotated list[str], which is not understood',
    ),
    (
      f'{HEAD}@registry.loss\ndef mine(*, x: float = math.pi): ...',
      ':3: loss mine: the default of argument x should be a number, string or tuple, not math.pi',
    ),
    ('x = (\n', ":1: '(' was never closed"),
    (f'{HEAD}@registry\n{FUNCTION}', ':2: @registry: no such registry; there are dataset,'),
    (f'{HEAD}@registry.loss.build\n{FUNCTION}', ':2: @registry.loss.build: no such registry;'),
    (
      f'{HEAD}class Losses:\n  @registry.loss\n  def mine(): ...',
      ':4: loss mine should stand at the top level of its file',
    ),
    (
      f'{HEAD}try:\n  @registry.loss\n  def mine(): ...\nfinally: pass',
      ':4: loss mine should stand at the top level of its file',
    ),
    (
      'try:\n  from tfgan_pipeline.registry import loss\nexcept ImportError:\n'
      f'  from x import loss\n@loss\n{FUNCTION}',
      ':4: loss is tfgan_pipeline.registry.loss and x.loss; one name should be one thing',
    ),
    (
      f'{HEAD}if 1:\n  own = registry.loss\nelse:\n  own = registry.penalty\n@own\n{FUNCTION}',
      ':5: own is tfgan_pipeline.registry.loss and tfgan_pipeline.registry.penalty; one name',
    ),
  ],
)
def test_what_can_be_no_component_is_told_of_in_one_line(find, tmp_path, code, message):
  with pytest.raises(ComponentError) as raised:
    find(code)
  path = f'{tmp_path}/losses/some.py'
  assert str(raised.value).startswith(path + message.replace('{path}', path))
  assert '\n' not in str(raised.value)


@pytest.mark.parametrize(
  'code, line, written',
  [
    ("@getattr(registry, 'loss')\ndef mine(): ...", 2, "getattr(registry, 'loss')"),
    ("own = getattr(registry, 'loss')\n@own\ndef mine(): ...", 2, "getattr(registry, 'loss')"),
    ("own = vars(registry)['loss']\n@own\ndef mine(): ...", 2, 'vars(registry)'),
    ("@registry.__dict__['loss']\ndef mine(): ...", 2, 'registry.__dict__'),
    ('def mine(): ...\nregistry.loss(mine)', 3, 'registry.loss(mine)'),
    ('def mine(): ...\nmine = registry.loss(mine)', 3, 'registry.loss(mine)'),
    ('mine = registry.loss(lambda: 1)', 2, 'registry.loss(lambda: 1)'),
    ('def own(f):\n  return registry.loss(f)\n@own\ndef mine(): ...', 3, 'registry.loss(f)'),
    ('own = registry.loss if 1 else 0\n@own\ndef mine(): ...', 2, 'registry.loss if 1 else 0'),
    ('own, = (registry.loss,)\n@own\ndef mine(): ...', 2, '(registry.loss,)'),
    ('for own in [registry.loss]:\n  @own\n  def mine(): ...', 2, '[registry.loss]'),
    ('if (own := registry.loss):\n  @own\n  def mine(): ...', 2, '(own := registry.loss)'),
    (
      'import functools\nown = functools.partial(registry.loss)',
      3,
      'functools.partial(registry.lo',
    ),
    ('class A:\n  own = [registry.loss]', 3, '[registry.loss]'),
  ],
)
def test_a_registry_that_reading_cannot_follow_is_told_of(find, tmp_path, code, line, written):
  with pytest.raises(ComponentError) as raised:
    find(HEAD + code)
  message = f'{tmp_path}/losses/some.py:{line}: a component is written with @registry. and its kind'
  assert str(raised.value).startswith(message) and f'not as in {written}' in str(raised.value)


def test_a_registry_may_be_asked_for_what_it_has(find):
  code = """
plain = registry.loss.build('modified')
def parts(kind=None):
  return [one.components() for one in (registry.loss, registry.penalty)], helper(registry.loss)
"""
  assert not find(HEAD + code)['loss']


def test_two_files_with_one_name_are_both_named(find, tmp_path):
  find(f'{HEAD}@registry.loss\n{FUNCTION}', 'first.py')
  with pytest.raises(ComponentError) as raised:
    find(f'{HEAD}\n\n@registry.loss\n{FUNCTION}', 'second.py')
  losses = tmp_path / 'losses'
  assert str(raised.value) == (
    f'{losses}/second.py:5: loss mine: the name is taken, see {losses}/first.py:3'
  )


def test_a_binary_says_it_in_one_line(tmp_path):
  (tmp_path / 'tfgan_pipeline').mkdir()
  for path in (ROOT / 'tfgan_pipeline').iterdir():
    (tmp_path / 'tfgan_pipeline' / path.name).symlink_to(path)
  losses = tmp_path / 'tfgan_pipeline/losses'
  losses.unlink()
  losses.mkdir()
  for path in (ROOT / 'tfgan_pipeline/losses').glob('*.py'):
    (losses / path.name).symlink_to(path)
  (losses / 'mine.py').write_text('def mine(:\n')
  for flag in ('--list', '--dry_run'):
    done = subprocess.run(
      [sys.executable, '-m', 'tfgan_pipeline.bin.train', flag, '--model_dir=x'],
      cwd=tmp_path,
      capture_output=True,
      text=True,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and line == f'{losses}/mine.py:1: invalid syntax'
    assert not pathlib.Path(tmp_path, 'x').exists()
