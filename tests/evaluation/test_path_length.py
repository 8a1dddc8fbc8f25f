"""The perceptual path length, by hand."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.path_length import perceptual_path_length
from tfgan_pipeline.models.latent_paths import along_arc


def squares(noise: np.ndarray) -> np.ndarray:
  """Images [n, 1, 1, d] that change the faster the farther the noise is from 0."""
  return noise[:, None, None, :] ** 2


def flat(images: np.ndarray) -> np.ndarray:
  return images.reshape(len(images), -1)


@pytest.mark.parametrize('seed', [0, 3])
def test_the_mean_without_both_tails(seed):
  """Draws the batches by hand: 128 paths and two more."""
  random, lengths = np.random.Generator(np.random.PCG64(seed)), []
  for count in (64, 64, 2):
    ends, place = random.normal(size=(2, count, 3)), random.uniform(size=count)
    at, next_to = (
      along_arc(*ends, where).astype(np.float32) ** 2 for where in (place, place + 0.02)
    )
    lengths += list(np.sum((np.float64(next_to) - at) ** 2, axis=1) / 0.0004)
  sizes = []

  def features(images):
    sizes.append(len(images))
    return flat(images)

  found = perceptual_path_length(squares, features, 3, seed, samples=130, epsilon=0.02)
  # The 1st percentile is between the 2nd and 3rd of 130, the 99th between the 128th and 129th.
  expected = np.mean(sorted(lengths)[1:129])
  assert found == {'perceptual_path_length': pytest.approx(expected, rel=1e-6)}
  assert sizes == [64, 64, 64, 64, 2, 2]
  if not seed:
    assert found == perceptual_path_length(squares, flat, 3, samples=130, epsilon=0.02)


def test_defaults():
  component = registry.generator_metric.components()['perceptual_path_length']
  assert {parameter.name: parameter.default for parameter in component.parameters} == {
    'samples': 10_000,
    'epsilon': 1e-4,
    'batch_size': 64,
  }


def test_least_arguments():
  least = dict(noise_size=1, samples=1, epsilon=1e-6, batch_size=1, seed=0)
  assert perceptual_path_length(squares, flat, **least)['perceptual_path_length'] > 0
  for name in least:
    wrong = -1 if name == 'seed' else 0
    with pytest.raises(UsageError, match=f'{name}={wrong} should '):
      perceptual_path_length(squares, flat, **{**least, name: wrong})


def test_what_is_rounded_or_not_finite_is_refused():
  with pytest.raises(UsageError, match='float and not rounded, got uint8'):
    perceptual_path_length(lambda noise: squares(noise).astype(np.uint8), flat, 3, samples=4)

  def first_is_lost(images):
    values = flat(images).copy()
    values[0] = np.nan
    return values

  with pytest.raises(UsageError, match='features of 2 paths are not finite'):
    perceptual_path_length(squares, first_is_lost, 3, samples=8, batch_size=4)
