"""Transformers over patches, after GAT (Hyun et al. 2025, arXiv:2509.24935)."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.blocks import residual
from tfgan_pipeline.networks.layers.projection import ProjectionHead
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, fill

layers = keras.layers
_STYLES = 4  # Numbers per channel that a block takes from the noise: scale and shift, twice.


@registry.network
def gat(
  spec: NetworkSpec,
  *,
  width: int = 128,
  depth: int = 6,
  heads: int = 4,
  patch: int = 4,
  outputs: int = 1,
  reference_width: int = 128,
) -> Networks:
  """Transformers over patches: a generator whose blocks the noise modulates, and a discriminator.

  The generator starts from learned tokens, one per patch. With `outputs` above 1 it makes an image
  at so many depths, which --model=noise_guided_gan trains: --networks="gat(outputs=3)". The
  discriminator reads a further token, of the class of the image as a whole. After the paper, which
  works on codes of an autoencoder; here are images, and norms without means.

  Args:
    spec: Networks to build, and sizes of images and noise.
    width: Length of tokens.
    depth: Number of blocks of attention and of a perceptron of two layers.
    heads: Attentions side by side in a block.
    patch: Side of a patch in pixels.
    outputs: Number of depths at which the generator makes an image, the last one included; its
      channels are shared among them, in the order of depth.
    reference_width: Width for which the rates of the optimisers are meant. In wider networks a
      kernel moves by reference_width / width as far per step of Adam, as the paper scales rates.

  Raises:
    UsageError: An argument is out of range, or sizes do not divide.
  """
  sizes = dict(width=width, depth=depth, heads=heads, outputs=outputs)
  require('--networks', at_least=1, **sizes, reference_width=reference_width)
  require('--networks', at_least=2, patch=patch)
  height, side, channels = spec.image_shape
  if height % patch or side % patch:
    raise UsageError(
      f'--networks=gat: images should be a multiple of patch={patch}, not {height}x{side}'
    )
  if width % heads:
    raise UsageError(f'--networks=gat: heads={heads} should divide width={width}')
  if outputs > depth or channels % outputs:
    raise UsageError(
      f'--networks=gat: outputs={outputs} should be at most depth={depth}, and divide the '
      f'{channels} channels that the generator makes: --model=noise_guided_gan has several levels'
    )
  grid = height // patch, side // patch
  rate = reference_width / width
  depths = [(number + 1) * depth // outputs for number in range(outputs)]

  def dense(units: int, **options) -> layers.Layer:
    return ScaledDense(units, rate, **options)

  def block(tokens, style=None):
    attended = dense(width)(Attention(heads)(dense(3 * width)(normed(tokens, style, 0))))
    tokens = layers.Add()([tokens, Gain(depth)(attended)])
    hidden = dense(4 * width, activation='gelu')(normed(tokens, style, 1))
    return layers.Add()([tokens, Gain(depth)(dense(width)(hidden))])

  def normed(tokens, style, number):
    if style is None:
      return RMSNorm(gain=True)(tokens)
    scale, shift = (style[:, tf.newaxis, place] for place in (2 * number, 2 * number + 1))
    return RMSNorm()(tokens) * (1 + scale) + shift  # [n, patches, width]

  def image(tokens):
    pixels = layers.Dense(patch * patch * channels // outputs)(RMSNorm(gain=True)(tokens))
    pixels = layers.Reshape((*grid, -1))(pixels)
    return layers.Activation('tanh', dtype='float32')(tf.nn.depth_to_space(pixels, patch))

  def generator(role: str) -> keras.Model:
    noise = keras.Input((spec.noise_size,))
    labels, one_hot = residual.label_input(spec, role)
    mapped = layers.Concatenate()([noise, one_hot]) if labels else noise
    for _ in range(2):
      mapped = layers.Dense(width, activation='gelu')(mapped)
    tokens = Places(math.prod(grid))(tf.zeros_like(mapped)[:, tf.newaxis])
    images = []
    for number in range(1, depth + 1):
      style = layers.Reshape((_STYLES, width))(layers.Dense(_STYLES * width)(mapped))
      tokens = block(tokens, style)
      images += [image(tokens)] * depths.count(number)
    made = layers.Concatenate(dtype='float32')(images) if outputs > 1 else images[0]
    return keras.Model([noise, *labels] if labels else noise, made, name=role)

  def reader(role: str, outputs: int) -> keras.Model:
    images = keras.Input(spec.image_shape)
    labels, one_hot = residual.label_input(spec, role)
    patches = layers.Conv2D(width, patch, strides=patch)(images)
    tokens = layers.Reshape((-1, width))(patches)
    whole = tf.zeros_like(tokens[:, :1])  # The token of the image as a whole comes first.
    tokens = Places(math.prod(grid) + 1)(tf.concat([whole, tokens], axis=1))
    for _ in range(depth):
      tokens = block(tokens)
    features = RMSNorm(gain=True)(tokens)[:, 0]
    head = ProjectionHead(outputs, dense=layers.Dense, dtype='float32')
    if labels:
      return keras.Model([images, *labels], head([features, one_hot]), name=role)
    return keras.Model(images, head(features), name=role)

  return fill(spec, generator, reader)


class ScaledDense(layers.Dense):
  """Dense layer whose kernel is a multiple of the trained variable.

  A step of Adam changes the variable by the learning rate whatever its gradient's size, and so the
  kernel by `multiple` times the rate. The kernel starts like that of a Dense layer.

  Args:
    units: Number of outputs.
    multiple: Kernel over variable.
  """

  def __init__(self, units: int, multiple: float, **kwargs):
    start = keras.initializers.VarianceScaling(multiple**-2, mode='fan_avg', distribution='uniform')
    super().__init__(units, kernel_initializer=start, **kwargs)
    self._multiple = multiple

  def call(self, inputs):
    # On a matrix of all tokens: [n * tokens, width] x [width, units].
    rows = tf.reshape(inputs, [-1, inputs.shape[-1]])
    kernel = tf.cast(self.kernel * self._multiple, rows.dtype)
    outputs = tf.matmul(rows, kernel) + tf.cast(self.bias, rows.dtype)
    return self.activation(tf.reshape(outputs, [-1, *inputs.shape[1:-1], self.units]))


class Attention(layers.Layer):
  """Attention of tokens to each other: [n, T, 3 * width], of queries, keys and values, to width.

  Args:
    heads: Attentions side by side, on an equal share of the width each.
  """

  def __init__(self, heads: int, **kwargs):
    super().__init__(**kwargs)
    self._heads = heads

  def call(self, inputs):
    tokens, width = inputs.shape[1], inputs.shape[2] // 3
    split = tf.reshape(inputs, [-1, tokens, 3, self._heads, width // self._heads])
    queries, keys, values = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]))  # [n, heads, T, d]
    # In float32 because 16 bits are too few for a sum over many tokens.
    products = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32)
    weights = tf.nn.softmax(products / math.sqrt(width // self._heads))
    attended = tf.matmul(tf.cast(weights, values.dtype), values)
    return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [-1, tokens, width])


class RMSNorm(layers.Layer):
  """Division of tokens by their root mean square (Zhang and Sennrich 2019, arXiv:1910.07467).

  Args:
    gain: Whether channels have a learned gain, which starts at 1.
  """

  def __init__(self, gain: bool = False, **kwargs):
    super().__init__(**kwargs)
    self._has_gain = gain

  def build(self, input_shape):
    if self._has_gain:
      self.gain = self.add_weight(name='gain', shape=[input_shape[-1]], initializer='ones')
    super().build(input_shape)

  def call(self, inputs):
    values = tf.cast(inputs, tf.float32)
    # 1e-6 keeps the gradient finite where a token is zero.
    values *= tf.math.rsqrt(tf.reduce_mean(tf.square(values), axis=-1, keepdims=True) + 1e-6)
    if self._has_gain:
      values *= tf.cast(self.gain, tf.float32)
    return tf.cast(values, inputs.dtype)


class Gain(layers.Layer):
  """Learned gain of each channel of a branch (LayerScale, Touvron et al. 2021, arXiv:2103.17239).

  Args:
    depth: Number of blocks of two branches each. Gains start at 1 / sqrt(2 * depth), so that sums
      of all branches start as large as one of them.
  """

  def __init__(self, depth: int, **kwargs):
    super().__init__(**kwargs)
    self._start = keras.initializers.Constant((2 * depth) ** -0.5)

  def build(self, input_shape):
    self.gain = self.add_weight(name='gain', shape=[input_shape[-1]], initializer=self._start)
    super().build(input_shape)

  def call(self, inputs):
    return inputs * tf.cast(self.gain, inputs.dtype)


class Places(layers.Layer):
  """Adds learned vectors, one per token: [n, T or 1, width] to [n, T, width].

  Args:
    count: Number T of tokens.
  """

  def __init__(self, count: int, **kwargs):
    super().__init__(**kwargs)
    self._count = count

  def build(self, input_shape):
    start = keras.initializers.RandomNormal(0, 1)
    self.places = self.add_weight(
      name='places', shape=[self._count, input_shape[-1]], initializer=start
    )
    super().build(input_shape)

  def call(self, inputs):
    return inputs + tf.cast(self.places, inputs.dtype)
