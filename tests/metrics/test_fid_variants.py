"""FID-infinity, intra-class FID and bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet import infinity as fid_infinity_module
from tfgan_pipeline.metrics.frechet.fid import fid
from tfgan_pipeline.metrics.frechet.infinity import _line, fid_infinity
from tfgan_pipeline.metrics.frechet.intra_class import intra_class_fid
from tfgan_pipeline.metrics.intervals import _merged, _moments, frechet_interval, interval_of_terms


def test_line_is_that_of_scipy():
  random = np.random.default_rng(0)
  x, y = 1 / np.arange(10, 160, 10), random.normal(size=15)
  expected = scipy.stats.linregress(x, y)
  assert _line(x, y) == pytest.approx((expected.intercept, expected.intercept_stderr), rel=1e-9)


def test_extrapolation_takes_away_what_finite_samples_add(sample):
  """The true value is the distance of the reference from the law itself."""
  real = np.random.default_rng(0).normal(size=(4000, 8))
  truth = fid(Features(real), Features(1.2 * real + 0.1))['fid']
  plain, infinity = [], []
  for seed in range(1, 21):
    draw = np.random.default_rng(seed).normal(size=(500, 8))
    generated = Features(1.2 * (draw @ _like(real)) + real.mean(axis=0) * 1.2 + 0.1)
    plain.append(fid(Features(real), generated)['fid'])
    infinity.append(fid_infinity(Features(real), generated, seed=seed)['fid_infinity'])
  error = np.std(infinity) / 20**0.5
  assert np.mean(infinity) == pytest.approx(truth, abs=3 * error)
  assert np.mean(plain) > truth + 3 * error


def _like(real: np.ndarray) -> np.ndarray:
  return np.linalg.cholesky(np.cov(real.T)).T


def test_the_sizes_are_15_from_a_tenth_to_all(sample, monkeypatch):
  sizes = []
  factor = fid_infinity_module.sample_factor
  monkeypatch.setattr(
    fid_infinity_module,
    'sample_factor',
    lambda pool, ddof: sizes.append(len(pool)) or factor(pool, ddof=ddof),
  )
  x, y = sample(0, 300), sample(1, 200, law=1)
  scores = fid_infinity(x, y)
  assert len(sizes) == 16 and sizes[:2] == [300, 20] and sizes[-1] == 200
  assert fid_infinity(x, y) == scores != fid_infinity(x, y, seed=1)
  sizes.clear()
  fid_infinity(x, sample(1, 12, law=1), points=3)
  assert sizes == [300, 2, 7, 12]


def test_the_largest_subset_is_all_samples_once(sample):
  """Three sizes give a line that follows from two distances of subsets and that of all samples."""
  x, y = sample(0, 300), sample(1, 30, law=1)
  random = np.random.Generator(np.random.PCG64(4))
  subsets = [random.choice(30, size, replace=False) for size in (3, 16, 30)]
  distances = [fid(x, Features(y.pool[rows]))['fid'] for rows in subsets]
  assert distances[2] == pytest.approx(fid(x, y)['fid'])
  line = scipy.stats.linregress(1 / np.array([3, 16, 30]), distances)
  scores = fid_infinity(x, y, points=3, seed=4)
  assert list(scores.values()) == pytest.approx([line.intercept, line.intercept_stderr])


def _of_classes(sample, seed: int, shift: float) -> Features:
  parts = [sample(seed + label, 50, shift=label * shift).pool for label in range(4)]
  return Features(np.concatenate(parts), labels=np.repeat(np.arange(4), 50))


def test_intra_class_fid(sample):
  real, fake = _of_classes(sample, 0, 3.0), _of_classes(sample, 9, 3.5)
  single = [
    fid(Features(real.pool[rows]), Features(fake.pool[rows]))
    for rows in np.arange(200).reshape(4, 50)
  ]
  scores = intra_class_fid(real, fake, worst=2)
  distances = [score['fid'] for score in single]
  assert scores['intra_class_fid'] == pytest.approx(np.mean(distances))
  assert scores['intra_class_fid_floor'] == pytest.approx(
    np.mean([score['fid_floor'] for score in single])
  )
  assert scores['intra_class_fid_above_floor'] == pytest.approx(
    scores['intra_class_fid'] - scores['intra_class_fid_floor']
  )
  assert not [key for key in intra_class_fid(real, fake, worst=0) if 'worst' in key]
  worst = {key: value for key, value in scores.items() if 'worst' in key}
  assert worst == {f'intra_class_fid_worst_{label}': distances[label] for label in (3, 2)}
  # Classes swapped: the sum of all is the same, each class is not.
  swapped = Features(fake.pool, labels=3 - fake.labels)
  assert intra_class_fid(real, swapped)['intra_class_fid'] > 2 * scores['intra_class_fid']


def test_classes_that_were_lost(sample):
  real, fake = _of_classes(sample, 0, 0.0), _of_classes(sample, 9, 0.5)
  collapsed = Features(fake.pool[:101], labels=fake.labels[:101])
  scores = intra_class_fid(real, collapsed)
  assert scores['intra_class_fid_missing'] == 2
  assert 'intra_class_fid_worst_2' not in scores
  two = Features(fake.pool[:102], labels=fake.labels[:102])
  assert intra_class_fid(real, two)['intra_class_fid_missing'] == 1
  with pytest.raises(UsageError, match='no class has two'):
    intra_class_fid(real, Features(fake.pool, labels=fake.labels + 4))
  with pytest.raises(UsageError, match='classes are needed'):
    intra_class_fid(real, Features(fake.pool))
  with pytest.raises(UsageError, match='worst=-1'):
    intra_class_fid(real, fake, worst=-1)


def test_intervals_of_terms_cover():
  random = np.random.default_rng(0)
  covered = 0
  for seed in range(200):
    low, high = interval_of_terms(random.exponential(size=100), resamples=200, seed=seed)
    covered += low <= 1 <= high
  assert 0.88 <= covered / 200 <= 0.98


def test_interval_of_a_function_of_terms():
  terms = np.random.default_rng(0).normal(3, 1, size=(400, 2))
  low, high = interval_of_terms(terms, lambda mean: mean[0] / mean[1])
  error = np.sqrt(2 / 400) / 3
  assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.15)
  assert interval_of_terms(terms[:, 0] > 3)[0] > 0.4
  same = interval_of_terms(terms[:, 0], seed=1)
  assert same == interval_of_terms(terms[:, 0], seed=1) != interval_of_terms(terms[:, 0], seed=2)


def test_frechet_intervals_cover_the_mean_distance(sample):
  """Intervals of 100 sets of one law have to cover the mean of their distances."""
  reference = sample(0, 1000, width=12)
  sets = [sample(seed, 80, width=12, law=1) for seed in range(1, 101)]
  mean = np.mean([fid(reference, generated)['fid'] for generated in sets])
  covered, off_centre = 0, []
  for seed, generated in enumerate(sets):
    low, high = frechet_interval(reference, generated, resamples=100, seed=seed)
    covered += low <= mean <= high
    off_centre.append((low + high) / 2 - fid(reference, generated)['fid'])
  assert 86 <= covered <= 99
  assert abs(np.mean(off_centre)) < 0.4 * fid(reference, sets[0])['fid_floor']


def test_moments_of_repeated_blocks(sample):
  parts = [sample(seed, 10 + seed, shift=50.0).pool for seed in range(3)]
  merged = _merged([_moments(part) for part in parts], np.array([2, 0, 1]))
  expected = _moments(np.concatenate([parts[0], parts[0], parts[2]]))
  assert merged.count == expected.count
  np.testing.assert_allclose(merged.mean, expected.mean, rtol=1e-12)
  np.testing.assert_allclose(merged.scatter, expected.scatter, rtol=1e-9)


def test_wrong_use(sample):
  x, y = sample(0, 40), sample(1, 40)
  with pytest.raises(UsageError, match='width 6 and 5'):
    fid_infinity(x, sample(0, 40, width=5))
  for points in 2, 21:
    with pytest.raises(UsageError, match=f'points={points}'):
      fid_infinity(x, y, points=points)
  with pytest.raises(UsageError, match='seed=-1'):
    fid_infinity(x, y, seed=-1)
  for arguments in {'blocks': 2}, {'blocks': 20}, {'level': 1e-9}, {'resamples': 2}:
    assert np.isfinite(frechet_interval(x, y, **arguments)).all()
  assert interval_of_terms(np.array([3.0, 3.0])) == (3, 3)
  for arguments in (
    {'blocks': 1},
    {'blocks': 21},
    {'resamples': 1},
    {'seed': -1},
    {'level': 1.0},
    {'level': 0.0},
  ):
    with pytest.raises(UsageError, match='='.join(map(str, *arguments.items()))):
      frechet_interval(x, y, **arguments)
  with pytest.raises(UsageError, match='at least 2 samples'):
    interval_of_terms(np.ones(1))
