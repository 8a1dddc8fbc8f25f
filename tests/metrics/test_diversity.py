"""Vendi score and reference geometry: sets whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics import unit_rows
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.reference_geometry import reference_geometry
from tfgan_pipeline.metrics.spectrum import effective_number
from tfgan_pipeline.metrics.vendi import vendi


@pytest.mark.parametrize('groups, size, width', [(1, 9, 6), (4, 3, 6), (4, 1, 6), (4, 5, 90)])
def test_so_many_orthogonal_groups_have_that_score(groups, size, width):
  lengths = np.random.default_rng(0).uniform(0.5, 2, (groups * size, 1))
  pool = np.repeat(np.eye(width)[:groups], size, axis=0) * lengths
  scores = vendi(Features(pool), Features(pool))
  assert scores['vendi'] == scores['vendi_reference'] == pytest.approx(groups, rel=1e-12)


def test_vendi_is_the_entropy_of_the_matrix_of_cosines(sample, monkeypatch):
  for n in (5, 40):  # Fewer and more samples than features.
    x, y = sample(0, 30), sample(1, n, law=1)
    rows = y.pool / np.linalg.norm(y.pool, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(rows @ rows.T / n)
    values = values[values > 1e-12]
    expected = np.exp(-np.sum(values * np.log(values)))
    assert vendi(x, y)['vendi'] == pytest.approx(expected, rel=1e-9)
    assert vendi(y, x)['vendi_reference'] == vendi(x, y)['vendi']
    with monkeypatch.context() as context:
      context.setattr(unit_rows, '_BLOCK', 7)
      assert vendi(x, y)['vendi'] == pytest.approx(expected, rel=1e-9)


def test_groups_of_unequal_size():
  """Shares 3/4 and 1/4: exp of their entropy."""
  pool = np.eye(5)[[0, 0, 0, 1]]
  expected = np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
  assert vendi(Features(pool), Features(pool))['vendi'] == pytest.approx(expected, rel=1e-12)


def test_zeros_have_no_direction():
  with pytest.raises(UsageError, match='1 of 3 feature vectors are zero'):
    vendi(Features(np.eye(3)), Features(np.diag([1.0, 1.0, 0.0])))
  assert effective_number(np.zeros((3, 3))) == 1


@pytest.mark.parametrize('rank, width', [(1, 8), (5, 8), (5, 40)])
def test_so_many_equal_eigenvalues_have_that_rank(rank, width):
  axes = 7 * np.eye(width)[:rank]
  pool = Features(np.concatenate([axes, -axes]) + 3)
  found = reference_geometry(pool, pool, k=1)
  assert found['reference_effective_rank'] == pytest.approx(rank, rel=1e-9)


def test_distances_on_a_line():
  """Points 0, 2, 4, ...: the nearest is 2 away, and for k=3 it is 4 or, at the ends, 6 and 4."""
  line = Features(2.0 * np.arange(6)[:, None])
  assert reference_geometry(line, line, k=1)['reference_log_distance'] == pytest.approx(np.log(2))
  expected = np.log([6, 4, 4, 4, 4, 6]).mean()
  assert reference_geometry(line, line, k=3)['reference_log_distance'] == pytest.approx(expected)
  scaled = Features(10 * line.pool)
  assert reference_geometry(scaled, line, k=3)['reference_log_distance'] == pytest.approx(
    expected + np.log(10)
  )


def test_duplicates_have_no_logarithm():
  pool = Features(np.array([[0.0], [0.0], [1.0], [3.0]]))
  found = reference_geometry(pool, pool, k=1)
  assert found['reference_zero_distances'] == 2
  assert found['reference_log_distance'] == pytest.approx(np.log([1, 2]).mean())
  constant = reference_geometry(Features(np.ones((4, 2))), pool, k=1)
  assert constant == {'reference_effective_rank': 1, 'reference_zero_distances': 4}
