"""Advice in messages: flags that exist, commands that are installed, packages that there are."""

import ast
import configparser
import functools
import re
import shlex

import pytest

from tests.conftest import ROOT, run_binary
from tests.test_imports import PACKAGE
from tfgan_pipeline import registry
from tfgan_pipeline.data.tfds.prepared_folder import prepared_folder
from tfgan_pipeline.errors import UsageError

CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / 'setup.cfg')
SCRIPTS = dict(
  line.split(' = ') for line in CONFIG['options.entry_points']['console_scripts'].split('\n')[1:]
)
# Of absl, and placeholders.
FOREIGN = {'name', 'flagfile', 'help', 'helpfull', 'tf_xla_flags'}
# Which name flags of git, of pip, and of Slurm and a shell's tools.
OF_OTHERS = ('config/source_code.py', 'bin/examinations.py', 'sweep/command_files.py')


def texts(node: ast.AST):
  """Yields the strings of a file that are no docstrings, each f-string with {} for its values."""
  for child in ast.iter_child_nodes(node):
    if isinstance(child, ast.JoinedStr):
      parts = [part.value if isinstance(part, ast.Constant) else '{}' for part in child.values]
      yield ''.join(map(str, parts))
    elif isinstance(child, ast.Constant) and isinstance(child.value, str):
      yield child.value
    elif not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
      yield from texts(child)


@functools.cache
def messages() -> dict[str, str]:
  """All such strings of the package by file, joined."""
  return {
    str(path.relative_to(PACKAGE)): '\n'.join(texts(ast.parse(path.read_text())))
    for path in sorted(PACKAGE.rglob('*.py'))
  }


@functools.cache
def all_flags() -> set[str]:
  names = [re.search(r'(\w+):run', place)[1] for place in SCRIPTS.values()]
  helps = [run_binary(name, '--helpfull').stdout for name in names]
  return set(re.findall(r'^  --(\w+)$', '\n'.join(helps), re.MULTILINE))


def test_flags_in_messages_exist():
  seen = 0
  for file, text in messages().items():
    for name in re.findall(r'(?<![\w-])--([a-z]\w*)', text) if file not in OF_OTHERS else ():
      seen += 1
      assert {name, name.removeprefix('no')} & (all_flags() | FOREIGN), f'{file}: --{name}'
  assert seen > 200


def test_binaries_in_messages_exist():
  seen = 0
  for file, text in messages().items():
    for name in re.findall(r'\btfgan-[a-z-]+\b', text):
      seen += 1
      assert name in SCRIPTS or name == 'tfgan-pipeline', f'{file}: {name}'
  assert seen > 5


def test_packages_that_messages_tell_to_install_are_required_or_extras():
  required = CONFIG['options']['install_requires'] + ''.join(
    CONFIG['options.extras_require'].values()
  )
  known = set(re.findall(r'^([\w-]+)', required, re.MULTILINE))
  extras = set(CONFIG['options.extras_require'])
  seen = 0
  for file, text in messages().items():
    for words in re.findall(r'pip install ([^,;`\n]+)', text):
      for word in shlex.split(words):
        seen += word != '{}'
        extra = word.removeprefix('tfgan-pipeline[').removesuffix(']')
        assert extra == '{}' or extra in known | extras, f'{file}: pip install {word}'
  assert seen >= 2


def test_components_in_messages_exist():
  """Checks what messages give as a value of a flag, as in --metrics=fid."""
  kinds = {'dataset': 'dataset', 'model': 'model', 'extractor': 'extractor', 'metrics': 'metric'}
  for file, text in messages().items():
    for flag, value in re.findall(r'--(\w+)=([a-z_]\w*)(?![\w{])', text):
      if flag in kinds:
        assert value in getattr(registry, kinds[flag]).components(), f'{file}: --{flag}={value}'


def test_the_command_that_prepares_data_runs(tmp_path, monkeypatch):
  import tensorflow_datasets as tfds

  with pytest.raises(UsageError) as refusal:
    prepared_folder(str(tmp_path), 'mnist')
  python, flag, code = shlex.split(re.search(r'python -c .*', str(refusal.value))[0])
  prepared = []
  monkeypatch.setattr(
    tfds.core.DatasetBuilder, 'download_and_prepare', lambda self: prepared.append(self.data_dir)
  )
  assert (python, flag) == ('python', '-c')
  exec(code, {})
  assert prepared and prepared[0].startswith(f'{tmp_path}/mnist/')
