"""Snapshots: files as TensorFlow's own, of values that do not move on."""

import numpy as np
import pytest

from tests.conftest import files_under
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.runs import checksums
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.snapshot import Snapshots


@pytest.fixture(params=[1, 2], ids=['one', 'two replicas'])
def root(request):
  strategy = strategies.mirrored_cpus(2) if request.param == 2 else tf.distribute.get_strategy()
  with strategy.scope():
    network = keras.Sequential([keras.layers.InputLayer((3,)), keras.layers.Dense(2)])
    optimizer = keras.optimizers.Adam(0.5)
    optimizer.build(network.trainable_variables)
    half = tf.Variable(tf.cast([1.5, 2.5], tf.bfloat16))
  return tf.train.Checkpoint(network=network, optimizer=optimizer, odd={'a/b.c': half})


def test_files_are_those_that_tensorflow_writes(root, tmp_path):
  snapshots = Snapshots(root)
  assert not snapshots.is_ready
  for name in ('first', 'second', 'own'):
    (tmp_path / name).mkdir()
    (root if name == 'own' else snapshots.take()).write(str(tmp_path / name / 'ckpt'))
  assert snapshots.is_ready
  first, second, own = (files_under(tmp_path / name) for name in ('first', 'second', 'own'))
  assert first == second == own and len(own) == 2


def test_values_are_those_at_the_time_of_the_snapshot(root, tmp_path):
  snapshots = Snapshots(root)
  snapshots.take().write(str(tmp_path / 'first'))
  kernel = root.network.trainable_variables[0]
  kernel.assign(tf.ones_like(kernel))
  snapshot, checkpoints = snapshots.take(), Checkpoints(str(tmp_path / 'run'))
  expected = checksums.of_variables(root)
  kernel.assign(tf.zeros_like(kernel))
  checkpoints.save(7, snapshot)
  assert checkpoints.restore_latest(root).step == 7
  np.testing.assert_array_equal(kernel, np.ones((3, 2)))
  assert checkpoints.record(7)['parts'] == expected == checksums.of_variables(root)
