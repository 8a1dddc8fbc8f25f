"""A network as a table of its layers."""

from __future__ import annotations

from tfgan_pipeline.compat import keras
from tfgan_pipeline.networks.layers import basic
from tfgan_pipeline.networks.layers.attention import SelfAttention
from tfgan_pipeline.networks.layers.conditional_batch_norm import ConditionalBatchNorm
from tfgan_pipeline.networks.layers.projection import ProjectionHead

layers = keras.layers


def table(network: keras.Model) -> str:
  """Formats a network, one layer a line: 'conv 64 5/2', 'norm 0.99 0.001', 'dense 1', ...

  Convolutions have width, side of the kernel and stride; other layers their arguments or the shape
  of their output.
  """
  return '\n'.join(filter(None, map(_line, network.layers)))


def _line(layer: keras.layers.Layer) -> str:
  if isinstance(layer, layers.InputLayer):
    return ''
  if isinstance(layer, layers.Conv2D) and not isinstance(
    layer, layers.DepthwiseConv2D
  ):  # A transposed one is a kind of it.
    kind = 'up' if isinstance(layer, layers.Conv2DTranspose) else 'conv'
    size = '/'.join(_text(pair) for pair in (layer.kernel_size, layer.strides))
    valid = ' valid' * (layer.padding == 'valid')
    groups = f' in {layer.groups} groups' * (layer.groups > 1)
    return _weighted(f'{kind} {layer.filters} {size}{valid}{groups}', layer)
  if isinstance(layer, layers.Dense):
    return _weighted(f'dense {layer.units}', layer)
  if isinstance(layer, layers.BatchNormalization):
    return f'norm {layer.momentum:g} {layer.epsilon:g}'
  if isinstance(layer, ConditionalBatchNorm):
    return f'{_line(layer.norm)} by {_line(layer.gain)} and {_line(layer.shift)}'
  if isinstance(layer, SelfAttention):
    return f'attention by {_line(layer.query)} and {_line(layer.value)}'
  if isinstance(layer, ProjectionHead):
    return f'head of {_line(layer.linear)} with products times {layer.product:g}'
  if isinstance(layer, layers.LeakyReLU):
    return f'leaky {float(layer.alpha):g}'
  if isinstance(layer, basic.Dropout):
    return f'drop {layer.rate:g}'
  if isinstance(layer, layers.Activation):
    return layer.activation.__name__
  if isinstance(layer, layers.UpSampling2D):
    return f'{layer.interpolation} {_text(layer.size)}'
  if isinstance(layer, layers.AveragePooling2D):
    return f'mean {_text(layer.pool_size)}/{_text(layer.strides)}'
  name, shape = type(layer).__name__, _text(layer.output_shape[1:])
  if isinstance(layer, layers.DepthwiseConv2D):
    return f'places {_text(layer.kernel_size)}{_start(layer.depthwise_initializer)}'
  if isinstance(layer, layers.ZeroPadding2D):
    return f'padding {layer.padding}'.replace(',', '')
  if isinstance(layer, layers.Cropping2D):
    return f'cropping {layer.cropping}'.replace(',', '')
  return f'part {shape}' if name.startswith('Slicing') else f'{name} {shape}'


def _text(sizes: tuple[int, ...]) -> str:
  """Formats sizes: '5' for (5, 5), '7x7x128' for (7, 7, 128)."""
  return str(sizes[0]) if len(set(sizes)) == 1 else 'x'.join(map(str, sizes))


def _weighted(text: str, layer: keras.layers.Layer) -> str:
  """Adds the arguments of a layer that are not Keras' defaults to the text of its sizes."""
  if hasattr(layer, 'singular_vector'):
    text = f'spectral {text}'
  activation = layer.activation.__name__
  if activation != 'linear':
    text += f' {activation}'
  if not layer.use_bias:
    text += ' no bias'
  return text + _start(layer.kernel_initializer)


def _start(initial: keras.initializers.Initializer) -> str:
  """Formats the initialiser of a layer's weights; '' for Keras' default."""
  name = type(initial).__name__
  if isinstance(initial, (keras.initializers.RandomNormal, keras.initializers.TruncatedNormal)):
    mean = f' about {initial.mean:g}' * bool(initial.mean)
    return f' {name.removesuffix("Normal").lower()} {initial.stddev:g}{mean}'
  if name == 'VarianceScaling':
    return f' {initial.mode} {initial.scale:.4g}'
  return '' if name == 'GlorotUniform' else f' {name}'
