"""Compiles StableHLO for a TPU slice, on a machine that has none, in a process of its own.

    python -m tfgan_pipeline.tpu.compile_process v5e:2x2 < step.mlir

Prints one line of JSON on stdout, which compiler.py reads: the needs of the compiled program or,
under 'no_topology' or 'error', why there is none. The compiler is that of PyPI's libtpu, driven
through jaxlib. Both need a process without TensorFlow, and may abort their process.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from typing import Any

from tfgan_pipeline.tpu.traffic import hbm_bytes

# Without some of these, libtpu asks the machine's metadata server, and waits for minutes if there
# is none. 'v4-8' is any valid type, since the slice to compile for is passed to the compiler. The
# first one disables libtpu's lock, which reserves the TPU for one process: no TPU is used here.
_NO_TPU_HERE = {
  'ALLOW_MULTIPLE_LIBTPU_LOAD': '1',
  'JAX_PLATFORMS': 'cpu',
  'TPU_SKIP_MDS_QUERY': '1',
  'TPU_WORKER_HOSTNAMES': 'localhost',
  'TPU_ACCELERATOR_TYPE': 'v4-8',
}


def compile_for(topology: str, stablehlo: str) -> dict[str, Any]:
  """Compiles a module for every core of a slice; returns the needs of one replica's program.

  Args:
    topology: Name of the slice as libtpu spells it, such as 'v5e:2x2'.
    stablehlo: The text of a module.

  Returns:
    'replicas', 'seconds' of compilation, bytes of 'arguments', 'outputs', 'aliased' (outputs in
    place of arguments), 'temporaries' and 'code', 'flops' and 'bytes_accessed' of one run as the
    compiler counts them, 'hbm_bytes' as traffic.py counts them, and 'versions'. Or 'no_topology'
    only: why libtpu knows no such slice.
  """
  from jax.experimental import topologies
  from jax.interpreters import mlir
  from jaxlib import xla_client
  from jaxlib.mlir import ir
  import numpy as np

  try:
    devices = topologies.get_topology_desc(platform='tpu', topology_name=topology).devices
  except RuntimeError as error:
    if 'INVALID_ARGUMENT' not in str(error):
      raise
    return {'no_topology': str(error)}
  options = xla_client.CompileOptions()
  options.num_replicas = len(devices)
  options.device_assignment = xla_client.DeviceAssignment.create(
    np.arange(len(devices)).reshape(-1, 1)
  )
  start = time.monotonic()
  with mlir.make_ir_context():
    module = ir.Module.parse(stablehlo)
    program = devices[0].client.compile(module, xla_client.DeviceList(tuple(devices)), options)
  memory, cost = program.get_compiled_memory_stats(), program.cost_analysis()
  return {
    'replicas': len(devices),
    'seconds': round(time.monotonic() - start, 1),
    'arguments': memory.argument_size_in_bytes,
    'outputs': memory.output_size_in_bytes,
    'aliased': memory.alias_size_in_bytes,
    'temporaries': memory.temp_size_in_bytes,
    'code': memory.generated_code_size_in_bytes,
    'flops': cost['flops'],
    'bytes_accessed': cost['bytes accessed'],
    'hbm_bytes': sum(hbm_bytes(module.to_string()) for module in program.hlo_modules()),
    'versions': {name: importlib.metadata.version(name) for name in ('jax', 'libtpu')},
  }


def main() -> None:
  """Compiles the module on stdin for the slice in the first argument; prints the result as JSON."""
  os.environ.update(_NO_TPU_HERE)
  try:
    result = compile_for(sys.argv[1], sys.stdin.read())
  except Exception as error:  # Any error: the calling process reports it.
    result = {'error': f'{type(error).__name__}: {error}'}
  # After a line feed, since libtpu may have printed an unfinished line.
  print('\n' + json.dumps(result), flush=True)


if __name__ == '__main__':
  main()
