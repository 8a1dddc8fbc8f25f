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

# Tables 4 and 5 of the paper, the authors' code for 64 and 128, and BigGAN's widths for 256.
PLANS = {
  32: Plan((4, 4, 4, 4), (2, 2), (2, 2)),
  48: Plan((8, 4, 2, 1), (1, 2, 4, 8), (8,)),
  64: Plan((16, 8, 4, 2, 1), (1, 2, 4, 8, 16)),
  128: Plan((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16), (16,)),
  256: Plan((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16), (16,)),
}


def _initializer(kernel: int) -> keras.initializers.Initializer:
  """Glorot's, with a gain of the root of 2 for 3x3 kernels, as in the authors' code."""
  return keras.initializers.VarianceScaling(2.0 if kernel == 3 else 1.0, 'fan_avg', 'uniform')


def small_normal() -> keras.initializers.Initializer:
  """For class-conditional gains and shifts: the authors start at 0, which hides labels at first."""
  return keras.initializers.RandomNormal(stddev=0.02)


@registry.network
def sngan(spec: NetworkSpec, *, filters: int = 64, minibatch: str = '') -> Networks:
  """ResNets for 32 to 256, spectral discriminator: 4,279,811 and 1,054,605 parameters at 32.

  Labelled, the generator has class-conditional batch norm and the discriminator a projection head
  (Miyato and Koyama 2018, arXiv:1802.05637).

  Args:
    spec: The sizes to fit; a shorter side of 32, 48, 64, 128 or 256.
    filters: Multiplies all widths.
    minibatch: '', 'std' or 'discrimination', before the discriminator's last layer.
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
  """Networks whose class, if told, conditions each norm by itself."""

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
  """The paper's plain networks for any multiple of 8, as compare_gan has them for CelebA-HQ 128.

  Args:
    spec: The sizes to fit.
    filters: Of the layers next to the image; eight times as many inside.
    minibatch: '', 'std' or 'discrimination', before the discriminator's last layer.
  """
  require('--networks', at_least=1, filters=filters)
  height, width, channels = spec.image_shape
  if height % 8 or width % 8:
    raise UsageError(
      f'--networks=sndcgan: sides of images should be multiples of 8, not {height}x{width}'
    )
  initial = functools.partial(keras.initializers.RandomNormal, stddev=0.02)
  inner = (height // 8, width // 8, 8 * filters)

  def make_generator(role: str) -> keras.Model:
    generator = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Dense(inner[0] * inner[1] * inner[2], kernel_initializer=initial()),
        layers.Reshape(inner),
        own.BatchNorm(),
        layers.ReLU(),
      ],
      name=role,
    )
    for factor in (4, 2, 1):
      generator.add(
        layers.Conv2DTranspose(filters * factor, 4, 2, 'same', kernel_initializer=initial())
      )
      generator.add(own.BatchNorm())
      generator.add(layers.ReLU())
    generator.add(layers.Conv2DTranspose(channels, 3, 1, 'same', kernel_initializer=initial()))
    generator.add(layers.Activation('tanh', dtype='float32'))
    return generator

  def make_reader(role: str, outputs: int) -> keras.Model:
    reader = keras.Sequential([layers.InputLayer(spec.input_shape(role))], name=role)
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
          filters * factor, kernel, stride, padding='same', kernel_initializer=initial()
        )
      )
      reader.add(layers.LeakyReLU(0.1))
    reader.add(layers.Flatten())
    for layer in minibatch_layers(minibatch, spec, role):
      reader.add(layer)
    reader.add(SpectralDense(outputs, kernel_initializer=initial(), dtype='float32'))
    return reader

  return conditioned(spec, fill(spec, make_generator, make_reader))
