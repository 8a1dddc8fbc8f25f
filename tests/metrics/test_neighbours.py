"""Neighbourhoods: the very counts of brute force, whatever the values; and what theory says."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from tests.metrics import brute_force
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours import crossing, distances, nearest
from tfgan_pipeline.metrics.neighbours.memorised import memorised
from tfgan_pipeline.metrics.neighbours.precision_recall import prdc, precision_recall


def _draw(kind: str, seed: int, n: int) -> np.ndarray:
  random = np.random.default_rng([seed, n])
  rows = random.normal(size=(n, 12)) * (1 + 0.3 * seed)
  return {
    'random': lambda: rows,
    'float32': lambda: rows.astype(np.float32),
    'wide': lambda: np.tile(rows, 50) * random.normal(size=(n, 600)),
    'rank deficient': lambda: rows[:, :2] @ np.random.default_rng(9).normal(size=(2, 12)),
    'duplicated': lambda: np.repeat(rows[: n // 10], 10, axis=0),
    'some duplicated': lambda: rows[random.integers(0, n // 3, n)],
    'constant': lambda: np.full_like(rows, seed),
    'few values': lambda: random.integers(0, 2, (n, 8)).astype(np.float32),
    'ties on a line': lambda: random.integers(0, 30, (n, 1)).astype(np.float32),
    'offset': lambda: (rows + 1e5).astype(np.float32),
    'large offset': lambda: rows + 1e12,
    'huge': lambda: rows * 1e18,
    'tiny': lambda: rows * 1e-18,
    'vanishing': lambda: rows * 1e-140,
    'clusters': lambda: rows + 1e7 * (np.arange(n) % 2)[:, None],
    'outlier': lambda: rows * np.where(np.arange(n) == 5, 1e16, 1)[:, None],
    'sorted outwards': lambda: rows * np.geomspace(1e-6, 1e6, n)[:, None],
    'sorted inwards': lambda: rows * np.geomspace(1e6, 1e-6, n)[:, None],
  }[kind]()


KINDS = [
  'random',
  'float32',
  'wide',
  'rank deficient',
  'duplicated',
  'some duplicated',
  'constant',
  'few values',
  'ties on a line',
  'offset',
  'large offset',
  'huge',
  'tiny',
  'vanishing',
  'clusters',
  'outlier',
  'sorted outwards',
  'sorted inwards',
]


@pytest.fixture(params=[1024, 32], ids=['one block', 'many blocks'])
def blocks(request, monkeypatch):
  for module in distances, nearest, crossing:
    monkeypatch.setattr(module, 'BLOCK', request.param)
  monkeypatch.setattr(crossing, '_FEW', request.param)


@pytest.mark.parametrize('copied', ['nothing', 'a part', 'all'])
@pytest.mark.parametrize('kind', KINDS)
def test_counts_are_those_of_brute_force(blocks, kind, copied):
  real, generated = _draw(kind, 0, 150), _draw(kind, 1, 90)
  if copied == 'a part':
    generated = np.concatenate([generated[:40], real[20:60]])
  elif copied == 'all':
    generated = real
  sets = Features(real), Features(generated)
  assert prdc(*sets) == brute_force.prdc(real, generated, 5)
  assert prdc(*sets, k=1) == brute_force.prdc(real, generated, 1)
  assert precision_recall(*sets) == brute_force.precision_recall(real, generated, 3)
  assert memorised(*sets)['memorised'] == brute_force.memorised(real, generated)


@pytest.mark.parametrize('n', range(2, 10))
def test_counts_of_the_smallest_sets(n):
  """Checks every size and k there is, on a lattice, where many distances are equal."""
  for m in range(2, 10):
    random = np.random.default_rng([n, m])
    real, generated = random.integers(0, 3, (n, 2)) * 1.0, random.integers(0, 3, (m, 2)) * 1.0
    sets = Features(real), Features(generated)
    assert memorised(*sets)['memorised'] == brute_force.memorised(real, generated)
    for k in range(1, min(n, m)):
      assert prdc(*sets, k=k) == brute_force.prdc(real, generated, k)
      assert precision_recall(*sets, k=k) == brute_force.precision_recall(real, generated, k)


def test_a_thousand_samples():
  real, generated = _draw('random', 0, 1000)[:, :2], _draw('random', 1, 30)[:, :2]
  found = precision_recall(Features(real), Features(generated))
  assert found == brute_force.precision_recall(real, generated, 3)


def test_sets_of_two_dtypes(blocks):
  real, generated = _draw('float32', 0, 90), _draw('large offset', 1, 70) - 1e12
  for x, y in (real, generated), (generated, real):
    assert prdc(Features(x), Features(y)) == brute_force.prdc(x, y, 5)


def test_precision_and_recall_are_not_swapped():
  """Generated samples in one corner of the real ones: precise, and far from all of them."""
  random = np.random.default_rng(0)
  real = Features(random.uniform(size=(400, 2)))
  corner = Features(random.uniform(size=(200, 2)) / 10)
  assert precision_recall(real, corner)['precision'] > 0.9
  assert precision_recall(real, corner)['recall'] < 0.1
  scores, swapped = prdc(real, corner), prdc(corner, real)
  assert scores['prdc_precision'] > 0.9 and scores['prdc_recall'] < 0.1
  assert scores['coverage'] < 0.1 and swapped['density'] < 0.1
  assert swapped['prdc_recall'] == scores['prdc_precision']


def test_at_the_very_radius():
  """Real samples at 0, 1, 3; the ball around 0 with k=1 ends at 1, around 3 at 1 too."""
  real, generated = np.array([[0.0], [1.0], [3.0]]), np.array([[-1.0], [-9.0]])
  sets = Features(real), Features(generated)
  assert precision_recall(*sets, k=1) == {'precision': 0.5, 'recall': 1.0}
  assert prdc(*sets, k=1)['prdc_precision'] == 0
  # The generated ones are 8 apart, and 0 is 9 from -9 but 1 from -1.
  assert prdc(*sets, k=1)['prdc_recall'] == 1


@pytest.mark.parametrize('n, m, k', [(40, 40, 5), (60, 20, 5), (20, 60, 2)])
def test_expectations_under_one_law(n, m, k):
  """Exact at any size and for any continuous law; within four standard errors of 300 draws."""
  random = np.random.default_rng([n, m])
  scores = [
    prdc(Features(random.normal(size=(n, 3))), Features(random.normal(size=(m, 3))), k=k)
    for _ in range(300)
  ]
  j = np.arange(1, k + 1)
  expected = {'density': 1, 'coverage': 1 - np.prod((n - j) / (n + m - j))}
  for name, value in expected.items():
    values = [score[name] for score in scores]
    assert np.mean(values) == pytest.approx(value, abs=4 * np.std(values) / 300**0.5)


def test_coverage_of_ten_thousand():
  """The published figure for N = M = 10,000 and k = 5 is that of the formula for coverage."""
  j = np.arange(1, 6)
  assert 1 - np.prod((10_000 - j) / (20_000 - j)) == pytest.approx(0.96877, abs=5e-6)


def test_memorised():
  random = np.random.default_rng(0)
  training = random.normal(size=(300, 5))
  reference = Features(training)
  copies = Features(np.concatenate([training[:50] + 1e-9, random.normal(size=(50, 5)) + 30]))
  assert memorised(reference, copies) == {'memorised': 0.5, 'auth_pct': 50.0}
  held_out = Features(random.normal(size=(200, 5)))
  scores = memorised(Features(training, held_out=lambda: held_out), copies)
  assert scores['memorised_held_out'] == brute_force.memorised(training, held_out.pool)
  assert 0.1 < scores['memorised_held_out'] < 0.5
  with pytest.raises(UsageError, match='width 5 and 4'):
    memorised(Features(training, held_out=lambda: Features(np.ones((3, 4)))), copies)


def test_one_pass_does_for_all_metrics(monkeypatch):
  passes = []
  blocks = distances.Distances.blocks
  monkeypatch.setattr(
    distances.Distances, 'blocks', lambda self, *a, **k: passes.append(1) or blocks(self, *a, **k)
  )
  reference, generated = Features(_draw('random', 0, 90)), Features(_draw('random', 1, 60))
  precision_recall(reference, generated)
  first = len(passes)
  prdc(reference, generated)
  memorised(reference, generated)
  assert len(passes) == first == 3
  prdc(reference, Features(generated.pool))  # What is known of the reference is kept.
  assert len(passes) == first + 2
  other = prdc(Features(reference.pool + 1), generated)
  assert other != prdc(reference, generated)


@pytest.mark.parametrize('metrics', [(precision_recall, prdc), (prdc, precision_recall)])
def test_defaults_of_both_are_found_together(monkeypatch, metrics):
  reference, generated = Features(_draw('random', 0, 30)), Features(_draw('random', 1, 20))
  metrics[0](reference, generated)
  monkeypatch.setattr(distances.Distances, 'blocks', None)
  metrics[1](reference, generated)


def test_nothing_is_kept_alive():
  reference, generated = Features(_draw('random', 0, 90)), Features(_draw('random', 1, 60))
  prdc(reference, generated)
  references = weakref.ref(reference), weakref.ref(generated)
  del reference, generated
  gc.collect()
  assert [reference() for reference in references] == [None, None]


@pytest.mark.parametrize('metric', [precision_recall, prdc])
def test_wrong_use(metric, sample):
  with pytest.raises(UsageError, match='width 6 and 5'):
    metric(sample(0, 30), sample(0, 30, width=5))
  for k in 0, 20, 30:
    for sets in (sample(0, 30), sample(1, 20)), (sample(0, 20), sample(1, 30)):
      most = '19' if k == 20 else '(19|29)'  # Of whichever set is asked first.
      message = f'k={k} should be between 1 and the number of other samples, {most}$'
      with pytest.raises(UsageError, match=message) as caught:
        metric(*sets, k=k)
      assert '\n' not in str(caught.value)
