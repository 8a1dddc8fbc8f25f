"""BigGAN and BigGAN-deep (Brock et al. 2019, arXiv:1809.11096, appendix B)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.blocks import residual
from tfgan_pipeline.networks.blocks.bottleneck import Bottlenecks
from tfgan_pipeline.networks.blocks.plans import Plan, plan_for
from tfgan_pipeline.networks.spec import Networks, NetworkSpec

layers = keras.layers

# The paper's tables for 128 and 256, and the authors' PyTorch code for 32 and 64.
PLANS = {
  32: Plan((4, 4, 4, 4), (4, 4), (4, 4)),
  64: Plan((16, 16, 8, 4, 2), (1, 2, 4, 8), (16,)),
  128: Plan((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16), (16,)),
  256: Plan((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16), (16,)),
}
DEEP_PLANS = {
  32: Plan((4, 4, 4, 4), (4, 4), (4,)),
  64: Plan((16, 16, 8, 4, 2), (2, 4, 8, 16)),
  128: Plan((16, 16, 8, 4, 2, 1), (2, 4, 8, 16, 16)),
  256: Plan((16, 16, 8, 8, 4, 2, 1), (2, 4, 8, 8, 16, 16)),
}


def _orthogonal(kernel: int = 0) -> keras.initializers.Initializer:
  del kernel
  return keras.initializers.Orthogonal()


_NORM = dict(spectral=True, kernel_initializer=_orthogonal)


@registry.network
def biggan(
  spec: NetworkSpec, *, filters: int = 96, attention: int = 64, embedding: int = 128
) -> Networks:
  """ResNets for 32 to 256: 70.4 and 88.0 million parameters for 1,000 classes at 128.

  The noise is cut into equal parts, one for the dense layer and one for each block, whose norms
  read it beside an embedding of the class that all share. All kernels have spectral norm 1 and
  start orthogonal. The rates are 5e-5 and 2e-4 with beta_1=0, two discriminator steps, batch 2,048.

  Args:
    spec: The sizes to fit; a shorter side of 32, 64, 128 or 256.
    filters: Multiplies all widths.
    attention: Shorter side of the maps that attend to themselves; 0, or one that there is not, is
      none.
    embedding: Length of the class's embedding.
  """
  require('--networks', at_least=1, filters=filters, embedding=embedding)
  plan = plan_for(spec, 'biggan', PLANS)
  parts = len(plan.up)  # Without a generator there are no numbers, which divide.
  if spec.noise_size % parts:
    raise UsageError(
      f'--noise: the {spec.noise_size} numbers that the generator reads, codes included, should be '
      f'a multiple of {parts}, for as many equal parts in --networks=biggan at '
      f'{spec.image_shape[0]}x{spec.image_shape[1]}'
    )
  size = spec.noise_size // parts

  def read_noise(role: str) -> residual.Start:
    inputs, noise, shared = _generator_inputs(spec, role, embedding)
    start, *chunks = [noise[:, size * part : size * (part + 1)] for part in range(parts)]
    return residual.Start(inputs, start, [_beside(chunk, shared) for chunk in chunks])

  blocks = residual.Blocks(_orthogonal, norm=_NORM)
  return residual.networks(spec, plan, filters, blocks, blocks, read_noise, attention=attention)


@registry.network
def biggan_deep(
  spec: NetworkSpec, *, filters: int = 128, attention: int = 64, embedding: int = 128
) -> Networks:
  """Bottlenecks, two per side, for 32 to 256: 50.4 and 34.6 million parameters as `biggan`.

  All blocks read all of the noise beside the shared embedding of the class.

  Args:
    spec: The sizes to fit; a shorter side of 32, 64, 128 or 256.
    filters: Multiplies all widths; inside the blocks they are a quarter, rounded down.
    attention: Shorter side of the maps that attend to themselves; 0, or one that there is not, is
      none.
    embedding: Length of the class's embedding.
  """
  require('--networks', at_least=1, filters=filters, embedding=embedding)
  plan = plan_for(spec, 'biggan_deep', DEEP_PLANS)

  def read_noise(role: str) -> residual.Start:
    inputs, noise, shared = _generator_inputs(spec, role, embedding)
    start = _beside(noise, shared)
    return residual.Start(inputs, start, [start] * (len(plan.up) - 1))

  blocks = Bottlenecks(_orthogonal, norm=_NORM, stem=filters)
  return residual.networks(spec, plan, filters, blocks, blocks, read_noise, attention=attention)


def _generator_inputs(
  spec: NetworkSpec, role: str, embedding: int
) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor | None]:
  """(Keras inputs, noise, the class embedded or None)."""
  noise = keras.Input((spec.noise_size,))
  labels, one_hot = residual.label_input(spec, role)
  if one_hot is None:
    return [noise], noise, None
  embed = layers.Dense(
    embedding, use_bias=False, kernel_initializer=_orthogonal(), name='class_embedding'
  )
  return [noise, *labels], noise, embed(one_hot)


def _beside(noise: tf.Tensor, shared: tf.Tensor | None) -> tf.Tensor:
  return noise if shared is None else layers.Concatenate()([shared, noise])
