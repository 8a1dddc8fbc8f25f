"""Calls of Python code from tf.data, ahead of their use, that leave the process able to end.

(images,) = call_python(lambda rows: [read(rows)], references, [tf.uint8])
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
import threading
import time

import numpy as np

from tfgan_pipeline.compat import tf


class _CallCounter:
  """Counts the threads of tf.data that run Python code, and waits for them at exit.

  A thread that is inside Python code while the interpreter is finalised never returns, and the
  destructor of the iterator that prefetches by that thread would wait for ever.
  """

  _QUIET = 0.1  # Seconds without a call that show the end of calls: far more than between two.

  def __init__(self):
    self._lock = threading.Lock()
    self._running = 0
    self._last = 0.0
    atexit.register(self._wait_for_calls)

  def __enter__(self) -> None:
    with self._lock:
      self._running += 1

  def __exit__(self, *_: object) -> None:
    with self._lock:
      self._running -= 1
      self._last = time.monotonic()

  def _wait_for_calls(self) -> None:
    # Pools of threads are shut down before this runs, so that calls that use one fail at once. The
    # failures soon fill the buffers of tf.data, which then makes no more calls.
    while self._running or time.monotonic() < self._last + self._QUIET:
      time.sleep(self._QUIET / 10)


_calls = _CallCounter()


def call_python(
  function: Callable[[np.ndarray], Sequence[np.ndarray]],
  argument: tf.Tensor,
  dtypes: Sequence[tf.DType],
) -> Sequence[tf.Tensor]:
  """Returns the results of a function without side effects, of an array known at run time.

  Args:
    function: Function of a NumPy array to arrays of `dtypes`.
    argument: Tensor that becomes the array.
    dtypes: Dtypes of the results.
  """

  def counted(values: np.ndarray) -> Sequence[np.ndarray]:
    with _calls:
      return function(values)

  # Under op determinism, tf.data computes only stateless functions ahead of their use.
  results = tf.numpy_function(counted, [argument], list(dtypes), stateful=False)
  return results if isinstance(results, (list, tuple)) else [results]  # Eagerly, one is alone.
