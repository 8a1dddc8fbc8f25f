"""Two versions of the package in one environment, and what their runs have in common.

    with Version(check_out(commit, folder), folder / 'log') as version:
      version.run('train', '--model_dir=/tmp/run')
    compare_tensors('/tmp/run', '/tmp/other')

Nothing here imports the package: a version is driven through its binaries, however its modules are
arranged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = pathlib.Path(__file__).with_name('driver.py')
_RATE = re.compile(r'per_second|seconds')  # Depends on the machine's mood.


def has_commit(commit: str) -> bool:
  """Returns whether git is installed and has the commit; a shallow clone may lack it."""
  try:
    found = subprocess.run(
      ['git', '-C', str(ROOT), 'cat-file', '-e', f'{commit}^{{commit}}'], capture_output=True
    )
  except OSError:
    return False
  return found.returncode == 0


def check_out(commit: str, folder: pathlib.Path) -> pathlib.Path:
  """Writes the package of a commit or tag into a new folder, and returns that."""
  folder.mkdir(parents=True)
  archive = ['git', '-C', str(ROOT), 'archive', commit, 'tfgan_pipeline']
  tar = subprocess.run(archive, stdout=subprocess.PIPE, check=True).stdout
  subprocess.run(['tar', '-x', '-C', str(folder)], input=tar, check=True)
  return folder


class Version:
  """The binaries of one checkout, started quickly; a context manager.

  Args:
    root: The checkout.
    log: File for what its binaries print.
  """

  def __init__(self, root: pathlib.Path, log: pathlib.Path):
    self._log = log
    self._process = subprocess.Popen(
      [sys.executable, str(DRIVER)],
      cwd=root,
      env={**os.environ, 'PYTHONPATH': str(root), 'TF_CPP_MIN_LOG_LEVEL': '3'},
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    )

  def run(self, name: str, *arguments: str) -> str:
    """Runs `tfgan_pipeline.bin.<name>` to its end and returns what it printed.

    Raises:
      RuntimeError: Its exit code is not 0; the message has its last lines.
    """
    self._log.write_text('')
    self._process.stdin.write(json.dumps([str(self._log), name, *arguments]) + '\n')
    self._process.stdin.flush()
    code = self._process.stdout.readline().strip()
    text = self._log.read_text()
    if code != '0':
      tail = '\n'.join(text.splitlines()[-5:])
      raise RuntimeError(f'tfgan_pipeline.bin.{name} ended with {code or "the driver"}: {tail}')
    return text

  def components(self, kind: str) -> list[str]:
    """Names of registered components, from --list."""
    listed = re.search(rf'^{kind}:\n((?:  .*\n)*)', self.run('train', '--list'), re.MULTILINE)
    return re.findall(r'^  (\w+)', listed[1], re.MULTILINE)

  def __enter__(self) -> Version:
    return self

  def __exit__(self, *_):
    self._process.stdin.close()
    self._process.wait()
    self._process.stdout.close()


@dataclasses.dataclass
class Comparison:
  """Counts of equal values and descriptions of differing ones.

  Attributes:
    same: How many values are equal, to the last bit.
    differing: One line for each that differs.
    one_sided: Names that only one side has, marked with that side.
  """

  same: int = 0
  differing: list[str] = dataclasses.field(default_factory=list)
  one_sided: list[str] = dataclasses.field(default_factory=list)

  def add(self, name: str, old: Any, new: Any) -> None:
    difference = _difference(old, new)
    if difference:
      self.differing.append(f'{name}: {difference}')
    else:
      self.same += 1

  def add_all(self, old: dict[str, Any], new: dict[str, Any], prefix: str = '') -> None:
    """Compares what both have."""
    for name in old.keys() & new.keys():
      self.add(f'{prefix}{name}', old[name], new[name])
    self.one_sided += [f'only old: {prefix}{name}' for name in sorted(old.keys() - new.keys())]
    self.one_sided += [f'only new: {prefix}{name}' for name in sorted(new.keys() - old.keys())]

  def __str__(self) -> str:
    count = self.same + len(self.differing)
    if not count:
      return 'NOTHING'
    text = f'{len(self.differing)} of {count} DIFFER' if self.differing else f'{count} same'
    return text + (f' (+{len(self.one_sided)})' if self.one_sided else '')

  @property
  def ok(self) -> bool:
    """Whether there was something to compare, and no difference in it."""
    return bool(self.same) and not self.differing


def compare_tensors(
  old: pathlib.Path, new: pathlib.Path, steps: Iterable[int] | None = None
) -> Comparison:
  """Compares all checkpoints, or those of `steps`, tensor by tensor."""
  found, sides = Comparison(), [_checkpoints(run) for run in (old, new)]
  for step in sorted(steps or sides[0].keys() | sides[1].keys()):
    if all(step in side for side in sides):
      found.add_all(*(_tensors(side[step]) for side in sides), prefix=f'step {step} ')
    else:
      found.differing.append(f'step {step}: one side has no such checkpoint')
  return found


def compare_lines(old: pathlib.Path, new: pathlib.Path, name: str) -> Comparison:
  """Compares train/<name>.jsonl, every value of every line, rates left out."""
  found, sides = Comparison(), []
  for run in (old, new):
    path = run / 'train' / f'{name}.jsonl'
    text = path.read_text() if path.exists() else ''
    lines = [json.loads(line) for line in text.splitlines()]
    # Version 0.1.0 wrote no checksums, and so no line of step 0, which has nothing else.
    sides.append([line for line in lines if line.keys() - {'step', 'checksum'}])
  if [line['step'] for line in sides[0]] != [line['step'] for line in sides[1]]:
    found.differing.append(f'{name}.jsonl: lines of other steps')
    return found
  for lines in zip(*sides):
    values = [{k: v for k, v in line.items() if not _RATE.search(k)} for line in lines]
    if not all('checksum' in line for line in lines):
      values = [{k: v for k, v in line.items() if k != 'checksum'} for line in values]
    found.add_all(*values, prefix=f'step {lines[0]["step"]} ')
  return found


def compare_samples(
  old: pathlib.Path, new: pathlib.Path, names: Iterable[str] | None = None
) -> Comparison:
  """Compares the pixels of all pictures in samples/, or of those named."""
  found = Comparison()
  wanted = set(names or ())
  sides = [
    {
      path.name: np.asarray(Image.open(path))
      for path in (run / 'samples').glob('*.png')
      if not wanted or path.name in wanted
    }
    for run in (old, new)
  ]
  found.add_all(*sides)
  return found


def compare_scores(old: pathlib.Path, new: pathlib.Path) -> Comparison:
  """Compares all scores of all records in eval/*/scores.jsonl."""
  found = Comparison()
  found.add_all(*(_scores(run) for run in (old, new)))
  return found


def _scores(run: pathlib.Path) -> dict[str, float]:
  records = [
    json.loads(line)
    for path in run.glob('eval/*/scores.jsonl')
    for line in path.read_text().splitlines()
  ]
  return {
    f'step {record["step"]} {name}': value
    for record in records
    for name, value in record['scores'].items()
  }


