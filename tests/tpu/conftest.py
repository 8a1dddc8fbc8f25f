"""What the tests of exported steps share."""

import pytest

from tfgan_pipeline.compat import tf


@pytest.fixture(scope='session')
def exports():
  """Skips where TensorFlow has no StableHLO."""
  one = tf.function(lambda: tf.constant(1.0), jit_compile=True)
  try:
    one.experimental_get_compiler_ir()(stage='stablehlo')
  except ValueError as error:
    if 'Invalid stage' not in str(error):
      raise
    pytest.skip(f'TensorFlow {tf.__version__} cannot export StableHLO')
