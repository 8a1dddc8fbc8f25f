"""Networks of super-resolution: counts of their authors, any size and factor, and their layers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.networks.test_translators import build, random_images, trained
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.layers.enlargement import BilinearUpsample, PixelShuffle
from tfgan_pipeline.networks.layers.prelu import prelu
from tfgan_pipeline.networks.spec import Port

SMALL = {
  'srresnet': 'srresnet(filters=4, blocks=1)',
  'msrresnet': 'msrresnet(filters=4, blocks=1)',
  'rrdbnet': 'rrdbnet(filters=4, blocks=1, growth=2)',
}


def enlarger(text, side=8, factor=4, channels=3):
  height, width = (side, side) if isinstance(side, int) else side
  return build(text, side, target=Port((factor * height, factor * width, channels)))


@pytest.mark.parametrize(
  'text, factor, count',
  [
    ('srresnet', 4, 1_549_462),
    ('srresnet', 2, 1_401_749),
    ('msrresnet', 4, 1_517_571),
    ('msrresnet', 2, 1_369_859),
    ('rrdbnet', 4, 16_697_987),
    pytest.param('rrdbnet', 2, 16_661_059, marks=pytest.mark.heavy),
  ],
)
def test_counts_of_the_authors(text, factor, count):
  assert trained(enlarger(text, factor=factor)) == count


def test_rrdbnet_leaks_a_fifth():
  """ESRGAN (Wang et al. 2018, arXiv:1809.00219) has leaky ReLUs of slope 0.2."""
  layers = enlarger('rrdbnet(filters=4, blocks=1, growth=2)')._flatten_layers()
  slopes = [float(layer.alpha) for layer in layers if isinstance(layer, keras.layers.LeakyReLU)]
  assert slopes == pytest.approx([0.2] * len(slopes)) and len(slopes) > 12


def test_count_of_the_discriminator_of_srgan():
  network = build('srgan_discriminator', 96)
  # With moving averages, the count that Keras prints.
  assert (trained(network), network.count_params()) == (23_565_505, 23_569_217)
  assert network.output_shape == (None, 1, 1, 1)


@pytest.mark.parametrize('name', SMALL)
def test_weights_fit_images_of_any_size(name):
  """Looks at a network for large images on a part of one: far from borders, outputs are equal."""
  whole, part = enlarger(SMALL[name], (32, 40)), enlarger(SMALL[name], (24, 20))
  part.set_weights(whole.get_weights())
  image = random_images(1, 32, 40, 3)
  found, expected = part(image[:, :24, :20]), whole(image)
  assert expected.shape == (1, 128, 160, 3)
  np.testing.assert_allclose(found[:, :8, :4], expected[:, :8, :4], atol=1e-5)


@pytest.mark.parametrize('factor', [1, 2, 3, 6, 8])
@pytest.mark.parametrize('name', SMALL)
def test_factors_are_those_of_the_data(name, factor):
  if name == 'rrdbnet' and factor % 3 == 0:
    with pytest.raises(UsageError, match='larger than inputs by a product of 2, or as large, and'):
      enlarger(SMALL[name], factor=factor)
  else:
    assert enlarger(SMALL[name], 4, factor).output_shape == (None, 4 * factor, 4 * factor, 3)


def test_a_new_msrresnet_enlarges_bilinearly():
  network, image = enlarger('msrresnet(filters=4, blocks=2)'), random_images(2, 8, 8, 3)
  base = tf.image.resize(image, (32, 32), 'bilinear')
  assert np.abs(network(image) - base).max() < 0.1 < np.ptp(base)


@pytest.mark.parametrize('name', SMALL)
def test_numbers_are_float32_outside_whatever_they_are_inside(name):
  try:
    keras.mixed_precision.set_global_policy('mixed_bfloat16')
    network = enlarger(SMALL[name])
    reader = build('srgan_discriminator(filters=2, units=4)', 16)
  finally:
    keras.mixed_precision.set_global_policy('float32')
  for one, shape in ((network, (2, 8, 8, 3)), (reader, (2, 16, 16, 3))):
    assert {variable.dtype for variable in one.variables} == {tf.float32}
    assert one.compute_dtype == 'bfloat16' or one.output.dtype == tf.float32
    output = one(random_images(*shape))
    assert output.dtype == tf.float32 and np.ptp(output) > 0


def test_pixel_shuffle_lays_channels_out_as_squares():
  pixels = tf.range(2 * 3 * 8, dtype=tf.float32)
  maps = tf.reshape(pixels, [1, 2, 3, 8])
  found = PixelShuffle(2)(maps).numpy()
  assert found.shape == (1, 4, 6, 2)
  for row in range(4):
    for column in range(6):
      place = 2 * (row % 2) + column % 2
      expected = maps[0, row // 2, column // 2, 2 * place : 2 * place + 2]
      np.testing.assert_array_equal(found[0, row, column], expected)


@pytest.mark.parametrize('factor', [2, 3])
def test_bilinear_enlargement_is_that_of_tensorflow(factor):
  images = random_images(2, 5, 4, 3)
  expected = tf.image.resize(images, (5 * factor, 4 * factor), 'bilinear')
  np.testing.assert_allclose(BilinearUpsample(factor)(images), expected, atol=1e-6)


@pytest.mark.parametrize('per_channel, count', [(False, 1), (True, 4)])
def test_prelu_has_a_slope_for_a_layer_or_a_channel(per_channel, count):
  layer, maps = prelu(per_channel), random_images(2, 5, 6, 4)
  np.testing.assert_allclose(layer(maps), np.where(maps > 0, maps, 0.25 * maps))
  assert layer.count_params() == count


@pytest.mark.parametrize(
  'text, options, message',
  [
    (
      'srresnet',
      dict(factor=5),
      'larger than inputs by a product of 2 and 3, or as large, and are',
    ),
    ('msrresnet(blocks=-1)', {}, 'blocks=-1 should be at least 0'),
    ('srresnet(filters=0)', {}, 'filters=0 should be at least 1'),
    ('rrdbnet(growth=0)', {}, 'growth=0 should be at least 1'),
    ('msrresnet', dict(channels=1), 'of 3 channels, and cannot make 1; srresnet can'),
  ],
)
def test_what_does_not_fit_is_refused(text, options, message):
  with pytest.raises(UsageError, match=message):
    enlarger(text, **options)


def test_stretched_and_smaller_images_are_refused():
  for target in ((32, 16, 3), (4, 4, 3), (33, 33, 3)):
    with pytest.raises(UsageError, match=f'are {target[0]}x{target[1]} from 8x8; --dataset="redu'):
      build('srresnet', 8, target=Port(target))
  with pytest.raises(UsageError, match='sides of at least 16, and have 8x8; patchgan reads smal'):
    build('srgan_discriminator', 8)
