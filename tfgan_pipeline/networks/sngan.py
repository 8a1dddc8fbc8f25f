"""Spectrally normalised GANs (Miyato et al. 2018, arXiv:1802.05957), residual and plain."""

from __future__ import annotations

import functools

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.blocks import residual
from tfgan_pipeline.networks.blocks.plans import Plan, plan_for
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.layers.minibatch import minibatch_layers
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D, SpectralDense
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers

# 32 and 48 are tables 4 and 5 of the paper; 64 and 128 the authors' code; 256 BigGAN's widths.
PLANS = {
  32: Plan((4, 4, 4, 4), (2, 2), (2, 2)),
  48: Plan((8, 4, 2, 1), (1, 2, 4, 8), (8,)),
  64: Plan((16, 8, 4, 2, 1), (1, 2, 4, 8, 16)),
  128: Plan((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16), (16,)),
  256: Plan((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16), (16,)),
}


def _initializer(kernel: int) -> keras.initializers.Initializer:
  """Returns Glorot's initialiser, for 3x3 kernels times sqrt(2), as in the authors' code."""
  return keras.initializers.VarianceScaling(2.0 if kernel == 3 else 1.0, 'fan_avg', 'uniform')


def small_normal() -> keras.initializers.Initializer:
  """Returns an initialiser for class-conditional gains and shifts: normal, of deviation 0.02.

  The authors start at 0, which hides labels at first.
  """
  return keras.initializers.RandomNormal(stddev=0.02)


@registry.network
def sngan(spec: NetworkSpec, *, filters: int = 64, minibatch: str = '') -> Networks:
  """Residual networks for images of 32 to 256, with spectral norm in the discriminator.

  At 32x32, the generator has 4,279,811 parameters and the discriminator 1,054,605. A labelled
  generator has class-conditional batch norm, a labelled discriminator a projection head (Miyato and
  Koyama 2018, arXiv:1802.05637).

  Args:
    spec: Networks to build, and sizes of images and noise; the shorter side is 32, 48, 64, 128 or
      256.
    filters: Factor of all widths.
    minibatch: Layer before the discriminator's last one that compares the images of a batch: ''
      for none, 'std' or 'discrimination'.

  Raises:
    UsageError: An argument is out of range, or images have another size.
  """
  require('--networks', at_least=1, filters=filters)
  plan = plan_for(spec, 'sngan', PLANS)
  plain = residual.Blocks(_initializer, spectral=False, norm=dict(kernel_initializer=small_normal))
  spectral = residual.Blocks(_initializer, wide=False)
  return build(
    spec, plan, filters, generator_blocks=plain, reader_blocks=spectral, minibatch=minibatch
  )


def build(
  spec: NetworkSpec,
  plan: Plan,
  filters: int,
  *,
  generator_blocks: residual.Blocks,
  reader_blocks: residual.Blocks,
  attention: int = 0,
  minibatch: str = '',
) -> Networks:
  """Builds residual networks; in a labelled generator each norm reads the one-hot class.

  Args:
    spec: Networks to build, and sizes of images and noise.
    plan: Widths in multiples of `filters`.
    filters: Factor of all widths.
    generator_blocks: Factory of the generator's layers and blocks.
    reader_blocks: Factory of the layers and blocks of networks that read images.
    attention: Shorter side of the maps to which self-attention is applied; 0 for none.
    minibatch: Layer that compares images, '', 'std' or 'discrimination'.
  """

  def read_noise(role: str) -> residual.Start:
    noise = keras.Input((spec.noise_size,))
    labels, condition = residual.label_input(spec, role)
    return residual.Start([noise, *labels], noise, [condition] * (len(plan.up) - 1))

  return residual.networks(
    spec,
    plan,
    filters,
    generator_blocks,
    reader_blocks,
    read_noise,
    attention=attention,
    minibatch=minibatch,
  )


@registry.network
def sndcgan(spec: NetworkSpec, *, filters: int = 64, minibatch: str = '') -> Networks:
  """Convolutional networks with a spectrally normalised discriminator, for sides divisible by 8.

  Table 3 of the paper, as compare_gan has it for CelebA-HQ 128.

  Args:
    spec: Networks to build, and sizes of images and noise; sides are multiples of 8.
    filters: Width of the layers next to the image; the innermost are eight times as wide.
    minibatch: Layer before the discriminator's last one that compares the images of a batch: ''
      for none, 'std' or 'discrimination'.

  Raises:
    UsageError: An argument is out of range, or a side is no multiple of 8.
  """
  require('--networks', at_least=1, filters=filters)
  height, width, channels = spec.image_shape
  if height % 8 or width % 8:
    raise UsageError(
      f'--networks=sndcgan: sides of images should be multiples of 8, not {height}x{width}'
    )
  initializer = functools.partial(keras.initializers.RandomNormal, stddev=0.02)  # compare_gan's.
  inner = (height // 8, width // 8, 8 * filters)

  def make_generator(role: str) -> keras.Model:
    generator = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Dense(inner[0] * inner[1] * inner[2], kernel_initializer=initializer()),
        layers.Reshape(inner),
        own.BatchNorm(),
        layers.ReLU(),
      ],
      name=role,
    )
    for factor in (4, 2, 1):
      generator.add(
        layers.Conv2DTranspose(filters * factor, 4, 2, 'same', kernel_initializer=initializer())
      )
      generator.add(own.BatchNorm())
      generator.add(layers.ReLU())
    generator.add(layers.Conv2DTranspose(channels, 3, 1, 'same', kernel_initializer=initializer()))
    generator.add(layers.Activation('tanh', dtype='float32'))
    return generator

  def make_reader(role: str, outputs: int) -> keras.Model:
    reader = keras.Sequential([layers.InputLayer(spec.input_shape(role))], name=role)
    # Kernels of 3x3 keep the sides, kernels of 4x4 halve them, as in table 3.
    for factor, kernel, stride in (
      (1, 3, 1),
      (2, 4, 2),
      (2, 3, 1),
      (4, 4, 2),
      (4, 3, 1),
      (8, 4, 2),
      (8, 3, 1),
    ):
      reader.add(
        SpectralConv2D(
          filters * factor, kernel, stride, padding='same', kernel_initializer=initializer()
        )
      )
      reader.add(layers.LeakyReLU(0.1))  # Table 3.
    reader.add(layers.Flatten())
    for layer in minibatch_layers(minibatch, spec, role):
      reader.add(layer)
    reader.add(SpectralDense(outputs, kernel_initializer=initializer(), dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))
