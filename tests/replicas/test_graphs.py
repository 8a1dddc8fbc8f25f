"""Graphs of methods: one for each object, without TensorFlow's warning of many traces."""

from collections.abc import Callable

from tfgan_pipeline.compat import tf
from tfgan_pipeline.replicas.graphs import graph_method


def traces_of(decorate: Callable) -> list[int]:
  """Returns the factors of objects whose method was traced, each of which is called twice."""
  traced = []

  class Scale:
    def __init__(self, factor: int):
      self.factor = factor

    @decorate
    def __call__(self, value: tf.Tensor) -> tf.Tensor:
      traced.append(self.factor)
      return self.factor * value

  for factor in range(6):
    scale = Scale(factor)
    assert [int(scale.__call__(tf.constant(number))) for number in (1, 2)] == [factor, 2 * factor]
  return traced


def test_each_object_has_a_graph_and_nobody_is_warned_of_many(caplog):
  assert traces_of(tf.function(autograph=False)) == list(range(6))
  assert 'triggered tf.function retracing' in caplog.text
  caplog.clear()
  assert traces_of(graph_method) == list(range(6))
  assert not caplog.text
