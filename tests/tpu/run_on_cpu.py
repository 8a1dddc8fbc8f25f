"""Runs an exported step once on CPU devices.

    python run_on_cpu.py REPLICAS STEP.mlir IN.npz OUT.npz

IN.npz holds the arguments as 000, 001, ...: images and labels for all replicas together, variables
once. OUT.npz gets what every replica returns, stacked.
"""

import os
import sys

replicas = int(sys.argv[1])
os.environ['JAX_PLATFORMS'] = 'cpu'
os.environ['XLA_FLAGS'] = f'--xla_force_host_platform_device_count={replicas}'

import jax  # noqa: E402
from jax.interpreters import mlir  # noqa: E402
from jaxlib import xla_client  # noqa: E402
from jaxlib.mlir import ir  # noqa: E402
import numpy as np  # noqa: E402

jax.config.update('jax_enable_x64', True)
devices = jax.devices()
assert len(devices) == replicas
options = xla_client.CompileOptions()
options.num_replicas = replicas
options.device_assignment = xla_client.DeviceAssignment.create(np.arange(replicas).reshape(-1, 1))
with mlir.make_ir_context(), open(sys.argv[2]) as file:
  module = ir.Module.parse(file.read())
  program = devices[0].client.compile_and_load(
    module, xla_client.DeviceList(tuple(devices)), options
  )
mesh = jax.sharding.Mesh(np.array(devices), ('replica',))
inputs = np.load(sys.argv[3])
batch = int(inputs['batch'])
arguments = [
  jax.device_put(
    inputs[name],
    jax.sharding.NamedSharding(
      mesh, jax.sharding.PartitionSpec(*(['replica'] if int(name) < batch else []))
    ),
  )
  for name in sorted(inputs.files)
  if name != 'batch'
]
results = program.execute_sharded(arguments).disassemble_into_single_device_arrays()
np.savez(
  sys.argv[4],
  **{
    f'{index:03d}': np.stack([np.asarray(shard) for shard in shards])
    for index, shards in enumerate(results)
  },
)
