"""Fixtures and helpers of all tests: binaries as subprocesses, a small run, and data."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from tests import forked
from tfgan_pipeline.errors import Interrupted

ROOT = forked.ROOT
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')


def pytest_sessionstart(session):
  """Splits the CPU in four before anything uses TensorFlow, so that strategies can be tried."""
  del session
  # A shell's background jobs ignore SIGINT and nohup's ignore SIGHUP, and so would all that tests
  # start; a handler is not inherited. pytest itself stays as deaf to SIGHUP as it was.
  if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
  if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN or 'PYTEST_XDIST_WORKER' in os.environ:
    signal.signal(signal.SIGHUP, lambda *_: None)
  from tfgan_pipeline.compat import tf
  from tfgan_pipeline.errors import speak_of_flags

  speak_of_flags()  # As binaries do, and as messages are written; see tests/test_messages.py.
  tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices('CPU')[0], [tf.config.LogicalDeviceConfiguration()] * 4
  )


def pytest_collection_modifyitems(items):
  """Sorts long tests first, so that no process is left alone with one at the end."""
  first = {ROOT / 'tests' / name for name in ('', 'training', 'runs', 'docs', 'models', 'seams')}
  items.sort(key=lambda item: item.path.parent not in first)


def pytest_runtest_makereport(item, call):
  """Ends pytest where a signal for pytest stopped a training, which would look like a failure.

  A training in this process takes SIGTERM, as `timeout` sends it, for a request to stop: the test
  would fail with Interrupted, and pytest would go on.
  """
  error = call.excinfo.value if call.excinfo else None
  if isinstance(error, Interrupted) and 'stopped at step' in str(error):
    pytest.exit(f'stopped by a signal in {item.nodeid}', returncode=128 + signal.SIGTERM)


# The smallest run that still has every part: batch norm, moving average, checkpoints, samples.
TINY = (
  '--networks=dcgan(filters=4)',
  '--dataset=digits(size=16)',
  '--noise=normal(8)',
  '--batch_size=16',
  '--max_steps=4',
  '--save_every=2',
  '--log_every=1',
  '--sample_every=4',
)
# As TINY, and traced in half of the time: for what does not depend on the networks.
QUICK = (*TINY, '--networks=mlp(units=8)')


def tiny_experiment(model_dir, **values):
  """Returns TINY as an Experiment, with `values` in place of its own."""
  from tfgan_pipeline.config.experiment import Experiment

  tiny = dict(
    model_dir=str(model_dir),
    networks='dcgan(filters=4)',
    dataset='digits(size=16)',
    noise='normal(8)',
    batch_size=16,
    max_steps=4,
    save_every=2,
    log_every=1,
    sample_every=4,
  )
  return Experiment(**{**tiny, **values})


def fields_of(image_shape=(16, 16, 1), num_classes: int = 10):
  """Returns the fields of images whose classes are named by their numbers."""
  from tfgan_pipeline.data.fields import Fields

  return Fields.of_images(image_shape, tuple(map(str, range(num_classes))))


_started: list[subprocess.Popen | forked.Forked] = []


@pytest.fixture(autouse=True)
def no_process_is_left():
  """Ends what a failed test has left running."""
  yield
  while _started:
    process = _started.pop()
    if process.poll() is None:
      process.kill()
      process.communicate()


@pytest.fixture(autouse=True)
def no_graph_is_left():
  """Forgets the gradients that sums over replicas have left in TensorFlow's registry.

  Each keeps the graph that it was traced in, so a process of many tests would grow to 10 GB.
  """
  yield
  from tensorflow.python.framework import ops

  registered = ops.gradient_registry._registry
  for name in [name for name in registered if name.startswith('CustomGradient')]:
    del registered[name]


def start_binary(
  name: str,
  *arguments: str,
  variables: dict[str, str] | None = None,
  is_root: bool = True,
  **kwargs,
) -> subprocess.Popen | forked.Forked:
  """Starts `python -m tfgan_pipeline.bin.<name>`.

  With kwargs of Popen, such as env=os.environ, it is started as users start it; else see forked.py,
  and `variables` are set in its environment; without `is_root` it obeys permissions of files even
  where root runs the tests.
  """
  if kwargs:
    process = subprocess.Popen(
      [sys.executable, '-m', f'tfgan_pipeline.bin.{name}', *arguments],
      **{'cwd': ROOT, **kwargs},
      text=True,
      stdin=subprocess.DEVNULL,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
    )
  else:
    before = forked.with_environment(**(variables or {}))
    process = forked.Forked(name, arguments, before if is_root else forked.obey_permissions)
  _started.append(process)
  return process


def start_workers(count: int, *arguments: str) -> list[forked.Forked]:
  """Starts one training as `count` workers; '{index}' in arguments becomes the worker's index."""
  listeners = [socket.create_server(('localhost', 0)) for _ in range(count)]
  addresses = [f'localhost:{listener.getsockname()[1]}' for listener in listeners]
  for listener in listeners:
    listener.close()
  return [
    start_binary(
      'train',
      *(argument.replace('{index}', str(index)) for argument in arguments),
      variables={
        'TF_CONFIG': json.dumps(
          {'cluster': {'worker': addresses}, 'task': {'type': 'worker', 'index': index}}
        )
      },
    )
    for index in range(count)
  ]


