"""Properties that every registered metric has; a new one is tested by being registered."""

from __future__ import annotations

import collections
import subprocess
import sys

import numpy as np
import pytest

from tests.metrics.kinds import METRICS
from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features

every_metric = pytest.mark.parametrize('name', METRICS)


@pytest.fixture
def pair(sample):
  """Two sets of different sizes and laws, of values that float32 holds exactly."""
  sets = sample(0, 60), sample(1, 40, law=1, shift=1.0)
  chosen = {'labels': lambda n: np.arange(n) % 4, 'codes': lambda n: np.arange(n) % 3}
  return tuple(
    Features(
      features.pool.astype(np.float32),
      features.logits.astype(np.float32),
      **{name: of(len(features)) for name, of in chosen.items()},
    )
    for features in sets
  )


def _map(features: Features, function, rows=lambda values: values) -> Features:
  """Returns features with `function` of all floats, and with the rows that `rows` chooses."""
  floats = (function(rows(values)) for values in (features.pool, features.logits))
  return Features(*floats, labels=rows(features.labels), codes=rows(features.codes))


@every_metric
def test_returns_finite_floats(name, pair):
  scores = registry.metric.build(name, *pair)
  assert scores
  for key, value in scores.items():
    assert key.isidentifier()
    assert type(value) is float, f'{key}={value!r}'
    assert np.isfinite(value), f'{key}={value!r}'


@every_metric
def test_is_deterministic(name, pair):
  np.random.seed(0)
  first = registry.metric.build(name, *pair)
  np.random.seed(1)
  assert registry.metric.build(name, *pair) == first


@every_metric
def test_computes_in_float64_and_leaves_its_input_alone(name, pair):
  expected = registry.metric.build(name, *pair)
  doubles = [_map(features, np.float64) for features in pair]
  for features in doubles:
    features.pool.flags.writeable = features.logits.flags.writeable = False
  assert registry.metric.build(name, *doubles) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
  'name',
  [
    name
    for name, component in METRICS.items()
    if 'seed' not in {parameter.name for parameter in component.parameters}
  ],
)
def test_without_a_seed_the_order_of_samples_is_nothing(name, pair):
  def shuffled(features, seed):
    rows = np.random.default_rng(seed).permutation(len(features))
    return _map(features, lambda values: values, lambda values: values[rows])

  expected = registry.metric.build(name, *pair)
  actual = registry.metric.build(name, shuffled(pair[0], 0), shuffled(pair[1], 1))
  assert actual == pytest.approx(expected, rel=1e-9, abs=1e-9)


@every_metric
@pytest.mark.parametrize('kind', ['constant', 'duplicated', 'wide', 'huge', 'tiny', 'two samples'])
def test_extreme_input_gives_finite_scores_or_a_usage_error(name, kind, pair):
  extreme = {
    'constant': lambda values: np.ones_like(values),
    'duplicated': lambda values: np.repeat(values[:10], len(values) // 10, axis=0),
    'wide': lambda values: np.tile(values, 20),
    'huge': lambda values: values * np.float32(1e18),
    'tiny': lambda values: values * np.float32(1e-18),
    'two samples': lambda values: values,
  }[kind]
  rows = (lambda values: values[:2]) if kind == 'two samples' else (lambda values: values)
  try:
    scores = registry.metric.build(name, *(_map(features, extreme, rows) for features in pair))
  except UsageError:
    return
  assert np.isfinite(list(scores.values())).all(), scores


def test_names_of_scores_do_not_collide(pair):
  keys = collections.Counter(
    key for scores in registry.metric.build_all(', '.join(METRICS), *pair) for key in scores
  )
  assert max(keys.values()) == 1


@every_metric
def test_is_documented(name):
  assert METRICS[name].doc.endswith('.')
  assert 'Returns:' in registry.metric.function(name).__doc__


def test_imports_neither_tensorflow_nor_scipy():
  code = (
    'import sys; from tfgan_pipeline import registry; '
    '[registry.metric.function(name) for name in registry.metric.components()]; '
    'print({name.split(".")[0] for name in sys.modules} '
    '& {"tensorflow", "scipy", "sklearn", "tensorflow_gan"})'
  )
  result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
  assert result.stdout.strip() == 'set()'
