"""Calls of the TPU compiler, which runs in another process.

compiler.require()
program = compiler.compile_step(text, Topology.parse('v5e:2x2'))
program.hbm, program.flops
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.tpu.topology import Topology

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PACKAGES = ('jax', 'libtpu')


@dataclasses.dataclass(frozen=True)
class Program:
  """A step compiled for one replica: sizes in bytes, work per step and replica.

  Attributes:
    arguments: Size of variables and batches.
    outputs: Size of changed variables and scalars.
    aliased: Size of the outputs that take the place of arguments.
    temporaries: Size of the memory that is used only during a step.
    code: Size of the program.
    flops: Floating-point operations, as the compiler counts them; a loop counts as one round.
    bytes_accessed: Bytes read and written by all operations, as the compiler counts them, in
      memories on the chip, too.
    hbm_bytes: Bytes read from and written to HBM, see traffic.py.
    seconds: Duration of the compilation.
    versions: Versions of jax and libtpu.
  """

  arguments: int
  outputs: int
  aliased: int
  temporaries: int
  code: int
  flops: float
  bytes_accessed: float
  hbm_bytes: int
  seconds: float
  versions: dict[str, str]

  @property
  def hbm(self) -> int:
    """Bytes of HBM that a step occupies."""
    return self.arguments + self.outputs - self.aliased + self.temporaries + self.code


class CompilationError(Exception):
  """The TPU compiler refuses the step.

  Attributes:
    op: The operation that the compiler names, or None.
    hbm_share: If HBM is too small, the HBM needed over the HBM available (infinite if the compiler
      does not say), else None.
  """

  def __init__(self, message: str):
    super().__init__(message)
    self.op = self.hbm_share = None
    if 'RESOURCE_EXHAUSTED' in message and re.search('hbm', message, re.IGNORECASE):
      sizes = [
        float(size) * 1024 ** ' KMGT'.index(unit or ' ')
        for size, unit in re.findall(r'\(([\d.]+)([KMGT]?)\)', message)
      ]
      self.hbm_share = sizes[0] / sizes[1] if len(sizes) == 2 and sizes[1] else math.inf
    else:
      match = re.search(r"type for (\w+)|emitter for (\w+)|custom op '([\w.]+)'", message)
      self.op = next(filter(None, match.groups()), None) if match else None


def require() -> None:
  """Raises UsageError unless the packages of the extra tpu-check are installed."""
  missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
  if missing:
    raise UsageError(
      f'tpu_check needs {" and ".join(missing)}: pip install {" ".join(missing)}, '
      'on Python 3.11 or newer'
    )


def environment() -> dict[str, str]:
  """Returns that of a child process, which imports the package from where this process did."""
  path = [str(_ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
  return {**os.environ, 'PYTHONPATH': os.pathsep.join(path)}


def compile_step(stablehlo: str, topology: Topology) -> Program:
  """Compiles a module for every replica of a slice.

  Args:
    stablehlo: The text of a module, such as that of StepExporter.stablehlo.
    topology: The slice.

  Raises:
    CompilationError: The compiler refuses the module, or crashes.
    UsageError: The compiler knows no such slice.
  """
  process = subprocess.run(
    [sys.executable, '-m', 'tfgan_pipeline.tpu.compile_process', topology.name],
    input=stablehlo,
    capture_output=True,
    text=True,
    env=environment(),
  )
  try:
    result = json.loads(process.stdout.splitlines()[-1])
  except (IndexError, ValueError):
    raise CompilationError(_format_exit(process)) from None
  if 'no_topology' in result:
    raise UsageError(f'--topology={topology.name}: {result["no_topology"]}')
  if 'error' in result:
    raise CompilationError(result['error'])
  if result.pop('replicas') != topology.replicas:
    raise UsageError(f'--topology={topology.name}: libtpu has another number of cores for it')
  return Program(**result)


def _format_exit(process: subprocess.CompletedProcess[str]) -> str:
  """Formats the exit code and the most telling line of stderr of a compiler that gave no result."""
  code = process.returncode
  end = signal.Signals(-code).name if code < 0 else f'exit code {code}'
  lines = [line for line in process.stderr.splitlines() if line.strip()]
  fatal = [line for line in lines if re.match(r'F\d{4}|.*Check failed', line)]
  return f'the compiler ended with {end}: {(fatal or lines or ["nothing said"])[-1]}'
