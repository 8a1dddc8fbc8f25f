"""Ways between two points: their ends, their middle, and ends that no arc joins."""

import numpy as np
import pytest

from tfgan_pipeline.models.latent_paths import along_arc, along_line

PLACES = np.linspace(0, 1, 5)


def way(function, start, end) -> np.ndarray:
  """Returns five points on the way between two latent vectors."""
  ends = (np.tile(np.array(point, float), (5, 1)) for point in (start, end))
  return function(*ends, PLACES)


def test_a_quarter_turn_in_equal_angles():
  angles = PLACES * np.pi / 2
  expected = np.stack([3 * np.cos(angles), 3 * np.sin(angles)], axis=1)
  np.testing.assert_allclose(way(along_arc, [3, 0], [0, 3]), expected, atol=1e-12)


def test_a_sharp_turn_between_ends_of_other_lengths():
  angle = np.pi / 3
  expected = [
    (
      np.sin((1 - place) * angle) * np.array([2, 0])
      + np.sin(place * angle) * np.array([4, 48**0.5])
    )
    / np.sin(angle)
    for place in PLACES
  ]
  np.testing.assert_allclose(way(along_arc, [2, 0], [4, 48**0.5]), expected, atol=1e-12)


@pytest.mark.parametrize('length', [1e-3, 1.0, 30.0])
def test_between_parallel_ends_it_is_straight(length):
  """Draws many pairs, so that rounding makes some cosines larger than 1."""
  start = length * np.random.RandomState(0).randn(100, 3)
  for place in PLACES:
    found = along_arc(start, 2 * start, np.full(100, place))
    np.testing.assert_allclose(found, (1 + place) * start, rtol=1e-6)
    opposite = along_arc(start, -start, np.full(100, place))
    assert (np.linalg.norm(opposite, axis=1) < 2 * np.linalg.norm(start, axis=1)).all()


@pytest.mark.parametrize('start, end', [([0, 0], [1, 2]), ([0.1, 0.2], [0, 0]), ([0, 0], [0, 0])])
def test_an_end_may_be_the_origin(start, end):
  found = way(along_arc, start, end)
  assert np.isfinite(found).all()
  np.testing.assert_allclose(found[[0, -1]], [start, end], atol=1e-12)


def test_short_ends_turn_as_long_ones_do():
  np.testing.assert_allclose(
    1e-3 * way(along_arc, [3, 0], [1, 5]), way(along_arc, [3e-3, 0], [1e-3, 5e-3]), atol=1e-15
  )


def test_nearly_parallel_ends_still_have_an_arc():
  """An angle of 1e-4 bends the middle outwards by its square over eight, which is in doubles."""
  end = [np.cos(1e-4), np.sin(1e-4)]
  lengths = np.linalg.norm(way(along_arc, [1, 0], end), axis=1)
  np.testing.assert_allclose(lengths, 1, atol=1e-12)


def test_a_straight_line():
  expected = np.outer(1 - PLACES, [1, 2]) + np.outer(PLACES, [-4, 7])
  np.testing.assert_allclose(way(along_line, [1, 2], [-4, 7]), expected, atol=1e-12)
