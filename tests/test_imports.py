"""The direction of imports, read from the source, and what each binary loads, as it runs."""

import ast
import json
import pathlib
import resource
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
import tfgan_pipeline

PACKAGE = pathlib.Path(tfgan_pipeline.__file__).parent

# The floors of the house: what is on one imports from those below it, and from its own room.
FLOORS = (
  {'errors', 'compat'},
  {'registry'},
  {'config', 'metrics'},
  {'replicas', 'runs'},
  {'media', 'discriminator_augment', 'writers'},
  {'networks', 'losses', 'data'},
  {'models', 'extractors'},
  {'training', 'sampling', 'references'},
  {'evaluation', 'tpu'},
  {'estimator', 'report', 'verification'},
  {'sweep', 'anomaly'},
  {'bin'},
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def typing_only(source: ast.Module) -> set[ast.AST]:
  """Returns the nodes of a file that stand under `if TYPE_CHECKING` and never run."""
  return {
    child
    for node in ast.walk(source)
    if isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING'
    for child in ast.walk(node)
  }


def imports(path: pathlib.Path, *, types: bool = True) -> set[str]:
  """Returns dotted names of all that a file imports; without `types`, those that it loads."""
  found = set()
  source = ast.parse(path.read_text())
  left_out = set() if types else typing_only(source)
  for node in ast.walk(source):
    if node in left_out:
      continue
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      found |= {f'{node.module}.{alias.name}' for alias in node.names}
  return found


def test_imports_go_down():
  """Checks imports, those for types included but for registry/, which names types of all rooms."""
  for path in PACKAGE.rglob('*.py'):
    own = path.relative_to(PACKAGE).with_suffix('').parts[0]
    contracts = path == PACKAGE / 'registry' / '__init__.py'
    for module in imports(path, types=not contracts) if own != '__init__' else ():
      if module.startswith('tfgan_pipeline.'):
        room = module.split('.')[1]
        below = room in (own, '__version__') or FLOOR_OF[room] < FLOOR_OF[own]
        assert below, f'{path} imports {module}'


def test_the_root_is_no_room():
  assert {path.name for path in PACKAGE.glob('*.py')} == {
    '__init__.py',
    'compat.py',
    'errors.py',
  }


def test_no_modules_import_each_other_in_a_circle():
  """Checks modules of one room too, which floors do not; imports inside functions count."""
  names = {
    '.'.join(('tfgan_pipeline', *path.relative_to(PACKAGE).with_suffix('').parts)): path
    for path in PACKAGE.rglob('*.py')
    if path.name != '__init__.py'
  }
  edges = {}
  for name, path in names.items():
    found = imports(path)
    edges[name] = {
      other for other in names if other in found or any(f.startswith(other + '.') for f in found)
    }
  while free := [name for name, others in edges.items() if not others & edges.keys()]:
    for name in free:
      del edges[name]
  assert not edges, sorted(edges)


def test_metrics_need_only_numpy_and_the_standard_library():
  for path in (PACKAGE / 'metrics').rglob('*.py'):
    for module in imports(path):
      top = module.split('.')[0]
      assert top in ('numpy', 'tfgan_pipeline') or top in sys.stdlib_module_names, (path, module)


def test_tensorflow_comes_through_compat():
  for path in PACKAGE.rglob('*.py'):
    if path.name == 'compat.py':
      continue
    source = ast.parse(path.read_text())
    left_out = typing_only(source)
    for node in ast.walk(source):
      if node in left_out or not isinstance(node, (ast.Import, ast.ImportFrom)):
        continue
      names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
      for name in names:
        assert name.split('.')[0] not in ('tensorflow', 'tf_keras', 'keras', 'tensorflow_gan'), path


def loaded_by(name: str, *arguments: str) -> set[str]:
  """Returns the modules in memory after a binary has run, in a process of its own."""
  code = (
    'import atexit, json, runpy, sys\n'
    'atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n'
    f'sys.argv = {[name, *arguments]!r}\n'
    f'runpy.run_module("tfgan_pipeline.bin.{name}", run_name="__main__", alter_sys=True)\n'
  )
  process = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT)
  assert process.returncode == 0, process.stderr
  return set(json.loads(process.stderr.splitlines()[-1]))


def within(modules: set[str], *rooms: str) -> list[str]:
  """Filters module names by rooms of the package, whose __init__ files import nothing."""
  starts = tuple(f'tfgan_pipeline.{room}.' for room in rooms)
  return sorted(module for module in modules if module.startswith(starts))


@pytest.mark.parametrize('name', sorted(path.stem for path in (PACKAGE / 'bin').glob('[a-z]*.py')))
def test_what_there_is_is_listed_without_tensorflow(name):
  if name != 'command_line':
    assert not {'tensorflow', 'numpy'} & loaded_by(name, '--list')


def test_evaluation_loads_nothing_of_training(tiny_run, cache_dir, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  flags = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  modules = loaded_by('evaluate', f'--model_dir={run}', f'--cache_dir={cache_dir}', *flags)
  assert 'tfgan_pipeline.evaluation.evaluator' in modules
  assert not within(modules, 'training', 'losses', 'tpu')
  assert 'tfgan_pipeline.estimator' not in modules


def test_a_report_needs_no_tensorflow(tiny_run, tmp_path):
  modules = loaded_by('report', f'--model_dir={tiny_run}', f'--output={tmp_path}/page.html')
  assert 'tfgan_pipeline.report.page' in modules
  assert not {'tensorflow', 'keras', 'tf_keras', 'scipy', 'pandas'} & modules


@pytest.mark.parametrize('more', [(), ('--over_seeds',)])
def test_compare_needs_no_tensorflow(tmp_path, more):
  definition = {'extractor': {'name': 'x'}, 'num_generated': 10}
  for step, score in ((1, 3.0), (2, 4.0)):
    run = {'experiment': {'batch_size': step, 'networks': 'dcgan'}, 'dataset': {}}
    (tmp_path / f'{step}').mkdir()
    (tmp_path / f'{step}/experiment.json').write_text(json.dumps(run))
    record = {'step': step, 'definition_id': '0', 'definition': definition}
    scores = {
      'scores': {'fid[x]': score},
      'score_ids': {'fid[x]': '0'},
      'run': f'{tmp_path}/{step}',
    }
    (tmp_path / f'{step}.json').write_text(json.dumps({**record, **scores}))
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  modules = loaded_by('compare', *more, str(tmp_path / '1.json'), str(tmp_path / '2.json'))
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  assert 'tfgan_pipeline.evaluation.compare' in modules
  assert not {'tensorflow', 'scipy', 'pandas'} & modules
  # Of the processor: other work on this machine does not count.
  assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
