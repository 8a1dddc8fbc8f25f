"""Rehearsal of runs before any of them starts: data, devices and networks are built once each.

Refusals that need more than the text of settings, such as a penalty without labels, come from here.
A process of its own builds, so that TensorFlow takes no memory while the runs are trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging
import multiprocessing
from multiprocessing.connection import Connection
import os
from typing import Any

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.sweep.plan import Run

_log = logging.getLogger(__name__)
_LIKE = ('seed', 'model_dir', 'generator_optimizer', 'discriminator_optimizer')  # Refuse nothing.


def rehearse(runs: Sequence[Run]) -> None:
  """Raises UsageError if one of the runs would be refused; its message has the run's values.

  Runs that differ in seeds and optimisers alone are tried once; those that have begun are not.
  """
  new = {_key(run.experiment): run for run in reversed(runs) if not run.directory.exists()}
  if not new:
    return
  fork = multiprocessing.get_context('fork')
  receiver, sender = fork.Pipe(duplex=False)
  process = fork.Process(target=_build_all, args=(list(new.values())[::-1], sender), daemon=True)
  process.start()
  sender.close()
  try:
    refused = receiver.recv()
  except EOFError:  # Ended by the system, perhaps for memory; the runs themselves will tell.
    _log.warning('settings could not be tried beforehand')
    refused = ''
  finally:
    process.kill()
    process.join()
  if refused:
    raise UsageError(f'--sweep: {refused}')


def _key(experiment: Experiment) -> str:
  values: Mapping[str, Any] = experiment.to_dict()
  return str({name: value for name, value in values.items() if name not in _LIKE})


def _build_all(runs: Sequence[Run], sender: Connection) -> None:
  """Sends the first refusal, or '' if there is none."""
  # TensorFlow would take hold of GPUs, which the runs are to have.
  os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
  logging.getLogger('tfgan_pipeline').setLevel(logging.ERROR)
  from tfgan_pipeline.compat import tf
  from tfgan_pipeline.estimator import GANEstimator

  for run in runs:
    anywhere = {'accelerator': 'cpu', 'tpu': '', 'init_from': ''}
    experiment = Experiment.from_record({**run.experiment.to_dict(), **anywhere})
    try:
      GANEstimator(experiment).build()
    except UsageError as error:
      values = ', '.join(f'{name}={value}' for name, value in run.values.items())
      return sender.send(f'{values}: {error}')
    tf.keras.backend.clear_session()
  sender.send('')
