"""Calls of a function for each row of tensors, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfgan_pipeline.compat import tf


def map_rows(
  function: Callable[..., Any], rows: Any, signature: Any, parallel_iterations: int | None = None
) -> Any:
  """Applies `tf.map_fn`, and leaves TensorFlow as it was when the function raises an error.

  While a graph is traced, `tf.map_fn` sets a caching device for variables and takes it back at its
  end, which an error does not reach. No variable could be made by a strategy from then on.

  Args:
    function: Takes one row, or a nest of such, and returns a tensor or a nest of tensors.
    rows: Tensors [n, ...], or a nest of such.
    signature: Types of a result: a nest of dtypes or of `tf.TensorSpec`.
    parallel_iterations: How many rows may be worked on at a time; None is TensorFlow's choice.

  Returns:
    Results for all rows, stacked: tensors [n, ...] in the nest of `signature`.
  """
  scope = tf.compat.v1.get_variable_scope()
  device = scope.caching_device
  try:
    return tf.map_fn(
      function, rows, fn_output_signature=signature, parallel_iterations=parallel_iterations
    )
  finally:
    if scope.caching_device is not device:
      scope.set_caching_device(device)
