"""Rows of docs/data/tpu_slices.csv: what tfgan-tpu-check says of presets on slices of TPUs.

    python -m tests.benchmarks.tpu_slices mnist_dcgan mnist_hinge --topology=v5e:2x2,v6e:2x2

Needs the extra tpu-check and no data. Rows of other presets and slices are kept. Further flags are
passed on, such as a --model whose features are of a file of weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import json
import pathlib
import subprocess
import sys
from typing import Any

from tests.benchmarks import csv_rows

ROOT = pathlib.Path(__file__).parents[2]
# Keys of a JSON line of tfgan-tpu-check, those of a nested one behind a dot.
COLUMNS = (
  *('preset', 'topology', 'batch_size', 'fits'),
  *('hbm.used', 'hbm.available', 'hbm.arguments', 'hbm.temporaries', 'hbm.code'),
  *('flops', 'hbm_bytes', 'arithmetic_intensity', 'step_seconds', 'images_per_second'),
  'versions.libtpu',
)
# Sides, channels and classes of the images of presets whose names begin so; the first that fits.
SIZES = {
  'digits': (32, 1, 10),
  'mnist': (28, 1, 10),
  'grid25': (2, 1, 25),
  'stacked_mnist_dcgan': (28, 3, 1000),
  'stacked_mnist_r3gan': (32, 3, 1000),
  'celeba_stargan': (128, 3, 5),
  'celeba': (28, 3, 0),
  'cifar10': (32, 3, 10),
  'celeb_a_hq128': (128, 3, 0),
  'imagenet128': (128, 3, 1000),
  'div2k': (96, 3, 0),
  'facades': ((256, 512), 3, 0),
  'horse2zebra': (256, 3, 0),
  'folk': ((128, 128), 1, 0),
}
# Presets whose data are drawn or come with a package, so that no flag stands for them.
DRAWN = 'openmoji', 'shapes', 'waves'


def row(preset: str, result: Mapping[str, Any]) -> dict[str, object]:
  """Returns a row, from a JSON line of the binary; what was refused has no sizes and no speed."""
  cells: dict[str, object] = {'preset': preset}
  for name in COLUMNS[1:]:
    value: Any = result
    for key in name.split('.'):
      value = value[key] if result['compiles'] else value.get(key, {})
    cells[name] = None if value == {} else value
  return cells


def shape_of(preset: str) -> tuple[str, ...]:
  """Returns flags that stand for the data of a preset."""
  if preset.startswith(DRAWN):
    return ()
  side, channels, classes = next(size for name, size in SIZES.items() if preset.startswith(name))
  height, width = side if isinstance(side, tuple) else (side, side)
  return f'--image_shape={height},{width},{channels}', f'--num_classes={classes}'


def check(preset: str, topology: str, more: Sequence[str] = ()) -> list[dict[str, Any]]:
  """Runs the binary; 1 is the exit code of a step that does not compile or fit on some slice."""
  flags = (f'--flagfile={ROOT}/flags/{preset}.flags', f'--topology={topology}', *shape_of(preset))
  command = (sys.executable, '-m', 'tfgan_pipeline.bin.tpu_check', *flags, *more)
  process = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
  if process.returncode not in (0, 1):
    raise SystemExit(process.returncode)
  return [json.loads(line) for line in process.stdout.splitlines()]


def write(path: str | pathlib.Path, preset: str, results: list[dict[str, Any]]) -> None:
  """Puts results of `check` into a CSV."""
  csv_rows.update(path, COLUMNS, [row(preset, result) for result in results], keys=2)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('presets', nargs='+', metavar='PRESET', help='as of flags/PRESET.flags')
  parser.add_argument('--topology', default='v5e:2x2', help='as of tfgan-tpu-check')
  parser.add_argument('--csv', default=csv_rows.DATA / 'tpu_slices.csv', help='the file')
  arguments, more = parser.parse_known_args()
  for preset in arguments.presets:
    write(arguments.csv, preset, check(preset, arguments.topology, more))


if __name__ == '__main__':
  main()
