"""StyleGAN2's layers against the paper's formulas, written out another way."""

import numpy as np
import pytest
from scipy import ndimage, signal

from tests.networks.small import small, spectral_norms
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks import stylegan2
from tfgan_pipeline.networks.layers.basic import NearestUpsample2x
from tfgan_pipeline.networks.spec import NetworkSpec
from tfgan_pipeline.networks.stylegan2 import (
  EqualizedConv2D,
  EqualizedDense,
  ModulatedConv2D,
  PixelNoise,
  ScaledLeakyReLU,
  Smooth121,
)
from tfgan_pipeline.replicas import randomness

RANDOM = np.random.RandomState(0)


def normal(*shape: int) -> np.ndarray:
  return RANDOM.randn(*shape).astype(np.float32)


@pytest.mark.parametrize('demodulate', [True, False])
def test_each_image_is_convolved_with_kernels_of_its_own(demodulate):
  layer = ModulatedConv2D(5, 3, demodulate=demodulate)
  maps, style = normal(4, 6, 6, 3), normal(4, 7)
  outputs = layer([maps, style]).numpy()
  scales = style @ layer.affine.kernel.numpy() / 7**0.5 + 1
  for image, scale, output in zip(maps, scales, outputs):
    kernels = layer.kernel.numpy() / 27**0.5 * scale[:, None]
    if demodulate:
      kernels /= np.sqrt(np.sum(kernels**2, axis=(0, 1, 2)))
    for number in range(5):
      channels = [
        ndimage.correlate(image[..., one], kernels[..., one, number], mode='constant')
        for one in range(3)
      ]
      np.testing.assert_allclose(output[..., number], sum(channels), atol=1e-5)


def test_sides_are_doubled_and_halved_with_1_3_3_1():
  maps = normal(2, 6, 8, 3)
  kernel = np.outer([1, 3, 3, 1], [1, 3, 3, 1])[None, :, :, None]  # On j - 2 to j + 1 at j.
  spread = np.zeros([2, 12, 16, 3], np.float32)
  spread[:, ::2, ::2] = maps
  doubled = ndimage.correlate(spread, kernel / 16, mode='constant')
  np.testing.assert_allclose(Smooth121()(NearestUpsample2x()(maps)), doubled, atol=1e-6)
  halved = ndimage.correlate(maps, kernel / 64, mode='constant')[:, 1::2, 1::2]
  pooled = keras.layers.AveragePooling2D()(Smooth121()(maps))
  np.testing.assert_allclose(pooled, halved, atol=1e-6)
  layer = EqualizedConv2D(5, 3, strides=2)
  outputs = layer(stylegan2.blur_before_stride(maps)).numpy()
  kernels, smooth = layer.kernel.numpy() / 27**0.5, kernel[0, :, :, 0] / 64
  for number in range(5):
    # Both filters as one of six taps, on 2i - 2 to 2i + 3.
    channels = [
      ndimage.correlate(
        maps[..., one], signal.convolve2d(smooth, kernels[..., one, number])[None], mode='constant'
      )
      for one in range(3)
    ]
    expected = sum(channels)
    np.testing.assert_allclose(outputs[..., number], expected[:, 1::2, 1::2], atol=1e-5)


def test_sizes_of_what_passes_are_kept():
  """Checks mean squares of outputs of new layers, which do not depend on the learning rate."""
  inputs = normal(500, 300)
  for rate in (1.0, 0.01):
    layer = EqualizedDense(400, rate=rate)
    outputs = layer(inputs)
    assert abs(np.mean(np.square(outputs)) - 1) < 0.05
    assert abs(np.mean(np.square(ScaledLeakyReLU()(outputs))) - 1.04) < 0.05
    assert abs(layer.kernel.numpy().std() * rate - 1) < 0.02


def test_noise_is_drawn_in_training_and_constant_afterwards():
  layer = PixelNoise()
  maps = normal(2, 4, 4, 3)

  def call(seed, training):
    with randomness.scope(randomness.key(seed)):
      return layer(maps, training=training).numpy()

  np.testing.assert_array_equal(call(0, True), maps)  # Strength starts at zero.
  layer.strength.assign(0.5)
  np.testing.assert_array_equal(call(0, True), call(0, True))
  assert not np.allclose(call(0, True), call(1, True))
  added = call(0, True) - maps
  np.testing.assert_allclose(added, np.repeat(added[..., :1], 3, axis=-1), atol=1e-6)
  assert not np.allclose(added[0], added[1])
  np.testing.assert_array_equal(call(0, False), call(1, False))
  constant = np.broadcast_to(0.5 * layer.constant, maps.shape)
  np.testing.assert_allclose(call(0, False) - maps, constant, atol=1e-6)


def test_images_depend_on_the_direction_of_noise_alone():
  text, shape = small('stylegan2')
  generator = registry.network.build(text, NetworkSpec.of_images(shape, 0, 12))['generator']
  noise = normal(3, 12)
  images = generator(noise)
  np.testing.assert_allclose(generator(10 * noise), images, atol=1e-4)
  assert not np.allclose(generator(noise[::-1]), images, atol=1e-2)


def test_every_weight_learns_from_the_first_step_on():
  text, shape = small('stylegan2')
  networks = registry.network.build(text, NetworkSpec.of_images(shape, 0, 12))
  with randomness.scope(randomness.key(0)), tf.GradientTape() as tape:
    logits = networks['discriminator'](networks['generator'](normal(4, 12), training=True))
    loss = tf.reduce_mean(tf.square(logits - 1))
  weights = [weight for network in networks.values() for weight in network.trainable_variables]
  for weight, gradient in zip(weights, tape.gradient(loss, weights)):
    assert np.any(gradient), weight.name


def test_spectral_norms_are_of_kernels_in_use():
  layer = EqualizedDense(3, rate=0.01)
  network = keras.Sequential([keras.Input((5,)), layer])
  norm = np.linalg.norm(0.01 / 5**0.5 * layer.kernel.numpy(), 2)
  found = spectral_norms('generator', network)
  assert found == {'spectral_norm/generator/0_EqualizedDense': pytest.approx(norm, rel=1e-4)}
