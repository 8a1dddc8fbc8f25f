"""Runs of older versions are continued, and a difference of one bit would be seen."""

import json
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image
import pytest
import resume_older
import versions

from tests.conftest import checkpoint


@pytest.mark.heavy
@pytest.mark.parametrize('commit', resume_older.recorded())
def test_continued(commit, capsys):
  if not versions.has_commit(commit):
    pytest.skip(f'git knows no commit {commit} here: a shallow clone, or none')
  found = subprocess.run(
    [sys.executable, resume_older.__file__, commit], capture_output=True, text=True
  )
  with capsys.disabled():
    print('\n' + found.stdout)
  assert found.returncode == 0, found.stdout + found.stderr
  assert found.stdout.count(': continued') == len(resume_older.RUNS)


def flip_tensor(run):
  """Writes the newest checkpoint anew, one bit of one tensor changed."""
  import tensorflow as tf

  tensors = checkpoint(run, 4)
  name = next(name for name in sorted(tensors) if tensors[name].dtype == np.float32)
  tensors[name].reshape(-1).view(np.int32)[0] ^= 1
  names = sorted(tensors)
  tf.raw_ops.SaveV2(
    prefix=str(run / 'checkpoints/ckpt-000004'),
    tensor_names=names,
    shape_and_slices=[''] * len(names),
    tensors=[tensors[name] for name in names],
  )
  return f'step 4 {name}: 1 of '


def change_line(run):
  path = run / 'train/train.jsonl'
  lines = path.read_text().splitlines()
  line = json.loads(lines[1])
  tag = next(tag for tag in line if tag.startswith('loss/'))
  line[tag] = float(np.nextafter(line[tag], 1))
  path.write_text('\n'.join([lines[0], json.dumps(line), *lines[2:]]) + '\n')
  return f'step {line["step"]} {tag}: 1 of 1 '


def change_pixel(run):
  path = run / 'samples/fakes-000004.png'
  pixels = np.array(Image.open(path))
  pixels.flat[5] ^= 1
  Image.fromarray(pixels).save(path)
  return f'fakes-000004.png: 1 of {pixels.size} '


@pytest.mark.parametrize(
  'change, compare',
  [
    (flip_tensor, versions.compare_tensors),
    (change_line, lambda *runs: versions.compare_lines(*runs, 'train')),
    (change_pixel, versions.compare_samples),
  ],
)
def test_one_bit_is_seen(tiny_run, tmp_path, change, compare):
  shutil.copytree(tiny_run, tmp_path / 'run')
  assert compare(tiny_run, tmp_path / 'run').ok
  line = change(tmp_path / 'run')
  found = compare(tiny_run, tmp_path / 'run')
  assert not found.ok and len(found.differing) == 1
  assert found.differing[0].startswith(line)
