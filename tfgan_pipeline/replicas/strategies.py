"""Strategies of tf.distribute over CPU devices, GPUs, a TPU or several workers."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import logging
import os
from typing import Any

from tfgan_pipeline.compat import op_determinism, seeded, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.replicas.stopping import signals_end_the_process
from tfgan_pipeline.replicas.workers import workers_of_tf_config

_log = logging.getLogger(__name__)


def share_gpus() -> None:
  """Lets TensorFlow take GPU memory as needed, since training and evaluation may share a GPU."""
  for gpu in tf.config.list_physical_devices('GPU'):
    with contextlib.suppress(RuntimeError, ValueError):  # The GPU is in use already, or split up.
      tf.config.experimental.set_memory_growth(gpu, True)


def start(experiment: Experiment) -> tf.distribute.Strategy:
  """Sets up the devices of a training and returns the strategy over them.

  To be called once, before TensorFlow is used.

  Raises:
    UsageError: The accelerator is missing, a flag such as --tpu is set for another accelerator,
      `--batch_size` does not divide among replicas and the parts of `--accumulate`, or
      `--jit_compile=on` is set for several CPU devices.
  """
  strategy = devices(experiment)
  shares = strategy.num_replicas_in_sync * experiment.accumulate
  if experiment.batch_size % shares:
    raise UsageError(
      f'--batch_size={experiment.batch_size}: should be a multiple of {shares}: '
      f'{strategy.num_replicas_in_sync} replicas times --accumulate={experiment.accumulate}'
    )
  if (
    experiment.jit_compile == 'on'
    and strategy.num_replicas_in_sync > 1
    and not tf.config.get_visible_devices('GPU')
  ):
    raise UsageError('--jit_compile=on: XLA compiles for one CPU device, not for several')
  return strategy


@contextlib.contextmanager
def reproducible(experiment: Experiment) -> Iterator[None]:
  """Sets the process's seeds and determinism to an experiment's inside the block.

  Afterwards both are restored.
  """
  determinism = op_determinism() if experiment.deterministic else contextlib.nullcontext()
  with seeded(experiment.seed), determinism:
    yield


def devices(experiment: Experiment) -> tf.distribute.Strategy:
  """Returns the strategy over the devices that an experiment asks for.

  Reads only the experiment's choices of devices.

  Raises:
    UsageError: The devices are missing, or a flag such as --tpu is set for another kind of device.
  """
  kind = _accelerator(experiment)
  for flag, owner in {
    'tpu': 'tpu',
    'tpu_zone': 'tpu',
    'tpu_project': 'tpu',
    'virtual_devices': 'cpu',
  }.items():
    value = getattr(experiment, flag)
    if value and kind != owner:
      raise UsageError(f'--{flag}={value}: is for {owner}, and --accelerator is {kind} here')
  return _STRATEGIES[kind](experiment)


def evaluation_devices(accelerator: str = '', **places: Any) -> tf.distribute.Strategy:
  """Returns the strategy for generating and scoring: by default all GPUs, or else the CPU.

  A TPU or other workers are used only if asked for, since a trainer may be using them.

  Args:
    accelerator: 'cpu', 'gpu', 'tpu' or '', which chooses by `places` and the GPUs present.
    **places: The experiment's fields tpu, tpu_zone, tpu_project and virtual_devices.

  Raises:
    UsageError: See `devices`.
  """
  share_gpus()
  if not accelerator:
    default = 'tpu' if any(value for name, value in places.items() if name[:3] == 'tpu') else 'cpu'
    accelerator = 'gpu' if default == 'cpu' and _gpus() else default
  return devices(Experiment(accelerator=accelerator, **places))


def _accelerator(experiment: Experiment) -> str:
  """Returns the kind of devices, a key of _STRATEGIES, that an experiment trains on."""
  if experiment.accelerator != 'auto':
    return experiment.accelerator
  if experiment.tpu or tf.config.list_physical_devices('TPU'):
    return 'tpu'
  if len(workers_of_tf_config()) > 1:
    return 'multi_worker'
  return 'gpu' if _gpus() and not experiment.virtual_devices else 'cpu'


def _gpus() -> list[tf.config.PhysicalDevice]:
  return tf.config.list_physical_devices('GPU')


def _cpu(experiment: Experiment) -> tf.distribute.Strategy:
  """Returns a strategy over `virtual_devices` CPU devices, or over the CPU; hides all GPUs."""
  if _gpus():
    tf.config.set_visible_devices([], 'GPU')
  if not experiment.virtual_devices:
    return tf.distribute.get_strategy()
  tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices('CPU')[0],
    [tf.config.LogicalDeviceConfiguration()] * experiment.virtual_devices,
  )
  return mirrored_cpus(experiment.virtual_devices)


def mirrored_cpus(count: int) -> tf.distribute.Strategy:
  """Returns a strategy over `count` logical CPU devices.

  Sums are made on one device: TensorFlow's collectives have keys per process, and those of a second
  strategy in the process would clash with those of the first.
  """
  if count == 1:
    return tf.distribute.get_strategy()
  return tf.distribute.MirroredStrategy(
    [f'CPU:{index}' for index in range(count)],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
  )


def _gpu(experiment: Experiment) -> tf.distribute.Strategy:
  """Returns a strategy over all GPUs; raises UsageError if there is none."""
  del experiment
  if not _gpus():
    raise UsageError('--accelerator=gpu: TensorFlow finds no GPU on this machine')
  return tf.distribute.MirroredStrategy() if len(_gpus()) > 1 else tf.distribute.get_strategy()


def _tpu(experiment: Experiment) -> tf.distribute.Strategy:
  """Connects to a TPU, initialises it, and returns the strategy; raises UsageError if it cannot."""
  name = experiment.tpu or 'local'
  try:
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
      tpu=name, zone=experiment.tpu_zone or None, project=experiment.tpu_project or None
    )
    if name != 'local':
      tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return tf.distribute.TPUStrategy(resolver)
  # Any error: the resolver, its HTTP client and the runtime raise types of their own.
  except Exception as error:
    raise UsageError(f'--tpu={name}: cannot be used ({first_line(error)})') from error


def _multi_worker(experiment: Experiment) -> tf.distribute.Strategy:
  """Waits for the workers of TF_CONFIG and returns the strategy; raises UsageError if it cannot."""
  del experiment
  if not workers_of_tf_config():
    raise UsageError(
      '--accelerator=multi_worker: the environment variable TF_CONFIG should name the workers, '
      'as launch/multi_worker_local.sh does'
    )
  _log.info('waiting for the %d workers of TF_CONFIG', len(workers_of_tf_config()))
  try:
    with signals_end_the_process():
      return tf.distribute.MultiWorkerMirroredStrategy()
  except (ValueError, KeyError, tf.errors.OpError) as error:
    raise UsageError(f'TF_CONFIG={os.environ["TF_CONFIG"]}: {first_line(error)}') from None


_STRATEGIES = {'cpu': _cpu, 'gpu': _gpu, 'tpu': _tpu, 'multi_worker': _multi_worker}


def compiles(experiment: Experiment, strategy: tf.distribute.Strategy) -> bool:
  """Returns whether the trainer should compile the step as one XLA computation.

  False for a TPU, whose strategy compiles by itself.
  """
  if isinstance(strategy, tf.distribute.TPUStrategy):
    return False
  if experiment.jit_compile == 'auto':
    # XLA around several GPUs, with NCCL between them, has not been tried.
    return bool(tf.config.get_visible_devices('GPU')) and strategy.num_replicas_in_sync == 1
  return experiment.jit_compile == 'on'
