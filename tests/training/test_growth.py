"""Training in a loop, as in a notebook, does not fill the memory: traced graphs are released."""

import gc
import subprocess
import sys

import pytest

from tests.conftest import ROOT, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.estimator import GANEstimator

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

_LOOP = """
import ctypes, gc, pathlib, sys
from tests.conftest import tiny_experiment
from tfgan_pipeline.estimator import GANEstimator

def resident():
  gc.collect()
  ctypes.CDLL('libc.so.6').malloc_trim(0)  # Gives back what is free, so that the rest is in use.
  return int(pathlib.Path('/proc/self/statm').read_text().split()[1]) * 4096 / 2**20

after = []
for seed in range(9):
  GANEstimator(tiny_experiment(f'{sys.argv[1]}/{seed}', networks=sys.argv[2], seed=seed)).train()
  after.append(resident())
print(after[-1] - after[1])
"""


def graphs() -> int:
  """Counts the graphs of functions in this process."""
  gc.collect()
  kind = type(tf.function(lambda: tf.zeros([])).get_concrete_function().graph)
  gc.collect()
  return sum(isinstance(one, kind) for one in gc.get_objects())


def test_the_graphs_of_a_training_go_with_it(tmp_path):
  """Trains a tiny run with batch norm, a penalty, a moving average and sums over replicas."""

  def train(seed: int) -> int:
    GANEstimator(tiny_experiment(tmp_path / str(seed), seed=seed, penalties='r1')).train()
    return graphs()

  first = train(0)
  assert train(1) == first


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != 'linux', reason='/proc says how large a process is')
@pytest.mark.parametrize(
  'networks', ['dcgan(filters=4)', 'stylegan2(filters=8, latent=8, mapping=2)']
)
def test_nine_trainings_take_the_memory_of_two(tmp_path, networks):
  """Checks that memory grows by less than 10 MiB; one leaked graph of these networks takes 11."""
  done = subprocess.run(
    [sys.executable, '-c', _LOOP, tmp_path, networks],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
  )
  assert float(done.stdout) < 10
