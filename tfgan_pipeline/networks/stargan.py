"""Networks of StarGAN (Choi et al. 2018, arXiv:1711.09020, appendix, tables 4 and 5)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers.basic import VectorBeside
from tfgan_pipeline.networks.layers.instance_norm import InstanceNorm
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers


@registry.network
def stargan(spec: NetworkSpec, *, filters: int = 64, blocks: int = 6, layers: int = 6) -> Networks:
  """Translator that is told classes, and a reader of patches that names those of pictures.

  With 5 classes, colour images and 128x128 pixels the translator has 8,430,528 parameters and the
  reader 44,762,048 (44,884,928 with 256x256), as in the authors' code.

  Args:
    spec: Networks to build.
    filters: Width of the first map of both; the translator's blocks are 4 times as wide, and each
      further layer of the reader is twice as wide as the one before.
    blocks: Number of residual blocks of the translator.
    layers: Number of halvings in the reader. A kernel over the whole map that they leave gives the
      logits of classes.

  Raises:
    UsageError: An argument is out of range, or images cannot be halved as often.
  """
  require('--networks', at_least=1, filters=filters, layers=layers)
  require('--networks', at_least=0, blocks=blocks)
  networks = {
    name: _translator(name, role, filters, blocks)
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }
  return networks | {
    name: _reader(name, role, filters, layers)
    for name, role in spec.of_kind(Kind.PATCH_READER).items()
  }


def _translator(name: str, role: Role, filters: int, blocks: int) -> keras.Model:
  source, target = role.reads['image'].sides, role.gives.sides
  _require_halvings(source, 2, 'stargan')
  if source[:2] != target[:2] or min(source[:2]) < 8:
    raise UsageError(
      '--networks=stargan: sides of images should be equal, and at least 8, not '
      f'{source[0]}x{source[1]} and {target[0]}x{target[1]}'
    )
  inputs = [keras.Input(port.sides, name=word) for word, port in role.reads.items()]
  maps = VectorBeside()(inputs) if len(inputs) > 1 else inputs[0]

  def stack(maps, *convolution, up: bool = False, relu: bool = True):
    maps = _convolution(*convolution, up=up)(maps)
    maps = InstanceNorm(affine=True)(maps)
    return layers.ReLU()(maps) if relu else maps

  maps = stack(maps, filters, 7)
  for factor in (2, 4):  # [N, H / 2, W / 2, 2F], [N, H / 4, W / 4, 4F]
    maps = stack(maps, filters * factor, 4, 2)
  for _ in range(blocks):
    change = stack(stack(maps, 4 * filters, 3), 4 * filters, 3, relu=False)
    maps = layers.Add()([maps, change])
  for factor in (2, 1):
    maps = stack(maps, filters * factor, 4, 2, up=True)
  tanh = layers.Activation('tanh', dtype='float32')
  outputs = tanh(_convolution(target[2], 7)(maps))
  return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=name)


def _reader(name: str, role: Role, filters: int, depth: int) -> keras.Model:
  """Returns a reader of [N, h, w, 1 + K]: a logit of each patch, then the K logits of classes."""
  image = keras.Input(role.reads['image'].sides, name='image')
  _require_halvings(image.shape[1:3], depth, f'stargan(layers={depth})')
  maps = image
  for level in range(depth):
    convolution = _convolution(filters * 2**level, 4, 2, bias=True)
    maps = layers.LeakyReLU(0.01)(convolution(maps))
  logits = _convolution(1, 3, dtype='float32')(maps)  # [N, h, w, 1]
  if classes := role.gives.sides[2] - 1:
    whole = _convolution(classes, maps.shape[1:3], padding='valid', dtype='float32')(maps)
    logits = VectorBeside(dtype='float32')([logits, layers.Flatten(dtype='float32')(whole)])
  return keras.Model(image, logits, name=name)


def _require_halvings(sides, count: int, network: str) -> None:
  """Raises UsageError unless both sides are multiples of 2 ** count."""
  if any(side % 2**count for side in sides[:2]):
    raise UsageError(
      f'--networks={network}: sides of images should be multiples of {2**count}, not '
      f'{sides[0]}x{sides[1]}; take other sizes or fewer layers'
    )


def _convolution(
  width: int, kernel, stride: int = 1, *, up: bool = False, bias: bool = False, **kwargs
) -> keras.layers.Layer:
  """Returns a convolution, or with `up` a transposed one, that starts as those of PyTorch do."""
  kind = layers.Conv2DTranspose if up else layers.Conv2D
  # Uniform, of deviation 1 / sqrt(3 fan_in): PyTorch's default, which the authors kept.
  start = keras.initializers.VarianceScaling(1 / 3, 'fan_in', 'uniform')
  options = {'padding': 'same', 'use_bias': bias, 'kernel_initializer': start, **kwargs}
  return kind(width, kernel, stride, **options)
