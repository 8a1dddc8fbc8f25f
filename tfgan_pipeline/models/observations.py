"""Scalars to plot of a discriminator's outputs, as tutorials show them."""

from __future__ import annotations

from tfgan_pipeline.compat import tf


def of_discriminator(real: tf.Tensor, generated: tf.Tensor) -> dict[str, tf.Tensor]:
  """Returns float32 scalars by TensorBoard tag; means over the batch.

  The scalars are mean D(x) and D(G(z)), as probabilities and as raw outputs with their gap; the
  accuracy of the output's sign; and r_t, the mean sign on training images, which nears 1 when the
  discriminator overfits (Karras et al. 2020, arXiv:2006.06676, equation 1). For losses without a
  border at 0, such as Wasserstein's, only the gap has a meaning.

  Args:
    real: Outputs on training images, float32 [n, ...], before any sigmoid.
    generated: Outputs on generated images, shaped like `real`.
  """
  values = {
    'output/real': real,
    'output/generated': generated,
    'probability/real': tf.sigmoid(real),
    'probability/generated': tf.sigmoid(generated),
    'accuracy/real': tf.cast(real > 0, tf.float32),
    'accuracy/generated': tf.cast(generated < 0, tf.float32),
  }
  means = {f'discriminator_{name}': tf.reduce_mean(value) for name, value in values.items()}
  gap = means['discriminator_output/real'] - means['discriminator_output/generated']
  return {
    **means,
    'discriminator_output/gap': gap,
    'overfitting/r_t': tf.reduce_mean(tf.sign(real)),
  }
