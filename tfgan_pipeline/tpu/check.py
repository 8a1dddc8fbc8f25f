"""Whether an experiment's step compiles for a TPU, fits it, and how fast it could be at best.

    exporter = StepExporter(experiment, dataset, topology.replicas)
    result = check(exporter, topology, batch_size=64)

Speed is that of the roofline (Williams et al. 2009, doi:10.1145/1498765.1498785): a step takes no
less than its floating-point operations at the chip's published peak, nor than its bytes at the
published bandwidth. That leaves out the host and every wait, so expect less. In one way a step may
do better: the bytes are those of every fused operation, and what the compiler keeps on the chip
between two of them costs no memory traffic.
"""

from __future__ import annotations

from typing import Any

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.tpu.compiler import CompilationError, Program, compile_step
from tfgan_pipeline.tpu.export import LoweringError, StepExporter
from tfgan_pipeline.tpu.topology import Topology

Result = dict[str, Any]


def check(exporter: StepExporter, topology: Topology, batch_size: int) -> Result:
  """Exports, compiles and judges one step.

  Args:
    exporter: Of as many replicas as the slice has.
    topology: The slice.
    batch_size: Images per global batch.

  Returns:
    'compiles' and 'fits' (None: not known), and then either what `judge` says of the program, or
    'refused_by', 'op' (the operation at fault, None if it is not named) and 'error'.

  Raises:
    UsageError: The batch does not divide among the replicas, or the slice does not exist.
  """
  replica_batch = replica_batch_size(topology, batch_size)
  result = {
    'topology': topology.name,
    'chips': topology.chips,
    'replicas': topology.replicas,
    'batch_size': batch_size,
    'replica_batch': replica_batch,
  }
  try:
    program = compile_step(exporter.stablehlo(replica_batch), topology)
  except LoweringError as error:
    refusal = {'fits': None, 'refused_by': 'TensorFlow', 'op': error.op, 'error': str(error)}
    return {**result, 'compiles': False, **refusal}
  except CompilationError as error:
    fits = False if error.memory else None
    refusal = {'fits': fits, 'refused_by': 'TPU compiler', 'op': error.op, 'error': str(error)}
    return {**result, 'compiles': False, **refusal}
  fits = program.hbm <= topology.hbm_per_replica
  return {**result, 'compiles': True, 'fits': fits, **judge(program, topology, batch_size)}


def replica_batch_size(topology: Topology, batch_size: int) -> int:
  """Images per replica of a global batch. Raises UsageError if it does not divide."""
  if batch_size % topology.replicas:
    raise UsageError(
      f'--batch_size={batch_size}: should be a multiple of the {topology.replicas} replicas of '
      f'{topology.name}'
    )
  return batch_size // topology.replicas


def judge(program: Program, topology: Topology, batch_size: int) -> Result:
  """What a program needs and could reach.

  Returns:
    'hbm', bytes of one replica; 'flops' and 'bytes_accessed' of one replica in one step;
    'arithmetic_intensity', FLOP per byte; 'bound_by', compute or memory; 'step_seconds' and
    'images_per_second' (images of the global batch) at the roofline; 'compile_seconds', 'versions'.
  """
  seconds = {
    'compute': program.flops / topology.flops_per_replica,
    'memory': program.bytes_accessed / topology.bandwidth_per_replica,
  }
  bound = max(seconds, key=seconds.get)
  parts = ('arguments', 'outputs', 'aliased', 'temporaries', 'code')
  return {
    'hbm': {
      'used': program.hbm,
      'available': topology.hbm_per_replica,
      **{part: getattr(program, part) for part in parts},
    },
    'flops': program.flops,
    'bytes_accessed': program.bytes_accessed,
    'arithmetic_intensity': program.flops / program.bytes_accessed,
    'bound_by': bound,
    'step_seconds': seconds[bound],
    'images_per_second': batch_size / seconds[bound],
    'compile_seconds': program.seconds,
    'versions': program.versions,
  }
