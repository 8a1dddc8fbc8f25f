"""README's own code: its components from files of their own, and its Python."""

import functools
import os
import re
import shutil
import subprocess
import sys

import numpy as np

from tests import forked
from tests.conftest import ROOT, TINY

TEXT = (ROOT / 'README.md').read_text()
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)


def block(marker: str) -> str:
  (found,) = [code for code in BLOCKS if marker in code]
  return found


def run(cwd, *command: str) -> str:
  process = subprocess.run(
    [sys.executable, *command],
    cwd=cwd,
    env={**os.environ, 'PYTHONPATH': str(cwd)},
    capture_output=True,
    text=True,
  )
  assert process.returncode == 0, process.stdout + process.stderr
  return process.stdout


def import_from(folder: str) -> None:
  """Lets the package be imported again, from another folder."""
  sys.path.insert(0, folder)
  for name in [name for name in sys.modules if name.split('.')[0] == 'tfgan_pipeline']:
    del sys.modules[name]


def test_components_work_from_files_of_their_own(tmp_path):
  """Adds README's loss, and the architecture of docs/extending.md, to a copy of the package."""
  shutil.copytree(ROOT / 'tfgan_pipeline', tmp_path / 'tfgan_pipeline')
  loss = block('@registry.loss')
  *_, before = TEXT.partition(loss)[0].removesuffix('```python\n').strip().split('\n\n')
  assert 'any name in `tfgan_pipeline/losses/`' in before
  page = (ROOT / 'docs/extending.md').read_text()
  blocks = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
  (network,) = [code for code in blocks if '@registry.network' in code]
  head = 'import numpy as np\n\nfrom tfgan_pipeline import registry\n'
  for code, marker, folder in (
    (loss, '@registry.loss', 'losses'),
    (head + network, '@registry.network', 'networks'),
  ):
    body = code[code.index(marker) :].splitlines()
    assert len([line for line in body if line.strip()]) < 20
    (tmp_path / f'tfgan_pipeline/{folder}/some_name.py').write_text(code)
  module = 'tfgan_pipeline.bin.train'
  listed = run(tmp_path, '-m', module, '--list')
  assert 'mine(margin=1.0)' in listed and 'flat(units=16)' in listed
  for model in ('gan', 'conditional_gan'):
    flags = ('--loss=mine(margin=2)', '--networks=flat', f'--model={model}', '--max_steps=2')
    flags = (*TINY, *flags, f'--model_dir={tmp_path}/{model}')
    process = forked.run('train', flags, 120, functools.partial(import_from, str(tmp_path)))
    assert process.returncode == 0, process.stderr
    assert (tmp_path / model / 'TRAIN_DONE').exists()


def test_python(tmp_path, cache_dir):
  """Runs the Python of README with fewer steps and samples, and in other places."""
  training = block('train_and_evaluate')
  small = "max_steps=2, save_every=2, dataset='digits(size=16)'"
  for old, new in (
    ('max_steps=500', small),
    ("'/tmp/run'", repr(str(tmp_path / 'run'))),
    ('train_and_evaluate(estimator)', 'train_and_evaluate(estimator, options)'),
  ):
    assert old in training
    training = training.replace(old, new)
  options = (
    'from tfgan_pipeline.config.evaluation import EvaluationOptions\n'
    "options = EvaluationOptions(extractor='random_projection', metrics='fid', num_samples=64, "
    f'cache_dir={cache_dir!r})\n'
  )
  exported = block('tf.saved_model.load').replace("'/tmp/generator'", repr(str(tmp_path / 'out')))
  script = f"""{options}{training}
assert [record['step'] for record in records] == [0, 2] and pictures.shape == (16, 16, 16, 1)
estimator.export_saved_model({str(tmp_path / 'out')!r})
np.save({str(tmp_path / 'pictures.npy')!r}, pictures)
"""
  (tmp_path / 'script.py').write_text('import numpy as np\n' + script)
  process = forked.run(str(tmp_path / 'script.py'), (), timeout=120)
  assert process.returncode == 0, process.stderr
  save = f'\nimport numpy as np\nnp.save({str(tmp_path / "again.npy")!r}, pictures)'
  run(tmp_path, '-c', 'import tensorflow as tf\n' + exported + save)
  pictures, again = (np.load(tmp_path / name) for name in ('pictures.npy', 'again.npy'))
  assert np.abs(pictures.astype(int) - again).max() <= 1
