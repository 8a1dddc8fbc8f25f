"""Check of an experiment's step: does it compile for a TPU, fit it, and how fast is it at best.

    exporter = StepExporter(experiment, dataset, topology.replicas)
    result = check(exporter, topology, batch_size=64)

The speed is the bound of the roofline model (Williams et al. 2009, doi:10.1145/1498765.1498785): a
step takes at least the time of its floating-point operations at the chip's published peak, and of
its traffic with HBM at the published bandwidth. The host, communication between chips, and waits of
one unit for another take time on top; a step of many small operations is far from the bound.
"""

from __future__ import annotations

import math
from typing import Any

from tfgan_pipeline.tpu.compiler import CompilationError, Program, compile_step
from tfgan_pipeline.tpu.export import LoweringError, StepExporter
from tfgan_pipeline.tpu.topology import Topology

Result = dict[str, Any]


def check(exporter: StepExporter, topology: Topology, batch_size: int) -> Result:
  """Exports and compiles one step, and returns whether it fits and how fast it is at best.

  Args:
    exporter: Exporter of the step, for as many replicas as the slice has.
    topology: The slice.
    batch_size: Images per global batch.

  Returns:
    'topology', 'chips', 'replicas', 'batch_size', 'replica_batch', 'compiles' and 'fits' (None if
    not known). For a step that compiles, the result of `judge`, too. For another, 'refused_by',
    'op' (the operation at fault, None if not named) and 'error'; and, if HBM is too small,
    'hbm_share', the HBM needed over the HBM available (None if not known).

  Raises:
    UsageError: The batch does not divide among the replicas, or the slice does not exist.
  """
  replica_batch = topology.replica_batch_size(batch_size)
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
    refusal = {'refused_by': 'TensorFlow', 'op': error.op, 'error': str(error)}
    return {**result, 'compiles': False, 'fits': None, **refusal}
  except CompilationError as error:
    refusal = {'refused_by': 'TPU compiler', 'op': error.op, 'error': str(error)}
    if error.hbm_share is None:
      return {**result, 'compiles': False, 'fits': None, **refusal}
    share = error.hbm_share if math.isfinite(error.hbm_share) else None
    return {**result, 'compiles': False, 'fits': False, 'hbm_share': share, **refusal}
  fits = program.hbm <= topology.hbm_per_replica
  return {**result, 'compiles': True, 'fits': fits, **judge(program, topology, batch_size)}


def judge(program: Program, topology: Topology, batch_size: int) -> Result:
  """Returns a program's use of memory and its best possible speed by the roofline model.

  Args:
    program: The compiled step of one replica.
    topology: The slice.
    batch_size: Images per global batch.

  Returns:
    'hbm', bytes of one replica by use; 'flops', 'hbm_bytes' and 'bytes_accessed' of one replica in
    one step, see compiler.Program; 'arithmetic_intensity', FLOP per byte of HBM traffic;
    'bound_by', 'compute' or 'memory'; 'step_seconds' and 'images_per_second' (images of the global
    batch) at the roofline; 'compile_seconds' and 'versions'.
  """
  seconds = {
    'compute': program.flops / topology.flops_per_replica,
    'memory': program.hbm_bytes / topology.bandwidth_per_replica,
  }
  bound = max(seconds, key=lambda kind: seconds[kind])
  parts = ('arguments', 'outputs', 'aliased', 'temporaries', 'code')
  return {
    'hbm': {
      'used': program.hbm,
      'available': topology.hbm_per_replica,
      **{part: getattr(program, part) for part in parts},
    },
    'flops': program.flops,
    'hbm_bytes': program.hbm_bytes,
    'bytes_accessed': program.bytes_accessed,
    'arithmetic_intensity': program.flops / program.hbm_bytes,
    'bound_by': bound,
    'step_seconds': seconds[bound],
    'images_per_second': batch_size / seconds[bound],
    'compile_seconds': program.seconds,
    'versions': program.versions,
  }
