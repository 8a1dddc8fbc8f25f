"""Checks that a program using this package keeps its random state, loggers and environment."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT, TINY

PROGRAM = """
import logging, os, random, sys
import numpy as np
import absl.logging
first, folder = sys.argv[1:]
if first == 'tensorflow':
  import tensorflow as tf
outside = dict(os.environ), absl.logging.get_verbosity(), sys.stderr
levels = {name: logging.getLogger(name).level for name in ('', 'tensorflow', 'tfgan_pipeline')}

import tfgan_pipeline.estimator as package
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tests.conftest import tiny_experiment
from tfgan_pipeline.compat import keras
import tensorflow as tf

def same(does):
  '''What the program draws next is what it would have drawn.'''
  def seed():
    keras.utils.set_random_seed(6)
    random.seed(3); np.random.seed(4); tf.random.set_seed(5)

  def drawn():
    return (
      random.random(), *np.random.rand(2), *tf.random.normal([2]).numpy(),
      *keras.initializers.GlorotUniform()([1, 2]).numpy()[0],
    )

  seed()
  expected = drawn(), drawn()
  seed()
  assert drawn() == expected[0]
  does()
  assert drawn() == expected[1]

from tensorflow.python.framework import config
experiment = tiny_experiment(folder + '/run', networks='dcgan(filters=4)')
estimator = package.GANEstimator(experiment)
options = EvaluationOptions(
  extractor='classifier(steps=3)', metrics='fid', num_samples=32, cache_dir=folder + '/cache')
same(estimator.build)
same(estimator.train)
same(lambda: package.GANEstimator(experiment).evaluate(options=options))
same(lambda: estimator.predict(4))
assert not config.is_op_determinism_enabled()
assert (dict(os.environ), absl.logging.get_verbosity(), sys.stderr) == outside
assert levels == {name: logging.getLogger(name).level for name in levels}
from tfgan_pipeline.compat import tfgan
assert callable(tf.compat.v1.layers.flatten) and tfgan.eval
"""


@pytest.mark.parametrize(
  'first, stderr',
  [('tfgan_pipeline', 'closed'), pytest.param('tensorflow', 'open', marks=pytest.mark.heavy)],
)
def test_nothing_of_the_program_is_changed(tmp_path, first, stderr):
  command = [sys.executable, '-c', PROGRAM, first, str(tmp_path)]
  if stderr == 'closed':
    # Python tells of errors on stderr alone.
    told = f'import sys, traceback\ntry: exec({PROGRAM!r})\nexcept BaseException:\n'
    told += '  print(traceback.format_exc())\n  sys.exit(1)'
    command = ['bash', '-c', 'exec "$@" 2>&-', '', sys.executable, '-c', told, *command[3:]]
  done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
  assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.heavy
def test_binaries_work_without_standard_streams(tmp_path):
  """Checks a process without standard streams: the first files opened must not become stderr."""
  flags = ' '.join(map(repr, (*TINY, '--networks=mlp(units=4)', '--max_steps=2')))
  script = 'exec "$0" -m tfgan_pipeline.bin.train {} <&- >&- 2>&-'
  for arguments, code in ((f'{flags} --model_dir="$1"', 0), ('--seed=x', 2)):
    command = ['bash', '-c', script.format(arguments), sys.executable, tmp_path]
    assert subprocess.run(command, cwd=ROOT).returncode == code
  assert (tmp_path / 'TRAIN_DONE').exists()
