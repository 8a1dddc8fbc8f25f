"""docs/notebook.ipynb, run in a kernel, and what an interrupt leaves of such a kernel."""

import importlib.util
import os
import pathlib
import queue
import subprocess
import sys
import time
import types

import jupyter_client
import nbclient
import nbformat
import pytest

from tests.conftest import ROOT

PAGE = ROOT / 'docs/notebook.ipynb'
TRAINING = """
from tfgan_pipeline import Experiment, GANEstimator
estimator = GANEstimator(Experiment(
  model_dir='long', dataset='digits(size=16)', networks='mlp(units=4)', max_steps=1_000_000,
  save_every=500_000, sample_every=500_000, log_every=5))
estimator.train()
"""


@pytest.fixture
def in_checkout(monkeypatch):
  """Lets kernels import the package from this checkout, and reads no settings of the user."""
  path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH', '')]))
  monkeypatch.setenv('PYTHONPATH', path)
  monkeypatch.setenv('TF_CPP_MIN_LOG_LEVEL', '3')


def text_of(cell) -> str:
  """Returns what a cell shows as text."""
  return ''.join(
    output.get('text', '') or output.get('data', {}).get('text/plain', '')
    for output in cell.outputs
  )


def test_every_cell_runs_and_shows(in_checkout, tmp_path):
  notebook = nbformat.read(PAGE, as_version=4)
  assert not any(cell.get('outputs') for cell in notebook.cells)
  client = nbclient.NotebookClient(
    notebook, timeout=300, resources={'metadata': {'path': str(tmp_path)}}
  )
  client.execute()
  cells = [cell for cell in notebook.cells if cell.cell_type == 'code']
  (prepared, shown, trained, further), rest = map(text_of, cells[:4]), cells[4:]
  assert not prepared
  assert shown.startswith('<GANEstimator ') and 'no checkpoint yet of 100' in shown
  assert '100/100' in trained and 'generator=' in trained and trained.endswith('100')
  assert '120/120' in further and further.endswith('120')
  pictures = [cell for cell in rest if any('image/png' in o.get('data', {}) for o in cell.outputs)]
  assert len(pictures) == 2
  everything = ' '.join(' '.join(map(text_of, rest)).split())  # However lines are broken.
  assert '((12, 16, 16, 1), (16, 9, 16, 16, 1), (10, 10, 16, 16, 1))' in everything
  assert "labels: no class 'cat'; there are classes 0 to 9" in everything
  assert 'TensorShape([4, 16, 16, 1]), 120' in everything
  assert '--' not in everything


def test_its_first_cell_prepares_colab(tmp_path, monkeypatch):
  """Runs the cell where the package is missing and Colab's module is there."""
  first = next(cell for cell in nbformat.read(PAGE, 4).cells if cell.cell_type == 'code').source
  mounted, installed = [], []
  drive = types.SimpleNamespace(mount=mounted.append)
  monkeypatch.setitem(sys.modules, 'google.colab', types.SimpleNamespace(drive=drive))
  monkeypatch.setattr(importlib.util, 'find_spec', lambda name: 'google' in name or None)
  monkeypatch.setattr(subprocess, 'run', lambda command, check: installed.append(command))
  names = {}
  exec(first.replace('/content/drive/MyDrive', str(tmp_path)), names)
  assert mounted == ['/content/drive']
  assert installed == [[sys.executable, '-m', 'pip', 'install', '-q', 'tfgan-pipeline']]
  assert names['RUNS'] == f'{tmp_path}/tfgan_runs' and pathlib.Path(names['RUNS']).is_dir()


@pytest.fixture
def kernel(in_checkout, tmp_path):
  manager, client = jupyter_client.manager.start_new_kernel(cwd=str(tmp_path))
  yield manager, client
  client.stop_channels()
  manager.shutdown_kernel(now=True)


def outputs_until_idle(client, on_output=lambda text: None) -> str:
  """Returns what a cell writes, and its error, once it is done."""
  found = ''
  end = time.monotonic() + 120
  while time.monotonic() < end:
    try:
      message = client.get_iopub_msg(timeout=1)
    except queue.Empty:
      continue
    content = message['content']
    found += content.get('text', '') + str(content.get('data', {}).get('text/plain', ''))
    if message['msg_type'] == 'error':
      found += f'{content["ename"]}: {content["evalue"]}'
    if content.get('execution_state') == 'idle' and message['parent_header'].get('msg_type') == (
      'execute_request'
    ):
      return found
    on_output(found)
  raise AssertionError(f'still busy: {found}')


@pytest.mark.parametrize('times', [1, pytest.param(2, marks=pytest.mark.heavy)])
def test_an_interrupt_saves_and_leaves_the_kernel_alive(kernel, tmp_path, times):
  manager, client = kernel
  sent = []

  def interrupt(text: str) -> None:
    if 'generator=' in text and not sent:
      for _ in range(times):
        sent.append(manager.interrupt_kernel())

  client.execute(TRAINING)
  ended = outputs_until_idle(client, interrupt)
  client.execute("print('alive', estimator)")
  assert 'alive <GANEstimator' in outputs_until_idle(client) and manager.is_alive()
  if times == 1:  # A second one may come before the first is noticed, or cut the saving short.
    assert 'Interrupted: stopped at step ' in ended and 'the same call continues' in ended
    steps = sorted(pathlib.Path(tmp_path, 'long/checkpoints').glob('ckpt-*.index'))
    assert len(steps) == 2
  else:
    assert 'Interrupted: stopped at' in ended or 'KeyboardInterrupt' in ended
