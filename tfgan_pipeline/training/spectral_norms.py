"""Spectral norms of layers, the most by which they can stretch an input: a health metric."""

from __future__ import annotations

from collections.abc import Iterator
import math

import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import divisor


def spectral_norms(role: str, network: keras.Model) -> dict[str, float]:
  """Returns the largest singular value of each layer's kernel, by TensorBoard tag.

  Kernels are seen as matrices [all other axes, last axis]; the last axis is that of outputs, or of
  inputs in a transposed convolution. The kernel is the one in use: multiplied by the layer's
  `scale`, if it has one, and divided by the estimate of its norm in a layer of
  networks/layers/spectral_norm.py, which makes the value 1 or, while the estimate lags, more. Of
  these layers the value before the division is returned, too, as BigGAN watched it for signs of
  collapse (Brock et al. 2019, arXiv:1809.11096, section 4).

  Args:
    role: The role of the network, part of the tags.
    network: The network; tags number its layers with kernels in their order.

  Returns:
    spectral_norm/<role>/<number>_<layer type>: of the kernel in use.
    spectral_norm_raw/<role>/<number>_<layer type>: before the division by an estimate.
  """
  scalars = {}
  for index, layer in enumerate(_layers_with_kernel(network)):
    name, value = f'{role}/{index}_{type(layer).__name__}', _largest_singular_value(layer.kernel)
    estimate = divisor(layer)
    scalars[f'spectral_norm/{name}'] = value * getattr(layer, 'scale', 1.0) / (estimate or 1.0)
    if estimate is not None:
      scalars[f'spectral_norm_raw/{name}'] = value
  return scalars


def _layers_with_kernel(network: keras.Model) -> Iterator[keras.layers.Layer]:
  """Yields the layers whose kernels have at least two axes."""
  for layer in network._flatten_layers():
    kernel = getattr(layer, 'kernel', None)
    if kernel is not None and kernel.shape.rank >= 2:
      yield layer


def _largest_singular_value(kernel: tf.Variable) -> float:
  """Returns the root of the largest eigenvalue of the smaller Gram matrix.

  NaN if a product of the kernel's numbers is not finite.
  """
  matrix = tf.reshape(tf.cast(kernel, tf.float32), [-1, kernel.shape[-1]])
  tall = matrix.shape[0] > matrix.shape[1]
  # K^T K [columns, columns] of a tall matrix, else K K^T [rows, rows].
  gram = tf.matmul(matrix, matrix, transpose_a=tall, transpose_b=not tall).numpy()
  if not np.isfinite(gram).all():
    return math.nan
  return math.sqrt(max(np.linalg.eigvalsh(gram.astype(np.float64))[-1], 0.0))
