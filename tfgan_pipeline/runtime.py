"""The process around a run: devices, distribution strategy, seeds, and the request to stop."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
from typing import Any

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.experiment import Experiment


def share_gpus() -> None:
  """Takes GPU memory as it is needed: training and evaluation often share a GPU."""
  for gpu in tf.config.list_physical_devices('GPU'):
    tf.config.experimental.set_memory_growth(gpu, True)


def start(experiment: Experiment) -> tf.distribute.Strategy:
  """Sets devices, determinism and seeds, and returns the strategy; once, before TensorFlow is used.

  Raises:
    UsageError: `--batch_size` does not divide among the replicas.
  """
  if experiment.virtual_devices:
    cpu = tf.config.list_physical_devices('CPU')[0]
    tf.config.set_logical_device_configuration(
      cpu, [tf.config.LogicalDeviceConfiguration()] * experiment.virtual_devices
    )
  keras.utils.set_random_seed(experiment.seed)
  if experiment.deterministic:
    tf.config.experimental.enable_op_determinism()
  strategy = _strategy(experiment)
  replicas = strategy.num_replicas_in_sync
  if experiment.batch_size % replicas:
    raise UsageError(
      f'--batch_size={experiment.batch_size}: should be a multiple of the {replicas} replicas'
    )
  return strategy


def _strategy(experiment: Experiment) -> tf.distribute.Strategy:
  if experiment.virtual_devices > 1:
    return mirrored_cpus(experiment.virtual_devices)
  if len(tf.config.list_logical_devices('GPU')) > 1:
    return tf.distribute.MirroredStrategy()
  return tf.distribute.get_strategy()


def mirrored_cpus(count: int) -> tf.distribute.Strategy:
  """A strategy over logical CPU devices.

  Sums are made on one device: TensorFlow's collectives are keyed per process, and a second strategy
  in it would meet the keys of the first.
  """
  return tf.distribute.MirroredStrategy(
    [f'CPU:{index}' for index in range(count)],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
  )


def description(strategy: tf.distribute.Strategy) -> dict[str, Any]:
  """Versions, code revision and hardware, for experiment.json."""
  devices = tf.config.list_logical_devices('GPU') or tf.config.list_logical_devices('CPU')
  return {
    'versions': {
      'tfgan_pipeline': __version__,
      'python': platform.python_version(),
      'tensorflow': tf.__version__,
      'tf_keras': keras.__version__,
      'tensorflow_gan': tfgan.__version__,
    },
    'git_revision': _git_revision(),
    'accelerator': {
      'replicas': strategy.num_replicas_in_sync,
      'devices': [device.name for device in devices],
      'machine': platform.machine(),
      'cpu_count': os.cpu_count(),
    },
  }


def _git_revision() -> str | None:
  here = os.path.dirname(os.path.abspath(__file__))
  try:
    return subprocess.run(
      ['git', '-C', here, 'describe', '--always', '--dirty', '--abbrev=12'],
      capture_output=True,
      text=True,
      timeout=10,
      check=True,
    ).stdout.strip()
  except (OSError, subprocess.SubprocessError):
    return None


class StopSignal:
  """SIGTERM or SIGINT as a request that the loop reads between calls to the device.

      with StopSignal() as stop:
        while not stop.requested: ...

  A second signal acts as it did before: it ends the process at once.
  """

  def __init__(self):
    self.requested = False
    self._previous: dict[int, Any] = {}

  def _handle(self, number, frame):
    del frame
    self.requested = True
    signal.signal(number, self._previous[number])

  def __enter__(self) -> StopSignal:
    for number in (signal.SIGTERM, signal.SIGINT):
      try:
        self._previous[number] = signal.signal(number, self._handle)
      except ValueError:  # Not in the main thread, where Python allows no handlers.
        pass
    return self

  def __exit__(self, *_):
    for number, handler in self._previous.items():
      signal.signal(number, handler)
