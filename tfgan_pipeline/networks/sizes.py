"""Sizes of pictures that translators take beside the one that they were built for.

stride = stride_of(network)                      # 4 for two halvings: sides should be multiples
of_any_size(networks)['generator_ab'](images, training=False)   # images of another height and width
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.spec import Networks


def of_any_size(networks: Networks) -> Networks:
  """Returns networks by role that do not check the height and width of their pictures.

  Convolutions work on any size; a dense layer over all pixels does not, and raises ValueError.
  """
  callables = {name: _without_check(network) for name, network in networks.items()}
  return cast('Networks', callables)  # Games only call networks.


def _without_check(network: keras.Model) -> Callable[..., tf.Tensor]:
  # Keras checks sides in `__call__`, and only there.
  return lambda inputs, training=False: network.call(inputs, training=training)


def stride_of(network: keras.Model) -> int:
  """Returns by how much the smallest map of a network is smaller than its pictures.

  Sides of pictures should be multiples of the stride. Networks that reduce pictures to a vector
  count as reducing them to one pixel.

  Args:
    network: Model whose first input is pictures [N, H, W, C].
  """
  sides = network.inputs[0].shape[1:3]
  return max(
    -(-int(side) // max(1, reduced))
    for shape in _map_shapes(network)
    for side, reduced in zip(sides, shape)
  )


def ratio_of(source: Sequence[int], target: Sequence[int]) -> int | None:
  """Returns the pixels of outputs for one pixel that is read; None if that is no whole number.

  Args:
    source: (height, width, channels) of pictures.
    target: (height, width, channels) of outputs.
  """
  ratio = target[0] // source[0]
  is_whole = ratio > 0 and tuple(target[:2]) == (source[0] * ratio, source[1] * ratio)
  return ratio if is_whole else None


def _map_shapes(network: keras.Model) -> Iterator[tuple[int, int]]:
  """Yields (height, width) of the outputs of all layers that are maps, and (1, 1) of vectors."""
  for layer in network.layers:
    if isinstance(layer, keras.layers.InputLayer):  # Maybe a vector of classes.
      continue
    if isinstance(layer, keras.Model):
      yield from _map_shapes(layer)
    for output in tf.nest.flatten(layer.output):
      if output.shape.rank == 4 and None not in output.shape[1:3]:
        yield tuple(output.shape[1:3])
      elif output.shape.rank == 2:
        yield (1, 1)
