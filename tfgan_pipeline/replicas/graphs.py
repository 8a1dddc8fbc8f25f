"""Methods as graphs, one for each object.

class Sampler:
  @graph_method
  def _generate(self, noise: tf.Tensor) -> tf.Tensor: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from tfgan_pipeline.compat import tf

_Result = TypeVar('_Result')


class graph_method(Generic[_Result]):
  """Decorator that makes a method a `tf.function`, which each object traces for itself.

  TensorFlow counts the traces of all objects of a class together, and would warn a program that
  trains five runs in a loop of slow code. AutoGraph leaves the method as it is.
  """

  def __init__(self, method: Callable[..., _Result]):
    self._function: Any = tf.function(method, autograph=False)

  def __get__(self, instance: object, owner: type | None = None) -> Callable[..., _Result]:
    function = self._function.__get__(instance, owner)
    function._omit_frequent_tracing_warning = True
    return function
