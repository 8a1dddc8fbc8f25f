"""Versions and hardware of the training process, and its TensorFlow errors in one line each."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import platform
from typing import Any

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.config import source_code
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import Interrupted, first_line
from tfgan_pipeline.replicas.memory import need_of


@contextlib.contextmanager
def one_line_errors(experiment: Experiment) -> Iterator[None]:
  """Converts TensorFlow's errors about lost workers and short memory into errors of one line.

  Raises:
    Interrupted: A worker or device was lost. Steps since the last checkpoint are not saved.
    UsageError: The training step does not fit into memory.
  """
  flag = f'--batch_size={experiment.batch_size}'
  try:
    with need_of('a training step', '--accumulate splits the batch', flag=flag):
      yield
  except (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
  ) as error:
    raise Interrupted(
      f'lost a worker or device ({first_line(error)}); the same command, given to all of them, '
      'continues from the newest checkpoint'
    ) from None


def description(strategy: tf.distribute.Strategy) -> dict[str, Any]:
  """Returns package versions, code revision and hardware, as recorded in experiment.json."""
  if isinstance(strategy, tf.distribute.TPUStrategy):
    devices = tf.config.list_logical_devices('TPU')
  else:
    devices = tf.config.list_logical_devices('GPU') or tf.config.list_logical_devices('CPU')
  return {
    'versions': {
      'tfgan_pipeline': __version__,
      'python': platform.python_version(),
      'tensorflow': tf.__version__,
      'tf_keras': keras.__version__,
      'tensorflow_gan': tfgan.__version__,
    },
    'git_revision': source_code.revision(),
    'accelerator': {
      'replicas': strategy.num_replicas_in_sync,
      'devices': [device.name for device in devices],
      'machine': platform.machine(),
      'cpu_count': os.cpu_count(),
    },
  }
