"""Samples in parts, for networks and pictures that are too large to make all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from tfgan_pipeline.compat import tf

Given = TypeVar('Given')  # A task's inputs, or a structure of tensors [count, ...].


def in_turn(make: Callable[[Given], tf.Tensor], inputs: Given, count: int, size: int) -> tf.Tensor:
  """Makes `count` samples [count, ...] in parts of at most `size`, one part after the other.

  In a `tf.function`, too, where parts that ran at once would need the memory of all together.

  Args:
    make: Function of a part of the inputs.
    inputs: A task's inputs, or a structure of tensors [count, ...].
    count: Number of samples.
    size: Samples per part.
  """
  made: list[tf.Tensor] = []
  for part in parts_of(inputs, count, size):
    with tf.control_dependencies(made[-1:]):
      made.append(make(tf.nest.map_structure(tf.identity, part)))
  return tf.concat(made, axis=0)


def parts_of(inputs: Given, count: int, size: int) -> Iterator[Given]:
  """Yields consecutive parts of a task's inputs for `count` samples, of at most `size` each."""
  if count <= size:
    yield inputs
    return
  for first in range(0, count, size):
    yield tf.nest.map_structure(lambda values: values[first : first + size], inputs)  # noqa: B023
