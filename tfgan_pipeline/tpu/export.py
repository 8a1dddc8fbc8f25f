"""Export of an experiment's training step as StableHLO, the input of the TPU compiler.

    exporter = StepExporter(experiment, dataset, replicas=8)
    text = exporter.stablehlo(replica_batch=16)

The exported step is the one that the trainer runs on one of the replicas, with its sums over all
replicas. TensorFlow lowers it with its XLA kernels for a CPU. Those for a TPU are equal except for
random bits, which a TPU may draw with another generator.
"""

from __future__ import annotations

import functools
import re

from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.tpu.replica import OneOfMany
from tfgan_pipeline.training.state import TrainState


class LoweringError(Exception):
  """The step has an operation or a shape that TensorFlow cannot lower for XLA.

  Attributes:
    op: The type or name of the operation at fault, such as 'EagerPyFunc'; None if not known.
  """

  def __init__(self, message: str):
    super().__init__(message)
    match = re.search(r'on XLA_\w+: (\w+)|with op (\w+)|{{node ([^}]+)}}', message)
    self.op = next(filter(None, match.groups()), None) if match else None


class StepExporter:
  """Exporter of the step of one replica, with that replica's variables.

  Args:
    experiment: The run's choices; `batch_size` is ignored.
    dataset: The data, of which only the fields are read.
    replicas: Number of replicas that take part in a step.

  Attributes:
    state: The variables.
    batches_per_step: Number of batches that a replica reads per step.
    function: Function of a replica's batch, see `_function`, whose last result is kept.
    tags: TensorBoard tags of the step's scalars, in the order of its results; known once a step has
      been exported.
  """

  def __init__(self, experiment: Experiment, dataset: Dataset, replicas: int):
    self._strategy = OneOfMany(replicas)
    self._fields = dataset.fields
    self.state = TrainState.build(experiment, dataset, self._strategy)
    self.batches_per_step = self.state.step_fn.batches_per_step
    self.tags: list[str] = []
    # A step is traced once; of one batch at a time, as a search for the largest tries many.
    self.function = functools.lru_cache(maxsize=1)(self._function)

  def variables(self, replica_batch: int) -> list[tf.Variable]:
    """Returns the variables that the step reads, in the order of its arguments."""
    function, specs = self.function(replica_batch)
    with tf1_tensor_equality():
      concrete = function.get_concrete_function(*specs)
      by_handle = {id(variable.handle): variable for variable in concrete.variables}
    return [by_handle[id(handle)] for handle in concrete.captured_inputs]

  def _function(
    self, replica_batch: int
  ) -> tuple[tf.types.experimental.PolymorphicFunction, list[tf.TensorSpec]]:
    """Returns the step as a function of batches of static shape, and the specs of its arguments.

    The arguments are the fields, such as image uint8 [n, H, W, C] and label int32 [n], of each of
    `batches_per_step` batches, in the order of their names, where n is the replica's batch divided
    by `--accumulate`. The results are the step's scalars in the order of their names.

    Args:
      replica_batch: Images of one replica per update.

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
        self.tags = sorted(scalars)
        return [scalars[name] for name in self.tags]

    return step, tf.nest.flatten(batches)

  def stablehlo(self, replica_batch: int) -> str:
    """Returns the text of an MLIR module whose function main is the step.

    The arguments of main are those of `function`, followed by every variable that the step reads.
    The results are those of `function`, followed by every variable that the step changes, each of
    which takes the place of its argument.

    Args:
      replica_batch: Images of one replica per update.

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
    # TensorFlow marks copies by mhlo.copy, which is not StableHLO; the barrier is an identity.
    return re.sub(r'\bmhlo\.copy\b', 'stablehlo.optimization_barrier', text)
