"""Training of an existing run by JAX, which drives the step that TensorFlow has exported.

    result = run_exported(run, experiment, dataset, steps=100, replicas=1, output_dir='/tmp/on')

The way to accelerators that TensorFlow does not reach. The weights, the data and their order, and
the random numbers are the run's, so that the result is the trainer's but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import importlib.util
import logging
import pickle
import subprocess
import sys
import time
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import CheckFailed, NonFiniteError, UsageError
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.runs import derived
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory, new_run_id
from tfgan_pipeline.tpu.compiler import environment
from tfgan_pipeline.tpu.export import LoweringError, StepExporter
from tfgan_pipeline.training import on_nan

_log = logging.getLogger(__name__)


class Driver:
  """A process that runs an exported step by JAX, see jax_process.py.

  Args:
    stablehlo: Text of the module of one replica.
    replicas: Number of replicas.
    variables: Arrays of the step's variables.

  Attributes:
    device: The devices, in words.

  Raises:
    CheckFailed: JAX cannot compile the step, or has fewer devices.
  """

  def __init__(self, stablehlo: str, replicas: int, variables: Sequence[np.ndarray]):
    self._process = subprocess.Popen(
      [sys.executable, '-m', 'tfgan_pipeline.tpu.jax_process'],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      env=environment(),
    )
    values = list(variables)
    answer = self.ask({'stablehlo': stablehlo, 'replicas': replicas, 'variables': values})
    if 'error' in answer:
      self.close()
      raise CheckFailed(f'JAX does not run the step: {answer["error"]}')
    self.device: str = answer['device']

  def ask(self, request: Any) -> Any:
    """Sends a request and returns the answer; raises CheckFailed if the process has ended."""
    assert self._process.stdin and self._process.stdout
    try:
      pickle.dump(request, self._process.stdin)
      self._process.stdin.flush()
      return pickle.load(self._process.stdout)
    except (BrokenPipeError, EOFError):
      code = self._process.wait()
      raise CheckFailed(f'the process of JAX ended with exit code {code}; see above') from None

  def close(self) -> None:
    """Ends the process."""
    for pipe in (self._process.stdin, self._process.stdout):
      with contextlib.suppress(BrokenPipeError):
        if pipe:
          pipe.close()
    self._process.wait()


def require() -> None:
  """Raises UsageError unless JAX is installed."""
  if importlib.util.find_spec('jax') is None:
    raise UsageError(
      'run_exported needs jax: pip install jax, or "jax[cuda13]" or "jax[tpu]" for accelerators'
    )


def run_exported(
  run: RunDirectory,
  experiment: Experiment,
  dataset: Dataset,
  *,
  steps: int,
  replicas: int,
  output_dir: str,
) -> dict[str, Any]:
  """Trains on from a run's newest checkpoint; writes a run of its own with one checkpoint.

  Args:
    run: The run to go on from.
    experiment: The run's experiment, as recorded except for paths.
    dataset: The data of the run.
    steps: Number of steps to make.
    replicas: Number of devices of JAX that share the batch.
    output_dir: The folder of the new run.

  Returns:
    'output_dir', 'step' (the one reached), 'device', 'images_per_second' (of all steps but the
    first) and 'scalars' of the last step by tag.

  Raises:
    CheckFailed: TensorFlow cannot export the step, or JAX cannot compile it.
    NonFiniteError: A scalar of a step is not finite; nothing is written.
    UsageError: The run has no checkpoint, or the batch does not divide among the replicas.
  """
  target = derived.new_target(output_dir)
  if experiment.batch_size % (replicas * experiment.accumulate):
    raise UsageError(
      f'--replicas={replicas}: does not divide --batch_size={experiment.batch_size} of the run'
    )
  replica_batch = experiment.batch_size // replicas
  exporter = StepExporter(experiment, dataset, replicas)
  state = exporter.state
  restored = Checkpoints(run.checkpoints).restore_latest(state.checkpoint)
  if not Checkpoints(run.checkpoints).steps():
    raise UsageError(f'--model_dir={run.path}: no checkpoint there yet; train it first')
  used = exporter.variables(replica_batch)
  try:
    text = exporter.stablehlo(replica_batch)
  except LoweringError as error:
    raise CheckFailed(f'refused by TensorFlow at {error.op}: {error}') from None
  driver = Driver(text, replicas, [variable.numpy() for variable in used])
  try:
    _log.info('step %d goes on by JAX on %s', restored.step, driver.device)
    batches = _batches(exporter, experiment, dataset, restored.step)
    started, scalars = time.monotonic(), {}
    for number in range(steps):
      found = driver.ask(next(batches))
      # Each replica has its share of a scalar.
      scalars = {tag: float(value.sum()) for tag, value in zip(exporter.tags, found, strict=True)}
      _refuse_faults(scalars, restored.step + number + 1, experiment)
      if number == 0:  # Took the compilation.
        started = time.monotonic()
    seconds = time.monotonic() - started
    for variable, value in zip(used, driver.ask(None), strict=True):
      variable.assign(value)
  finally:
    driver.close()
  step, run_id = restored.step + steps, new_run_id()
  Checkpoints(target.checkpoints, run_id=run_id).save(step, state.checkpoint)
  facts = {'from_step': restored.step, 'device': driver.device}
  derived.write(run, target, run_id, step, 'exported', facts)
  images = experiment.batch_size * experiment.sub_steps * (steps - 1)
  speed = {'images_per_second': images / seconds} if steps > 1 else {}
  return {
    **{'output_dir': target.path, 'step': step, 'device': driver.device},
    **speed,
    'scalars': scalars,
  }


def _batches(
  exporter: StepExporter, experiment: Experiment, dataset: Dataset, step: int
) -> Iterator[list[np.ndarray]]:
  """Yields the arrays of each step's batches, as Trainer reads them, from a step on."""
  count = exporter.batches_per_step
  stream = train_batches(
    dataset.split('train'),
    batch_size=experiment.batch_size // experiment.accumulate,
    seed=randomness.derived_seed(experiment.seed, int(exporter.state.rollbacks.numpy())),
    first_batch=step * count,
    augment=experiment.augment,
    augmented=dataset.fields.augmented(),
    reduced=dataset.fields.reduced(),
  ).as_numpy_iterator()
  while True:
    yield tf.nest.flatten([next(stream) for _ in range(count)])


def _refuse_faults(scalars: dict[str, float], step: int, experiment: Experiment) -> None:
  faults = on_nan.faults(scalars, experiment.precision)
  if faults:
    raise NonFiniteError(f'not finite at step {step}: {on_nan.summary(faults)}; nothing is written')
