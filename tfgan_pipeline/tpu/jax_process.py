"""Runs an exported step by JAX, in a process without TensorFlow, on the devices that JAX has.

    python -m tfgan_pipeline.tpu.jax_process < requests > answers

Requests and answers are pickles. The first request is a dict of 'stablehlo', 'replicas' and
'variables', a list of arrays in the order of the step's arguments, and is answered with a dict of
'device' or 'error'. Every further one is a list of the arrays of a step's batches, for all replicas
together, and is answered with the list of the step's scalars, each [replicas]. None is answered
with the list of variables, and ends the process.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
import pickle
import re
import sys
from typing import Any

import numpy as np


class Program:
  """A compiled step, with the variables on its devices.

  Args:
    stablehlo: Text of the module of one replica.
    replicas: Number of replicas, each on a device of its own.
    variables: Arrays in the order of the step's arguments, behind those of the batches.

  Attributes:
    device: The kind of the devices, in words.
    variables: The variables as they are now.
  """

  def __init__(self, stablehlo: str, replicas: int, variables: Sequence[np.ndarray]):
    import jax
    from jax.interpreters import mlir
    from jaxlib import xla_client
    from jaxlib.mlir import ir

    jax.config.update('jax_enable_x64', True)  # Counters are int64.
    devices = jax.devices()[:replicas]
    if len(devices) < replicas:
      raise ValueError(f'JAX has {len(devices)} devices here, not {replicas}')
    self._jax = jax
    self.device = f'{replicas} x {devices[0].device_kind}'
    mesh = jax.sharding.Mesh(np.array(devices), ('replica',))
    spec = jax.sharding.PartitionSpec
    self._shared = jax.sharding.NamedSharding(mesh, spec())
    self._split = jax.sharding.NamedSharding(mesh, spec('replica'))
    options = xla_client.CompileOptions()
    options.num_replicas = replicas
    options.device_assignment = xla_client.DeviceAssignment.create(
      np.arange(replicas).reshape(-1, 1)
    )
    with mlir.make_ir_context():
      module = ir.Module.parse(stablehlo)
      self._program = devices[0].client.compile_and_load(
        module, xla_client.DeviceList(tuple(devices)), options
      )
    # Result of the step -> argument whose place it takes.
    places = re.findall(
      r'parameter_number = (\d+) : i64}, output_index = array<i64: (\d+)>', stablehlo
    )
    self._argument_of = {int(result): int(argument) for argument, result in places}
    self.variables = [jax.device_put(value, self._shared) for value in variables]

  def step(self, batches: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Makes one step, which changes the variables; returns its scalars, each [replicas]."""
    given = [self._jax.device_put(batch, self._split) for batch in batches]
    results = self._program.execute_sharded([*given, *self.variables])
    scalars = []
    for number, shards in enumerate(results.disassemble_into_single_device_arrays()):
      argument = self._argument_of.get(number)
      if argument is None:
        scalars.append(np.stack([np.asarray(shard) for shard in shards]))
      else:
        self.variables[argument - len(given)] = self._jax.make_array_from_single_device_arrays(
          shards[0].shape, self._shared, list(shards)
        )
    return scalars


def main() -> None:
  """Answers requests until None or the end of them."""
  requests = sys.stdin.buffer
  answers = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)  # Whatever a library prints is no answer.

  def answer(value: Any) -> None:
    pickle.dump(value, answers)
    answers.flush()

  try:
    program = Program(**pickle.load(requests))
  except Exception as error:  # Any error: the calling process reports it.
    return answer({'error': f'{type(error).__name__}: {error}'})
  answer({'device': program.device})
  while (batches := pickle.load(requests)) is not None:
    answer(program.step(batches))
  return answer([np.asarray(value) for value in program.variables])


if __name__ == '__main__':
  main()
