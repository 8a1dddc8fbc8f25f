"""Imports of the server of forked.py, and what it reads once; of no use in other processes."""

import os
from unittest import mock

os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')  # As binaries do, before TensorFlow is imported.

# A part of TensorFlow counts GPUs once a binary has read its flags, and complains of having none.
# Where it is imported later than that, `compat` hides it; here it would come when all is set up.
with mock.patch('absl.app.call_after_init'):
  from tfgan_pipeline import registry
  import tfgan_pipeline.estimator  # noqa: F401

for kind in registry.ALL:  # Source files are read, which takes a tenth of a small run.
  kind.components()
