"""Large matrices in temporary files: equal to those in memory, and no memory is kept."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.kinds import METRICS
from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError, WriteError
from tfgan_pipeline.metrics import stored_rows
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.stored_rows import StoredRows, release, row_blocks
from tfgan_pipeline.references.large_arrays import read_large_arrays


@pytest.fixture
def on_disk(monkeypatch):
  monkeypatch.setattr(stored_rows, '_IN_MEMORY', 100)


def stored(matrix: np.ndarray, size: int = 7) -> np.ndarray:
  rows = StoredRows()
  for first in range(0, len(matrix), size):
    rows.append(matrix[first : first + size])
  return rows.matrix()


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_rows_come_back(on_disk, dtype):
  matrix = np.random.default_rng(0).normal(size=(40, 5)).astype(dtype)
  found = stored(matrix)
  assert isinstance(found, np.memmap) and found.dtype == dtype
  np.testing.assert_array_equal(found, matrix)
  np.testing.assert_array_equal(np.concatenate(list(row_blocks(found, 9))), matrix)
  assert not isinstance(stored(matrix[:2]), np.memmap)


def test_memory_is_given_back(on_disk):
  found = stored(np.ones((2000, 10_000), np.float32), 500)  # 80 MB.

  def resident() -> float:
    with open('/proc/self/status') as file:
      return next(int(line.split()[1]) / 1024 for line in file if line.startswith('RssFile'))

  before = resident()
  assert found.sum() == 2e7
  assert resident() > before + 60
  release(found)
  assert resident() < before + 10
  peak = max(resident() for rows in row_blocks(found, 100) if rows.sum() == 1e6)
  assert peak < before + 20


@pytest.mark.parametrize('name', METRICS)
def test_metrics_are_those_of_arrays_in_memory(name, on_disk, sample, chosen):
  sets = chosen(sample(0, 60)), chosen(sample(1, 40, law=1, shift=1.0))
  mapped = [
    Features(stored(x.pool), stored(x.logits), labels=x.labels, codes=x.codes) for x in sets
  ]
  assert registry.metric.build(name, *mapped) == registry.metric.build(name, *sets)


def test_values_that_are_not_finite_are_found_there(on_disk):
  matrix = np.ones((40, 5))
  matrix[33, 2] = np.nan
  with pytest.raises(UsageError, match='1 of 200 values'):
    Features(stored(matrix))


def test_a_full_disk_is_named(on_disk, monkeypatch):
  def full():
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(stored_rows.tempfile, 'TemporaryFile', full)
  with pytest.raises(WriteError, match='no room for .* MB of features .*; set TMPDIR'):
    stored(np.ones((40, 5)))


def test_arrays_of_an_npz_file(on_disk, tmp_path):
  path = str(tmp_path / 'a.npz')
  pool, labels = np.random.default_rng(0).normal(size=(40, 5)), np.arange(40)
  np.savez(path, pool=pool, labels=labels, definition=np.array('text'))
  found = read_large_arrays(path, ('pool', 'logits', 'labels'))
  assert set(found) == {'pool', 'labels'} and isinstance(found['pool'], np.memmap)
  np.testing.assert_array_equal(found['pool'], pool)
  np.testing.assert_array_equal(found['labels'], labels)
  np.savez_compressed(path, pool=pool[:, :1])
  np.testing.assert_array_equal(read_large_arrays(path, ['pool'])['pool'], pool[:, :1])


def test_what_is_no_such_file(tmp_path):
  path = tmp_path / 'a.npz'
  with pytest.raises(UsageError, match='no such file'):
    read_large_arrays(str(path), ['pool'])
  np.savez(path, pool=np.ones((40, 5)))
  content = path.read_bytes()
  changed = content.replace(np.float64(1).tobytes(), np.float64(2).tobytes(), 1)
  objects = tmp_path / 'objects.npz'
  np.savez(objects, pool=np.array([[{}]], object))
  for wrong in (b'', content[: len(content) // 2], changed, objects.read_bytes()):
    path.write_bytes(wrong)
    with pytest.raises(UsageError, match='a.npz: not an .npz file'):
      read_large_arrays(str(path), ['pool'])
