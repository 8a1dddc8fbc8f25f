"""Facts of the training steps that presets compile to, stored to notice a change of any.

    python -m tests.tpu.programs                      # all presets that changed or are new
    python -m tests.tpu.programs mnist_dcgan          # one of them

Writes programs.json: of each preset's step, for 8 replicas if these can share the batch and else
for one, the number of operations by kind and type of result, the arguments by shape and their
bytes, and the floating-point operations of products and convolutions. (HBM as the TPU's compiler
lays it out is in docs/data/tpu_slices.csv.) A step that is traced twice, an operation in another
precision, a transposed layout, a variable that is read twice, all change them, on a machine without
an accelerator. Whoever changes a step runs this, and says so in the commit.
"""

from __future__ import annotations

from collections import Counter
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

from tests.benchmarks.tpu_slices import DRAWN, shape_of

ROOT = pathlib.Path(__file__).parents[2]
STORED = pathlib.Path(__file__).with_name('programs.json')
_LEFT_OUT = (
  'div2k_srgan',  # Its losses read a file of weights.
  *('mnist_anogan', 'stacked_mnist_dcgan', 'stacked_mnist_r3gan'),  # Nothing stands for their data.
  *('imagenet128_biggan', 'imagenet128_sagan'),  # Take minutes.
)
_TYPE = re.compile(r'tensor<([^<>]*)>')
_PARTS = re.compile(r'((?:\d+x)*)(.*)')  # Of a type: its sides, and that of its elements.
_OPERATION = re.compile(r'= "?(?:stablehlo|chlo)\.(\w+)')
_BYTES = {
  'f32': 4,
  'bf16': 2,
  'f16': 2,
  'i64': 8,
  'ui64': 8,
  'i32': 4,
  'ui32': 4,
  'ui8': 1,
  'i1': 1,
}
_CONSTANT = 'constant'  # Whose number depends on how TensorFlow folds them.


def presets() -> list[str]:
  """Returns the presets whose step can be made without data or extras."""
  names = sorted(path.stem for path in (ROOT / 'flags').glob('*.flags'))
  return [name for name in names if not name.startswith(DRAWN) and _has_shape(name)]


def _has_shape(name: str) -> bool:
  if name in _LEFT_OUT:
    return False
  try:
    return bool(shape_of(name))
  except StopIteration:
    return False


def program(preset: str) -> str:
  """Returns the StableHLO of a preset's step, by the real binary."""
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, 'step.mlir')
    batch = re.search(r'^--batch_size=(\d+)', (ROOT / f'flags/{preset}.flags').read_text(), re.M)
    slice_name = 'v5e:1x1' if batch and int(batch[1]) % 8 else 'v5e:2x4'
    flags = (f'--flagfile={ROOT}/flags/{preset}.flags', *shape_of(preset))
    command = (sys.executable, '-m', 'tfgan_pipeline.bin.tpu_check', *flags)
    command = (*command, f'--topology={slice_name}', f'--export_stablehlo={path}')
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return path.read_text()


def facts(text: str) -> dict[str, Any]:
  """Returns the operations, arguments and products of a module of StableHLO."""
  operations: Counter[str] = Counter()
  flops = 0
  for line in text.splitlines():
    if found := _OPERATION.search(line):
      kind, types = found[1], _TYPE.findall(line)
      if line.rstrip().endswith('({'):  # Its type stands behind its body.
        operations[kind] += 1
      elif kind != _CONSTANT and types:
        operations[f'{kind} {_dtype(types[-1])}'] += 1
        flops += _flops(kind, line, types)
  main = next(line for line in text.splitlines() if 'func.func @main(' in line)
  arguments = Counter(_TYPE.findall(main.split(') ->')[0]))
  return {
    'operations': dict(sorted(operations.items())),
    'arguments': dict(sorted(arguments.items())),
    'argument_bytes': sum(
      count * math.prod(_sides(one)) * _BYTES[_dtype(one)] for one, count in arguments.items()
    ),
    'flops': flops,
  }


def _dtype(tensor: str) -> str:
  return _PARTS.fullmatch(tensor)[2]


def _flops(kind: str, line: str, types: list[str]) -> int:
  """Returns twice the multiplications, by zeros too, of a product or convolution, else 0."""
  *operands, result = (_sides(one) for one in types)
  if kind == 'dot_general':
    contracted = re.search(r'contracting_dims = \[([\d, ]*)\]', line)
    places = (
      [int(place) for place in contracted[1].split(',') if place.strip()] if contracted else []
    )
    return 2 * math.prod(result) * math.prod(operands[0][place] for place in places)
  if kind == 'convolution':
    layout = re.search(r'dim_numbers = \[[^\]]*\]x\[([^\]]*)\]', line)
    # Each output is a sum over the kernel but for its side of outputs, written o.
    names = [name.strip() for name in layout[1].split(',')] if layout else []
    kernel = [side for name, side in zip(names, operands[1]) if name != 'o']
    return 2 * math.prod(result) * math.prod(kernel)
  return 0


def _sides(tensor: str) -> list[int]:
  return [int(side) for side in _PARTS.fullmatch(tensor)[1].split('x')[:-1]]


def differences(preset: str, found: dict[str, Any], stored: dict[str, Any]) -> list[str]:
  """Returns what is another number, as 'mnist_dcgan: convolution f32: 30, was 24'."""
  lines = []
  for part in ('operations', 'arguments'):
    for name in sorted({*found[part], *stored[part]}):
      new, old = (facts[part].get(name, 0) for facts in (found, stored))
      if new != old:
        lines.append(f'{preset}: {name}: {new}, was {old}')
  for name in ('flops', 'argument_bytes'):
    if found[name] != stored[name]:
      lines.append(f'{preset}: {name}: {found[name]:,}, was {stored[name]:,}')
  return lines


def read() -> dict[str, dict[str, Any]]:
  """Returns the stored facts by preset."""
  return json.loads(STORED.read_text()) if STORED.exists() else {}


def main(names: list[str]) -> None:
  """Stores the facts of presets and prints what changed."""
  for name in names or presets():
    found, stored = facts(program(name)), read()
    for line in differences(name, found, stored[name]) if name in stored else [f'{name}: new']:
      print(line, flush=True)
    STORED.write_text(json.dumps({**stored, name: found}, indent=1, sort_keys=True) + '\n')


if __name__ == '__main__':
  main(sys.argv[1:])