def run_binary(name: str, *arguments: str, code: int = 0, **kwargs) -> subprocess.CompletedProcess:
  """Runs a binary to its end and checks its exit code; arguments as of start_binary."""
  process = start_binary(name, *arguments, **kwargs)
  stdout, stderr = process.communicate(timeout=600)
  found = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
  assert found.returncode == code, f'exit code {found.returncode}\n{found.stdout}\n{found.stderr}'
  return found


def checkpoint(model_dir, step: int) -> dict[str, np.ndarray]:
  """Returns every tensor of a checkpoint by name."""
  import tensorflow as tf

  reader = tf.train.load_checkpoint(os.path.join(model_dir, 'checkpoints', f'ckpt-{step:06d}'))
  return {
    name: reader.get_tensor(name)
    for name in reader.get_variable_to_shape_map()
    if name != '_CHECKPOINTABLE_OBJECT_GRAPH'
  }


def files_under(path) -> dict[str, bytes]:
  """Returns the contents of every file below `path`."""
  path = pathlib.Path(path)
  return {
    str(file.relative_to(path)): file.read_bytes()
    for file in sorted(path.rglob('*'))
    if file.is_file()
  }


@pytest.fixture(scope='module')
def graphs_as_traced():
  """Leaves graphs as they are: optimising a small one takes longer than running it.

  For modules that compare what their own process computes. Binaries optimise their graphs.
  """
  from tfgan_pipeline.compat import tf

  options = tf.config.optimizer
  options.set_experimental_options({'disable_meta_optimizer': True})
  yield
  options.set_experimental_options({'disable_meta_optimizer': False})


@pytest.fixture
def register(monkeypatch):
  """Registers components for one test: `register(registry.loss, function)`."""
  return functools.partial(_register, monkeypatch)


@pytest.fixture(scope='module')
def register_in_module():
  """Works like `register`, for all tests of a module."""
  with pytest.MonkeyPatch.context() as monkeypatch:
    yield functools.partial(_register, monkeypatch)


def _register(monkeypatch, kind, function) -> None:
  monkeypatch.setitem(kind._runtime, function.__name__, function)


@pytest.fixture(scope='session')
def can_export() -> bool:
  """Returns whether TensorFlow can write StableHLO, without this package's code; 2.21 must."""
  import tensorflow as tf

  one = tf.function(lambda: tf.constant(1.0), jit_compile=True)
  try:
    one.experimental_get_compiler_ir()(stage='stablehlo')
  except ValueError as error:
    known_to = tuple(map(int, tf.__version__.split('.')[:2])) >= (2, 21)
    if 'Invalid stage' in str(error) and not known_to:
      return False
    raise
  return True


@pytest.fixture(scope='session')
def exports(can_export):
  """Skips where TensorFlow has no StableHLO."""
  if not can_export:
    import tensorflow as tf

    pytest.skip(f'TensorFlow {tf.__version__} cannot export StableHLO; 2.21 can')


@pytest.fixture(scope='session')
def cache_dir(tmp_path_factory) -> str:
  """One cache of classifiers and reference features for the whole session, of all its processes."""
  base = tmp_path_factory.getbasetemp()
  cache = (base.parent if 'PYTEST_XDIST_WORKER' in os.environ else base) / 'cache'
  cache.mkdir(exist_ok=True)
  return str(cache)


@pytest.fixture
def options(cache_dir):
  """EvaluationOptions that score 64 samples in a moment."""
  from tfgan_pipeline.config.evaluation import EvaluationOptions

  return EvaluationOptions(
    extractor='random_projection', metrics='fid', num_samples=64, cache_dir=cache_dir
  )


@pytest.fixture(scope='session')
def tiny_run(tmp_path_factory) -> pathlib.Path:
  """model_dir of a finished tiny run. Copy it before changing anything in it."""
  model_dir = tmp_path_factory.mktemp('tiny') / 'run'
  run_binary('train', *TINY, f'--model_dir={model_dir}')
  return model_dir


@pytest.fixture(scope='session')
def data_dir() -> str:
  """Directory with MNIST in TFDS form, from $TFGAN_PIPELINE_TEST_DATA or ../shared."""
  path = os.environ.get('TFGAN_PIPELINE_TEST_DATA', ROOT.parent / 'shared' / 'tensorflow_datasets')
  if not (pathlib.Path(path) / 'mnist').is_dir():
    pytest.skip(f'no MNIST under {path}; TFGAN_PIPELINE_TEST_DATA says where it is')
  return str(path)
