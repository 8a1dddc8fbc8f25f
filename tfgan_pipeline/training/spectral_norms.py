"""How much each layer of a network can stretch what it reads: one of the signs of health."""

from __future__ import annotations

from collections.abc import Iterator
import math

import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import divisor


def spectral_norms(role: str, network: keras.Model) -> dict[str, float]:
  """The largest singular value of each kernel seen as a matrix [everything else, last axis].

  The last axis is that of outputs, or of inputs in a transposed convolution. Of a layer of
  networks/spectral_norm.py it is that of the kernel in use, which is divided by an estimate: 1 if
  that keeps up, and never less; so it is of a layer with a `scale`, which multiplies its kernel.
  What BigGAN watched for signs of collapse is that before the division (Brock et al. 2019,
  arXiv:1809.11096, section 4), given beside it.

  Args:
    role: Of the network.
    network: Its layers are numbered in their order.
  """
  scalars = {}
  for place, layer in enumerate(_with_kernel(network)):
    name, value = f'{role}/{place}_{type(layer).__name__}', _largest_singular_value(layer.kernel)
    divided_by = divisor(layer)
    scalars[f'spectral_norm/{name}'] = value * getattr(layer, 'scale', 1.0) / (divided_by or 1.0)
    if divided_by is not None:
      scalars[f'spectral_norm_raw/{name}'] = value
  return scalars


def _with_kernel(network: keras.Model) -> Iterator[keras.layers.Layer]:
  for layer in network._flatten_layers():
    kernel = getattr(layer, 'kernel', None)
    if kernel is not None and kernel.shape.rank >= 2:
      yield layer


def _largest_singular_value(kernel: tf.Variable) -> float:
  """The root of the largest eigenvalue of the smaller Gram matrix; not a number where one is in."""
  matrix = tf.reshape(tf.cast(kernel, tf.float32), [-1, kernel.shape[-1]])
  tall = matrix.shape[0] > matrix.shape[1]
  gram = tf.matmul(matrix, matrix, transpose_a=tall, transpose_b=not tall).numpy()
  if not np.isfinite(gram).all():
    return math.nan
  return math.sqrt(max(np.linalg.eigvalsh(gram.astype(np.float64))[-1], 0.0))
