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

# 128 and 256 are tables of appendix B; 32 and 64 are from the authors' PyTorch code.
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


def _orthogonal_initializer(kernel: int = 0) -> keras.initializers.Initializer:
  """Makes an orthogonal initialiser, for kernels of any side."""
  del kernel
  return keras.initializers.Orthogonal()


_NORM = dict(spectral=True, kernel_initializer=_orthogonal_initializer)


@registry.network
def biggan(
  spec: NetworkSpec, *, filters: int = 96, attention: int = 64, embedding: int = 128
) -> Networks:
  """BigGAN: residual networks with spectral norm and self-attention, for images of 32 to 256.

  At 128x128 with 1,000 classes, the generator has 70.4 million parameters and the discriminator
  88.0. The noise is cut into equal parts, one for the dense layer and one for each block; the norms
  of a block read its part beside an embedding of the class that all blocks share. All kernels have
  spectral norm 1 and start orthogonal. The paper's learning rates are 5e-5 for the generator and
  2e-4 for the discriminator, with beta_1=0, two discriminator steps and batch 2,048.

  Args:
    spec: Networks to build, and sizes of images and noise; the shorter side is 32, 64, 128 or 256.
    filters: Factor of all widths.
    attention: Shorter side of the maps to which self-attention is applied; none if no map has it.
    embedding: Length of the class's embedding.

  Raises:
    UsageError: An argument is out of range, images have another size, or the noise has no equal
      parts.
  """
  require('--networks', at_least=1, filters=filters, embedding=embedding)
  plan = plan_for(spec, 'biggan', PLANS)
  parts = len(plan.up)  # Without a generator the noise size is 0, which every number divides.
  if spec.noise_size % parts:
    raise UsageError(
      f'--noise: the {spec.noise_size} numbers that the generator reads, codes included, should be '
      f'a multiple of {parts}, for as many equal parts in --networks=biggan at '
      f'{spec.image_shape[0]}x{spec.image_shape[1]}'
    )
  size = spec.noise_size // parts

  def read_noise(role: str) -> residual.Start:
    inputs, noise, shared = _generator_inputs(spec, role, embedding)
    # [n, size] each.
    start, *chunks = [noise[:, size * part : size * (part + 1)] for part in range(parts)]
    return residual.Start(inputs, start, [_join(chunk, shared) for chunk in chunks])

  blocks = residual.Blocks(_orthogonal_initializer, norm=_NORM)
  return residual.networks(spec, plan, filters, blocks, blocks, read_noise, attention=attention)


@registry.network
def biggan_deep(
  spec: NetworkSpec, *, filters: int = 128, attention: int = 64, embedding: int = 128
) -> Networks:
  """BigGAN-deep: bottlenecks with spectral norm and self-attention, for images of 32 to 256.

  At 128x128 with 1,000 classes, the generator has 50.4 million parameters and the discriminator
  34.6. Each side has two bottlenecks. All blocks read the whole noise beside an embedding of the
  class that they share.

  Args:
    spec: Networks to build, and sizes of images and noise; the shorter side is 32, 64, 128 or 256.
    filters: Factor of all widths; inside the bottlenecks they are a quarter, rounded down.
    attention: Shorter side of the maps to which self-attention is applied; none if no map has it.
    embedding: Length of the class's embedding.

  Raises:
    UsageError: An argument is out of range, or images have another size.
  """
  require('--networks', at_least=1, filters=filters, embedding=embedding)
  plan = plan_for(spec, 'biggan_deep', DEEP_PLANS)

  def read_noise(role: str) -> residual.Start:
    inputs, noise, shared = _generator_inputs(spec, role, embedding)
    start = _join(noise, shared)
    return residual.Start(inputs, start, [start] * (len(plan.up) - 1))

  blocks = Bottlenecks(_orthogonal_initializer, norm=_NORM, stem=filters)
  return residual.networks(spec, plan, filters, blocks, blocks, read_noise, attention=attention)


def _generator_inputs(
  spec: NetworkSpec, role: str, embedding: int
) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor | None]:
  """Returns (Keras inputs, noise [n, D], embedding of the class [n, embedding] or None)."""
  noise = keras.Input((spec.noise_size,))
  labels, one_hot = residual.label_input(spec, role)
  if one_hot is None:
    return [noise], noise, None
  embed = layers.Dense(
    embedding, use_bias=False, kernel_initializer=_orthogonal_initializer(), name='class_embedding'
  )
  return [noise, *labels], noise, embed(one_hot)


def _join(noise: tf.Tensor, shared: tf.Tensor | None) -> tf.Tensor:
  """Puts the shared embedding before noise, if there is an embedding."""
  return noise if shared is None else layers.Concatenate()([shared, noise])
