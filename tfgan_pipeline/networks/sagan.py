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
  """ResNets for 32 to 256 with self-attention and spectral norm in both networks.

  SNGAN's widths; as in the authors' code the first convolution of a discriminator block is as wide
  as the second. Labelled, the generator has class-conditional batch norm and the discriminator a
  projection head. The paper's rates are 1e-4 and 4e-4, with beta_1=0.

  Args:
    spec: The sizes to fit; a shorter side of 32, 48, 64, 128 or 256.
    filters: Multiplies all widths.
    attention: Shorter side of the maps that attend to themselves; 0, or one that there is not, is
      none.
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
