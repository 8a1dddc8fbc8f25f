"""Strategies of tf.distribute over a CPU, GPUs, a TPU or several workers."""

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
  """Takes GPU memory as it is needed: training and evaluation often share a GPU."""
  for gpu in tf.config.list_physical_devices('GPU'):
    with contextlib.suppress(RuntimeError, ValueError):  # In use already, or split up.
      tf.config.experimental.set_memory_growth(gpu, True)


def start(experiment: Experiment) -> tf.distribute.Strategy:
  """Sets devices and returns the strategy; once, before TensorFlow is used.

  Raises:
    UsageError: The accelerator is not there, or `--batch_size` does not divide among the replicas.
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
  """Seeds and determinism of an experiment, for the process; afterwards they are as before."""
  determinism = op_determinism() if experiment.deterministic else contextlib.nullcontext()
  with seeded(experiment.seed), determinism:
    yield


def devices(experiment: Experiment) -> tf.distribute.Strategy:
  """The strategy over the devices that an experiment asks for, and nothing else of it.

  Raises:
    UsageError: They are not there, or a flag is for other devices.
  """
  kind = _accelerator(experiment)
  for flag, needed in {
    'tpu': 'tpu',
    'tpu_zone': 'tpu',
    'tpu_project': 'tpu',
    'virtual_devices': 'cpu',
  }.items():
    value = getattr(experiment, flag)
    if value and kind != needed:
      raise UsageError(f'--{flag}={value}: is for {needed}, and --accelerator is {kind} here')
  return _STRATEGIES[kind](experiment)


def evaluation_devices(accelerator: str = '', **places: Any) -> tf.distribute.Strategy:
  """The strategy for generating and scoring: by default all GPUs, or else the CPU.

  Never a TPU or other workers unbidden: a trainer may have them.

  Args:
    accelerator: 'cpu', 'gpu', 'tpu' or ''.
    places: The experiment's fields tpu, tpu_zone, tpu_project and virtual_devices.
  """
  share_gpus()
  if not accelerator:
    bidden = 'tpu' if any(value for name, value in places.items() if name[:3] == 'tpu') else 'cpu'
    accelerator = 'gpu' if bidden == 'cpu' and _gpus() else bidden
  return devices(Experiment(accelerator=accelerator, **places))


def _accelerator(experiment: Experiment) -> str:
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
  """A strategy over logical CPU devices.

  Sums are made on one device: TensorFlow's collectives are keyed per process, and a second strategy
  in it would meet the keys of the first.
  """
  if count == 1:
    return tf.distribute.get_strategy()
  return tf.distribute.MirroredStrategy(
    [f'CPU:{index}' for index in range(count)],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
  )


def _gpu(experiment: Experiment) -> tf.distribute.Strategy:
  del experiment
  if not _gpus():
    raise UsageError('--accelerator=gpu: TensorFlow finds no GPU on this machine')
  return tf.distribute.MirroredStrategy() if len(_gpus()) > 1 else tf.distribute.get_strategy()


def _tpu(experiment: Experiment) -> tf.distribute.Strategy:
  name = experiment.tpu or 'local'
  try:
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
      tpu=name, zone=experiment.tpu_zone or None, project=experiment.tpu_project or None
    )
    if name != 'local':
      tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return tf.distribute.TPUStrategy(resolver)
  # What is missing shows as an error of the resolver, of its HTTP client, or of the runtime.
  except Exception as error:
    raise UsageError(f'--tpu={name}: cannot be used ({first_line(error)})') from error


def _multi_worker(experiment: Experiment) -> tf.distribute.Strategy:
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
  """Whether the step is to be compiled as one XLA computation. TPUStrategy does it by itself."""
  if isinstance(strategy, tf.distribute.TPUStrategy):
    return False
  if experiment.jit_compile == 'auto':
    # XLA around several GPUs, with NCCL between them, has not been tried.
    return bool(tf.config.get_visible_devices('GPU')) and strategy.num_replicas_in_sync == 1
  return experiment.jit_compile == 'on'
