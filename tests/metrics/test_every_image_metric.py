"""Properties that every registered metric of images has."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError

METRICS = registry.image_metric.components()

every_metric = pytest.mark.parametrize('name', METRICS)
SMALL = {'sliced_wasserstein': dict(projections=16, patches=8), 'ms_ssim': dict(pairs=20)}


def _score(name: str, *images: np.ndarray, **arguments) -> dict[str, float]:
  return registry.image_metric.function(name)(*images, **{**SMALL.get(name, {}), **arguments})


def _draw(seed: int, count: int, *shape: int) -> np.ndarray:
  return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


@every_metric
@pytest.mark.parametrize('shape', [(28, 28, 1), (32, 32, 3), (35, 50, 3)])
def test_returns_finite_floats(name, shape):
  images = _draw(0, 12, *shape), _draw(1, 9, *shape)
  copies = [image.copy() for image in images]
  for image in images:
    image.flags.writeable = False
  scores = _score(name, *images)
  assert scores
  for key, value in scores.items():
    assert key.isidentifier()
    assert type(value) is float and np.isfinite(value), f'{key}={value!r}'
  np.random.seed(0)
  assert _score(name, *copies) == scores
  assert _score(name, *copies, seed=1) != scores


@every_metric
def test_alpha_is_laid_over_white(name):
  """Checks that pictures score as they are seen, whatever is stored where nothing shows."""
  clear = _draw(0, 12, 16, 32, 4)
  clear[..., 3] = np.where(clear[..., 3] < 128, 0, 255)
  white = np.where(clear[..., 3:] == 0, 255, clear[..., :3]).astype(np.uint8)
  opaque = np.concatenate([white, np.full_like(white[..., :1], 255)], axis=-1)
  assert _score(name, clear, opaque) == _score(name, white, white)


@every_metric
def test_images_of_one_colour_give_finite_scores(name):
  black, white = np.zeros((5, 32, 32, 3), np.uint8), np.full((6, 32, 32, 3), 255, np.uint8)
  assert np.isfinite(list(_score(name, black, white).values())).all()


@every_metric
@pytest.mark.parametrize(
  'images, message',
  [
    (_draw(0, 5, 32, 32, 3).astype(np.float32), 'uint8 .* got float32'),
    (_draw(0, 5, 32, 32), r'shape \(5, 32, 32\)'),
    (_draw(0, 5, 32, 32, 2), 'grey, RGB or RGBA'),
    (_draw(0, 1, 32, 32, 3), '2 or more'),
    (_draw(0, 5, 28, 32, 3), 'cannot be compared'),
    (_draw(0, 5, 32, 32, 1), 'cannot be compared'),
  ],
)
def test_bad_images_are_refused_in_one_line(name, images, message):
  with pytest.raises(UsageError, match=message) as caught:
    _score(name, _draw(1, 5, 32, 32, 3), images)
  assert '\n' not in str(caught.value)


@every_metric
def test_small_images_and_bad_arguments_are_refused(name):
  with pytest.raises(UsageError, match='pixels or more a side, got 6'):
    _score(name, _draw(0, 5, 6, 32, 1), _draw(0, 5, 6, 32, 1))
  images = _draw(0, 5, 32, 32, 1)
  for parameter in METRICS[name].parameters:
    if parameter.annotation == 'int':
      with pytest.raises(UsageError, match=f'{parameter.name}=-1'):
        _score(name, images, images, **{parameter.name: -1})


def test_names_of_scores_do_not_collide():
  images = _draw(0, 5, 32, 32, 1)
  keys = collections.Counter(
    key
    for metrics in (registry.image_metric,)
    for name in METRICS
    for key in _score(name, images, images)
  )
  assert max(keys.values()) == 1


@every_metric
def test_is_documented(name):
  assert METRICS[name].doc.endswith('.')
  assert 'Returns:' in registry.image_metric.function(name).__doc__
