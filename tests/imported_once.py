"""What the server of forked.py imports: importing this in any other process is of no use."""

from unittest import mock

# A part of TensorFlow counts GPUs once a binary has read its flags. Before a fork it must not, and
# after it forked.py does.
with mock.patch('absl.app.call_after_init'):
  import tfgan_pipeline.estimator  # noqa: F401
