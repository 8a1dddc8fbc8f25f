"""Generators in two parts: from noise to a style, and from a style for each layer to a picture.

    styles = Styles.of(generator)                  # None for a generator without styles
    w = styles.style(inputs)                       # float32 [n, D]
    styles.picture([w] * styles.layers)

A network component names the layer whose output is the style `style`, and only layers that are told
a style read that output, as in networks/stylegan2.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline.compat import Inputs, keras, tf

NAME = 'style'


class Styles:
  """The two parts of a generator, which share its weights.

  Args:
    generator: Model of noise, or of noise and class, with a layer named `style`.

  Attributes:
    layers: Number of layers that read a style, from coarse to fine.
    size: Length of a style.
  """

  def __init__(self, generator: keras.Model):
    tensor = generator.get_layer(NAME).output
    self._mapping = keras.Model(generator.inputs, tensor)
    self.size = int(tensor.shape[-1])
    self._readers = [layer for layer in generator.layers if _reads(layer, tensor)]
    self.layers = len(self._readers)
    inputs = [keras.Input((self.size,)) for _ in self._readers]
    self._synthesis = keras.Model(inputs, _rewired(generator, self._readers, tensor, inputs))

  @classmethod
  def of(cls, generator: keras.Model) -> Styles | None:
    """Returns the parts of a generator; None if no layer of it is named `style`."""
    return cls(generator) if any(layer.name == NAME for layer in generator.layers) else None

  def style(self, inputs: Inputs) -> tf.Tensor:
    """Returns the styles of a generator's inputs, float32 [n, D]."""
    return tf.cast(self._mapping(inputs, training=False), tf.float32)

  def picture(self, styles: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns samples float32 [n, H, W, C] in [-1, 1] of a style [n, D] for each layer."""
    return self._synthesis(list(styles), training=False)


def _inputs_of(layer: keras.layers.Layer) -> list[tf.Tensor]:
  inputs = layer.get_input_at(0)
  return inputs if isinstance(inputs, list) else [inputs]


def _reads(layer: keras.layers.Layer, tensor: tf.Tensor) -> bool:
  is_input = isinstance(layer, keras.layers.InputLayer)
  return not is_input and any(value is tensor for value in _inputs_of(layer))


def _rewired(
  generator: keras.Model,
  readers: Sequence[keras.layers.Layer],
  tensor: tf.Tensor,
  styles: Sequence[tf.Tensor],
) -> tf.Tensor:
  """Applies the layers behind the style once more, each reader with a style of its own."""
  made: dict[int, tf.Tensor] = {}

  def value(old: tf.Tensor, layer: keras.layers.Layer) -> tf.Tensor:
    return styles[readers.index(layer)] if old is tensor else made[id(old)]

  for layer in generator.layers:
    if isinstance(layer, keras.layers.InputLayer):
      continue
    olds = _inputs_of(layer)
    if not all(old is tensor or id(old) in made for old in olds):
      continue  # Lies before the style.
    values = [value(old, layer) for old in olds]
    made[id(layer.get_output_at(0))] = layer(values if len(values) > 1 else values[0])
  return made[id(generator.output)]
