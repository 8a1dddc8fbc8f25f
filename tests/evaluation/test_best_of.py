"""The expected maximum of normals, against closed forms."""

import math

import pytest

from tfgan_pipeline.evaluation.best_of import expected_maximum


@pytest.mark.parametrize('count, value', [(1, 0.0), (2, math.pi**-0.5), (3, 1.5 * math.pi**-0.5)])
def test_the_expected_maximum_of_normals(count, value):
  assert expected_maximum(count) == pytest.approx(value, abs=1e-9)
