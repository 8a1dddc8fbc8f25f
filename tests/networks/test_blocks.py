"""Residual blocks against plain operations, and the widths of every side."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks import biggan, sngan
from tfgan_pipeline.networks.blocks import residual
from tfgan_pipeline.networks.blocks.bottleneck import Bottlenecks
from tfgan_pipeline.networks.blocks.plans import widths_from_4
from tfgan_pipeline.networks.spec import NetworkSpec

layers = keras.layers

# Side -> the generator's widths from 4x4 (48: 6x6) on, the discriminator's, and how many of its
# blocks halve the side. As the plans have them, whose comments name the sources; no paper could be
# looked up, so this detects a change and says nothing about whether the widths are the paper's.
SNGAN = {
  32: ('4 4 4 4', '2 2 2 2', 2),
  48: ('8 4 2 1', '1 2 4 8 8', 4),
  64: ('16 8 4 2 1', '1 2 4 8 16', 5),
  128: ('16 16 8 4 2 1', '1 2 4 8 16 16', 5),
  256: ('16 16 8 8 4 2 1', '1 2 4 8 8 16 16', 6),
}
BIGGAN = {
  32: ('4 4 4 4', '4 4 4 4', 2),
  64: ('16 16 8 4 2', '1 2 4 8 16', 4),
  128: ('16 16 8 4 2 1', '1 2 4 8 16 16', 5),
  256: ('16 16 8 8 4 2 1', '1 2 4 8 8 16 16', 6),
}
DEEP = {
  32: ('4 4 4 4', '4 4 4', 2),
  64: ('16 16 8 4 2', '2 4 8 16', 4),
  128: ('16 16 8 4 2 1', '2 4 8 16 16', 5),
  256: ('16 16 8 8 4 2 1', '2 4 8 8 16 16', 6),
}


@pytest.mark.parametrize(
  'plans, expected',
  [(sngan.PLANS, SNGAN), (biggan.PLANS, BIGGAN), (biggan.DEEP_PLANS, DEEP)],
  ids=['sngan', 'biggan', 'biggan_deep'],
)
def test_widths_of_every_side(plans, expected):
  def text(widths):
    return ' '.join(map(str, widths))

  found = {
    side: (text(plan.up), text(plan.down + plan.keep), len(plan.down))
    for side, plan in plans.items()
  }
  assert found == expected
  for side, plan in plans.items():  # The images' side is reached.
    assert side / 2 ** (len(plan.up) - 1) in (4, 6)


def test_widths_are_halved_beyond_the_widest_side():
  def widths(side, filters, widest=32, width=None):
    spec = NetworkSpec.of_images((side, width or side, 3), 0, 8)
    return widths_from_4(spec, 'net', filters, widest=widest)

  assert widths(8, 5) == [5, 5]
  assert widths(32, 6) == [6, 6, 6, 6]
  assert widths(64, 6) == [6, 6, 6, 6, 3]
  assert widths(256, 9, 64) == [9, 9, 9, 9, 9, 4, 2]
  assert widths(128, 4) == [4, 4, 4, 4, 2, 1]
  with pytest.raises(UsageError, match='filters=3 should be at least 4 at 128x128'):
    widths(128, 3)
  assert widths(16, 5, width=8) == widths(8, 5, width=16) == [5, 5]
  assert widths(64, 6, width=96) == widths(64, 6)
  for side, width in ((4, 4), (2, 2), (12, 12), (24, 24), (4, 16)):
    with pytest.raises(UsageError, match=f'4 times a power of 2, 8 or more, not {side}x{width}'):
      widths(side, 8, width=width)
  with pytest.raises(UsageError, match='beside a side of 16 .* multiple of 4, not 16x18'):
    widths(16, 8, width=18)


def glorot(kernel: int) -> keras.initializers.Initializer:
  del kernel
  return keras.initializers.GlorotUniform()


def model_of(block, width: int, **kwargs):
  """A model of one block on maps of 6x6 and 8 channels, with biases and moving averages too."""
  inputs = layers.Input((6, 6, 8))
  model = keras.Model(inputs, block(inputs, width, **kwargs))
  random = np.random.RandomState(0)
  for weight in model.weights:
    if weight.shape.rank == 1:
      weight.assign(random.uniform(0.5, 1.5, weight.shape))
  maps = random.randn(2, 6, 6, 8).astype(np.float32)
  convs = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
  norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
  return maps, model(maps).numpy(), convs, norms


def applied(layer, maps):
  if isinstance(layer, layers.BatchNormalization):
    return layer(maps, training=False)
  return tf.nn.conv2d(maps, layer.kernel, 1, 'SAME') + layer.bias


def doubled(maps):
  return np.repeat(np.repeat(maps, 2, axis=1), 2, axis=2)


def halved(maps):
  maps = np.asarray(maps)
  return (maps[:, ::2, ::2] + maps[:, ::2, 1::2] + maps[:, 1::2, ::2] + maps[:, 1::2, 1::2]) / 4


def test_generator_block():
  blocks = residual.Blocks(glorot, spectral=False)
  maps, found, convs, norms = model_of(blocks.up, 5)
  (beside,) = (conv for conv in convs if conv.kernel_size == (1, 1))
  first, second = (conv for conv in convs if conv.kernel_size == (3, 3))
  inside = applied(first, doubled(tf.nn.relu(applied(norms[0], maps))))
  inside = applied(second, tf.nn.relu(applied(norms[1], inside)))
  np.testing.assert_allclose(found, inside + doubled(applied(beside, maps)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('first, halve, width', [(1, 1, 5), (0, 1, 8), (0, 0, 5), (0, 0, 8)])
@pytest.mark.parametrize('wide', [True, False])
def test_discriminator_block(first, halve, width, wide):
  blocks = residual.Blocks(glorot, spectral=False, wide=wide)
  kwargs = dict(first=True) if first else {}
  kwargs |= {} if halve else dict(halve=False)
  maps, found, convs, _ = model_of(blocks.down, width, **kwargs)
  one, two = (conv for conv in convs if conv.kernel_size == (3, 3))
  assert one.filters == (width if wide or first else 8) and two.filters == width
  inside = applied(one, maps if first else tf.nn.relu(maps))
  inside = applied(two, tf.nn.relu(inside))
  beside = [conv for conv in convs if conv.kernel_size == (1, 1)]
  assert len(beside) == (halve or width != 8)
  if halve:
    inside, maps = halved(inside), halved(maps)
  for conv in beside:
    maps = applied(conv, maps)
  np.testing.assert_allclose(found, inside + maps, rtol=1e-4, atol=1e-4)


def test_generator_bottlenecks_drop_channels():
  maps, found, convs, norms = model_of(Bottlenecks(glorot, spectral=False).up, 5)
  assert [(conv.filters, *conv.kernel_size) for conv in convs] == [
    *((2, 1, 1), (2, 3, 3), (2, 3, 3), (8, 1, 1)),
    *((2, 1, 1), (2, 3, 3), (2, 3, 3), (5, 1, 1)),
  ]
  for block, width in enumerate((8, 5)):
    inside, beside = maps, maps[..., :width]
    for place, (norm, conv) in enumerate(list(zip(norms, convs))[4 * block : 4 * block + 4]):
      inside = tf.nn.relu(applied(norm, inside))
      if block and place == 1:
        inside, beside = doubled(inside), doubled(beside)
      inside = applied(conv, inside)
    maps = np.asarray(inside) + beside
  np.testing.assert_allclose(found, maps, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('first, halve, width', [(1, 1, 12), (0, 1, 12), (0, 1, 8), (0, 0, 8)])
def test_discriminator_bottlenecks_add_channels(first, halve, width):
  blocks = Bottlenecks(glorot, spectral=False, stem=6)
  maps, found, convs, _ = model_of(blocks.down, width, first=bool(first), halve=bool(halve))
  if first:
    stem, *convs = convs
    assert (stem.filters, stem.kernel_size) == (6, (3, 3))
    maps = applied(stem, maps)
  more = [conv for conv in convs if conv.filters == width - maps.shape[-1] and width != 8]
  convs = [conv for conv in convs if conv not in more]
  assert [(conv.filters, *conv.kernel_size) for conv in convs] == [
    *((width // 4, 1, 1), (width // 4, 3, 3), (width // 4, 3, 3), (width, 1, 1))
  ] * 2
  assert [conv.kernel_size for conv in more] == [(1, 1)] * (width != 8)
  for block in range(2):
    inside, beside = maps, maps
    for conv in convs[4 * block : 4 * block + 3]:
      inside = applied(conv, tf.nn.relu(inside))
    inside = tf.nn.relu(inside)
    if halve and not block:
      inside, beside = halved(inside), halved(beside)
    if more and not block:
      beside = np.concatenate([beside, applied(more[0], beside)], axis=-1)
    maps = np.asarray(applied(convs[4 * block + 3], inside) + beside)
  np.testing.assert_allclose(found, maps, rtol=1e-4, atol=1e-4)


def test_defaults_of_blocks():
  assert Bottlenecks(glorot).stem == 128
  blocks = residual.Blocks(glorot)
  assert (blocks.spectral, blocks.norm, blocks.wide) == (True, {}, True)
