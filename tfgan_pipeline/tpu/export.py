"""The training step of an experiment as StableHLO: what a TPU would be given to compile.

    exporter = StepExporter(experiment, dataset, replicas=8)
    text = exporter.stablehlo(replica_batch=16)

It is the step the trainer runs, on one of the replicas, sums over the others included. TensorFlow
lowers it with the kernels it has for XLA on a CPU; those for a TPU are the same but for random
bits, which a TPU may draw with another generator.
"""

from __future__ import annotations

import re

from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.tpu.replica import OneOfMany
from tfgan_pipeline.training.state import TrainState


class LoweringError(Exception):
  """TensorFlow cannot turn the step into what any XLA compiler takes.

  Attributes:
    op: The type of the operation at fault, such as 'EagerPyFunc', or None if not known.
  """

  def __init__(self, message: str):
    super().__init__(message)
    named = re.search(r'on XLA_\w+: (\w+)|with op (\w+)|{{node ([^}]+)}}', message)
    self.op = next(filter(None, named.groups()), None) if named else None


class StepExporter:
  """Variables of one replica and the step that changes them.

  Args:
    experiment: The run's choices; `batch_size` is not looked at.
    dataset: Only its fields are.
    replicas: How many take part in a step.

  Attributes:
    state: The variables.
    batches_per_step: How many batches a replica is fed per step.
  """

  def __init__(self, experiment: Experiment, dataset: Dataset, replicas: int):
    self._strategy = OneOfMany(replicas)
    self._fields = dataset.fields
    self.state = TrainState.build(experiment, dataset, self._strategy)
    self.batches_per_step = self.state.step_fn.batches_per_step

  def function(
    self, replica_batch: int
  ) -> tuple[tf.types.experimental.PolymorphicFunction, list[tf.TensorSpec]]:
    """The step as a function of batches of static shape, and the specs of its arguments.

    These are the fields, such as image uint8 [n, H, W, C] and label int32 [n], of each of
    `batches_per_step` batches, in the order of their names, where n is replica_batch or, when
    gradients are accumulated, its part. It returns the step's scalars in the order of their names.

    Raises:
      UsageError: The batch of a replica does not divide into `--accumulate` parts.
    """
    parts = self.state.step_fn.experiment.accumulate
    if replica_batch % parts:
      raise UsageError(
        f'--accumulate={parts}: the {replica_batch} images of a replica do not divide by it'
      )
    batches = [self._fields.batch_spec(replica_batch // parts)] * self.batches_per_step

    @tf.function(jit_compile=True, autograph=False)
    def step(*tensors: tf.Tensor) -> list[tf.Tensor]:
      with self._strategy.replica():
        scalars = self.state.step_fn(tf.nest.pack_sequence_as(batches, tensors))
        return [scalars[name] for name in sorted(scalars)]

    return step, tf.nest.flatten(batches)

  def stablehlo(self, replica_batch: int) -> str:
    """The text of an MLIR module whose function main is the step.

    Its arguments are those of `function` and then every variable the step uses; its results those
    of `function` and then every variable the step changes, in place of the argument it came in.

    Raises:
      LoweringError: An operation has no lowering to XLA, or a shape is not static.
      UsageError: This TensorFlow has no export to StableHLO.
    """
    step, specs = self.function(replica_batch)
    with tf1_tensor_equality():
      lower = step.experimental_get_compiler_ir(*specs)
    try:
      text = lower(stage='stablehlo')
    except (ValueError, tf.errors.OpError) as error:
      if 'Invalid stage' in str(error):
        raise UsageError(
          f'tpu_check: TensorFlow {tf.__version__} cannot export StableHLO; 2.21 can'
        ) from None
      raise LoweringError(str(error)) from None
    # TensorFlow marks copies with an operation that is not StableHLO; this identity is.
    return re.sub(r'\bmhlo\.copy\b', 'stablehlo.optimization_barrier', text)
