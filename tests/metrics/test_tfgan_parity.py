"""Scores compared with those of TF-GAN's own functions, run eagerly on the same numbers.

TF-GAN's matrix root treats singular values below 1e-10 as zero, so what is tiny is compared after
scaling; its KID takes contiguous blocks, so whole sets are compared, in one block.
"""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.metrics.classes.inception_score import inception_score
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid
from tfgan_pipeline.metrics.kernel import kid, unbiased_mmd2


@pytest.fixture(scope='module')
def tfgan_score():
  """A function (name in tfgan.eval, *arrays, **arguments) -> float; TensorFlow is imported late."""
  import tensorflow as tf

  from tfgan_pipeline.compat import tfgan

  def score(name: str, *arrays: np.ndarray, **arguments: int) -> float:
    return float(getattr(tfgan.eval, name)(*map(tf.constant, arrays), **arguments))

  return score


def _draw(kind: str, seed: int, n: int) -> np.ndarray:
  random = np.random.default_rng([seed, n])
  pool = random.normal(size=(n, 8)) @ np.random.default_rng(99).normal(size=(8, 8)) + seed
  if kind == 'duplicated':
    return np.repeat(pool[: n // 5], 5, axis=0)
  return {
    'random': pool,
    'rank deficient': pool[:, :3] @ np.random.default_rng(98).normal(size=(3, 8)),
    'few samples': np.tile(pool, 16) * random.normal(size=(n, 128)),
    'huge': pool * 1e4,
    'tiny': pool * 1e-20,
    'constant': np.full_like(pool, seed + 0.5),
  }[kind]


KINDS = ['random', 'rank deficient', 'few samples', 'huge', 'tiny', 'constant', 'duplicated']

kinds_and_sizes = pytest.mark.parametrize(
  'kind, n, m', [(kind, n, m) for kind in KINDS for n, m in [(60, 60), (60, 35)]]
)


@kinds_and_sizes
def test_fid(tfgan_score, kind, n, m):
  x, y = _draw(kind, 0, n), _draw(kind, 1, m)
  scale = 1e20 if kind == 'tiny' else 1.0
  expected = tfgan_score('frechet_classifier_distance_from_activations', scale * x, scale * y)
  actual = fid(Features(x), Features(y))['fid'] * scale**2
  assert actual == pytest.approx(expected, rel=1e-6)
  wrong = fid(Features(x), Features(y), ddof=0)['fid'] * scale**2
  assert kind == 'constant' or wrong != pytest.approx(expected, rel=1e-6)


@kinds_and_sizes
def test_kid(tfgan_score, kind, n, m):
  x, y = _draw(kind, 0, n), _draw(kind, 1, m)
  expected = tfgan_score('kernel_classifier_distance_from_activations', x, y, max_block_size=n)
  size = np.mean(np.mean(x**2, axis=1) + 1) ** 3  # Three terms of about this size are summed.
  expected = pytest.approx(expected, rel=1e-6, abs=1e-13 * size)
  assert unbiased_mmd2(x, y) == expected
  if n == m:
    assert kid(Features(x), Features(y), subsets=1)['kid'] == expected


@pytest.mark.parametrize('n', [60, 7])
@pytest.mark.parametrize('scale', [0.0, 1.0, 10.0])
def test_inception_score(tfgan_score, n, scale):
  logits = scale * np.random.default_rng(n).normal(size=(n, 10))
  expected = tfgan_score('classifier_score_from_logits', logits)
  generated = Features(np.zeros((n, 1)), logits)
  actual = inception_score(generated, generated, splits=1)['inception_score']
  assert actual == pytest.approx(expected, rel=1e-9)
