"""The direction of imports, read from the source."""

import ast
import pathlib
import sys

import tfgan_pipeline

PACKAGE = pathlib.Path(tfgan_pipeline.__file__).parent

# Each part may import the parts named after it.
BASE = {
  'errors',
  'components',
  'registry',
  'compat',
  'settings',
  'experiment',
  'randomness',
  'mirrored',
  'images',
  'interpolation',
  'points',
  'whole_files',
  'file_lock',
  'annotations',
  'component_files',
}
RUN = {'run_directory', 'checkpoints', 'runtime', 'stopping'}
ALLOWED = {
  'errors': set(),
  'annotations': set(),
  'components': {'annotations', 'errors'},
  'component_files': {'components', 'errors'},
  'registry': {'component_files', 'components', 'errors'},
  'settings': {'errors', 'registry'},
  'experiment': {'errors', 'registry', 'settings'},
  'compat': set(),
  'randomness': {'compat', 'errors'},
  'whole_files': {'compat', 'errors'},
  'images': {'compat', 'points', 'whole_files'},
  'interpolation': set(),
  'points': set(),
  'mirrored': {'compat'},
  'run_directory': {'compat', 'data', 'errors', 'experiment', 'whole_files'},
  'checkpoints': {'compat', 'errors', 'whole_files'},
  'runtime': {'compat', 'errors', 'experiment', 'stopping'},
  'stopping': set(),
  'file_lock': set(),
  'metrics': {'errors', 'registry', 'components', 'interpolation'},
  'data': BASE - {'images'},
  'networks': BASE,
  'losses': BASE,
  'models': BASE | {'networks'},
  'generation': BASE | RUN | {'models', 'networks'},
  'ensemble': BASE | RUN | {'generation'},
  'sample_files': BASE | {'data', 'ensemble'},
  'training': BASE | RUN | {'models', 'losses', 'networks', 'data'},
  'evaluation': BASE | RUN | {'metrics', 'data', 'generation'},
  'tpu': BASE | RUN | {'data', 'training'},
  'description': BASE | {'data', 'training'},
  'estimator': BASE
  | RUN
  | {'description', 'models', 'data', 'generation', 'training', 'evaluation'},
  'many_runs': BASE | RUN | {'estimator', 'evaluation'},
  'bin': BASE
  | RUN
  | {
    'data',
    'ensemble',
    'estimator',
    'evaluation',
    'generation',
    'many_runs',
    'sample_files',
    'tpu',
    'training',
  },
}


def imports(path: pathlib.Path) -> set[str]:
  """Dotted names of everything a file imports, wherever in it."""
  found = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      found |= {f'{node.module}.{alias.name}' for alias in node.names}
  return found


def part(module: str) -> str:
  return module.split('.')[1]


def test_imports_point_one_way():
  for path in PACKAGE.rglob('*.py'):
    own = path.relative_to(PACKAGE).with_suffix('').parts[0]
    if own == '__init__':
      continue
    for module in imports(path):
      if module.startswith('tfgan_pipeline.') and part(module) not in (own, '__version__'):
        assert part(module) in ALLOWED[own], f'{path} imports {module}'


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
    typing_only = {
      id(child)
      for node in ast.walk(source)
      if isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING'
      for child in ast.walk(node)
    }
    for node in ast.walk(source):
      if id(node) in typing_only or not isinstance(node, (ast.Import, ast.ImportFrom)):
        continue
      names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
      for name in names:
        assert name.split('.')[0] not in ('tensorflow', 'tf_keras', 'keras', 'tensorflow_gan'), path
