"""How far an image is from its reconstruction: `--model=vae(reconstruction=bernoulli)`.

A component returns a function of two batches of images float32 [n, H, W, C] in [-1, 1], the
original and the reconstruction, to float32 [n]: a sum over pixels and channels, so that it is the
negative log-likelihood of a decoder up to a constant.
"""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf

Reconstruction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@registry.reconstruction
def bernoulli() -> Reconstruction:
  """Cross-entropy of brightness in [0, 1], as for black and white pixels (Kingma and Welling)."""
  import tensorflow_probability as tfp

  def distance(images: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    # A brightness of exactly 0 or 1 would make any other image impossible.
    probabilities = tf.clip_by_value((decoded + 1.0) / 2.0, 1e-6, 1.0 - 1e-6)
    return -_total(tfp.distributions.Bernoulli(probs=probabilities).log_prob((images + 1.0) / 2.0))

  return distance


@registry.reconstruction
def squared_error() -> Reconstruction:
  """Half the sum of squares: a normal decoder of variance 1."""
  return lambda images, decoded: 0.5 * _total(tf.square(images - decoded))


@registry.reconstruction
def absolute_error() -> Reconstruction:
  """The sum of absolute differences: a Laplace decoder of scale 1."""
  return lambda images, decoded: _total(tf.abs(images - decoded))


def _total(values: tf.Tensor) -> tf.Tensor:
  return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))
