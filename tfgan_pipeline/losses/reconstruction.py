"""Distances of images from their reconstructions: `--model=vae(reconstruction=bernoulli)`.

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
  """Cross-entropy of brightness in [0, 1], as for black and white pixels (Kingma and Welling 2014).

  arXiv:1312.6114, appendix C.1.
  """
  import tensorflow_probability as tfp

  def distance(images: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
    # Decoded brightness of exactly 0 or 1 would make any other original impossible.
    probabilities = tf.clip_by_value((decoded + 1.0) / 2.0, 1e-6, 1.0 - 1e-6)
    return -_total(tfp.distributions.Bernoulli(probs=probabilities).log_prob((images + 1.0) / 2.0))

  return distance


@registry.reconstruction
def squared_error() -> Reconstruction:
  """Half the sum of squared differences: the likelihood of a normal decoder of variance 1."""
  return lambda images, decoded: 0.5 * _total(tf.square(images - decoded))


@registry.reconstruction
def absolute_error() -> Reconstruction:
  """Sum of absolute differences: the likelihood of a Laplace decoder of scale 1."""
  return lambda images, decoded: _total(tf.abs(images - decoded))


def _total(values: tf.Tensor) -> tf.Tensor:
  """Returns the sum over all axes but the first, [n]."""
  return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))
