"""Self-attention GAN (Zhang et al. 2019, arXiv:1805.08318)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import require
from tfgan_pipeline.networks import sngan
from tfgan_pipeline.networks.blocks import residual
from tfgan_pipeline.networks.blocks.plans import plan_for
from tfgan_pipeline.networks.spec import Networks, NetworkSpec


@registry.network
def sagan(spec: NetworkSpec, *, filters: int = 64, attention: int = 32) -> Networks:
  """Residual networks with self-attention and spectral norm, for images of 32 to 256.

  Widths are SNGAN's; as in the authors' code the first convolution of a discriminator block is as
  wide as the second. A labelled generator has class-conditional batch norm, a labelled
  discriminator a projection head. The paper's learning rates are 1e-4 for the generator and 4e-4
  for the discriminator, with beta_1=0.

  Args:
    spec: Networks to build, and sizes of images and noise; the shorter side is 32, 48, 64, 128 or
      256.
    filters: Factor of all widths.
    attention: Shorter side of the maps to which self-attention is applied; none if no map has it.

  Raises:
    UsageError: `filters` is less than 1, or images have another size.
  """
  require('--networks', at_least=1, filters=filters)
  plan = plan_for(spec, 'sagan', sngan.PLANS)
  blocks = residual.Blocks(
    lambda kernel: keras.initializers.GlorotUniform(),
    norm=dict(kernel_initializer=sngan.small_normal),
  )
  return sngan.build(
    spec, plan, filters, generator_blocks=blocks, reader_blocks=blocks, attention=attention
  )
