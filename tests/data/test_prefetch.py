"""Checks that pictures are decoded ahead of their use, also under op determinism."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

# A process of its own, as op determinism cannot be switched off again and as it has to end.
PROGRAM = """
import time
import numpy as np
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.pipeline import train_batches

def run():
  decoded = []

  def read(path):
    time.sleep(0.005)
    decoded.append(path)
    return np.full((2, 2, 1), int(path[-2:]), np.uint8)

  split = FileSplit(
    '/x', [f'{i:02d}' for i in range(90)], range(90), image_shape=(2, 2, 1), read=read, recipe=''
  )
  iterator = iter(train_batches(split, batch_size=4, seed=0, augment='flip'))
  labels = [next(iterator)['label'].numpy()]
  deadline = time.monotonic() + 20
  while len(decoded) < 12 and time.monotonic() < deadline:
    time.sleep(0.01)  # The device works.
  print('ahead', len(decoded) - 4)
  for _ in range(40):
    batch = next(iterator)
    assert (batch['image'][:, 0, 0, 0].numpy() == batch['label'].numpy()).all()
    labels.append(batch['label'].numpy())
  print('order', *np.concatenate(labels))
  return iterator

kept = [run()]
tf.config.experimental.enable_op_determinism()
tf.random.set_seed(0)
kept.append(run())
"""


@pytest.fixture(scope='module')
def printed() -> dict:
  """'off' and 'on' -> what is printed without op determinism, and then with it."""
  # It ends while pictures are being decoded; a thread of TensorFlow that is then inside Python
  # never returns, and the end of the process would wait for it.
  process = subprocess.run(
    [sys.executable, '-c', PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=120
  )
  assert process.returncode == 0, process.stderr
  assert 'Traceback' not in process.stderr
  lines = [line.split(' ', 1) for line in process.stdout.splitlines()]
  assert len(lines) == 4
  return {'off': dict(lines[:2]), 'on': dict(lines[2:])}


def test_batches_are_decoded_while_the_consumer_sleeps(printed):
  assert int(printed['off']['ahead']) >= 8
  assert int(printed['on']['ahead']) >= 8


def test_the_order_does_not_depend_on_it(printed):
  assert printed['on']['order'] == printed['off']['order']
  assert sorted(map(int, printed['on']['order'].split()[:90])) == list(range(90))
