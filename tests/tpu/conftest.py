"""What the tests of exported steps share."""

import pytest

from tfgan_pipeline.compat import tf


@pytest.fixture(scope='session')
def exports(can_export):
  """Skips where TensorFlow has no StableHLO."""
  if not can_export:
    pytest.skip(f'TensorFlow {tf.__version__} cannot export StableHLO; 2.21 can')