def _checkpoints(run: pathlib.Path) -> dict[int, str]:
  paths = (run / 'checkpoints').glob('ckpt-*.index')
  return {int(path.stem[len('ckpt-') :]): str(path.with_suffix('')) for path in paths}


def _tensors(prefix: str) -> dict[str, np.ndarray]:
  with _stderr_closed():
    import tensorflow as tf
  reader = tf.train.load_checkpoint(prefix)
  names = set(reader.get_variable_to_shape_map()) - {'_CHECKPOINTABLE_OBJECT_GRAPH'}
  return {name: reader.get_tensor(name) for name in names}


@contextlib.contextmanager
def _stderr_closed() -> Iterator[None]:
  """Holds back what TensorFlow prints while it is imported."""
  sys.stderr.flush()
  kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
  os.dup2(null, 2)
  try:
    yield
  finally:
    os.dup2(kept, 2)
    os.close(kept)
    os.close(null)


def _difference(old: Any, new: Any) -> str:
  """Describes the difference of two arrays; '' where they are equal to the last bit."""
  old, new = np.asarray(old), np.asarray(new)
  if (old.dtype, old.shape) != (new.dtype, new.shape):
    return f'{old.dtype}{list(old.shape)}, now {new.dtype}{list(new.shape)}'
  if old.tobytes() == new.tobytes() or (old.dtype == object and (old == new).all()):
    return ''
  if old.dtype.kind in 'OSU':
    return f'{old}, now {new}'
  apart = np.abs(old.astype(np.float64) - new.astype(np.float64))
  return f'{np.count_nonzero(apart)} of {apart.size} values, the largest by {np.max(apart):.1e}'
