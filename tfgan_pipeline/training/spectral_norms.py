"""Spectral norms of layers, the most by which they can stretch an input: a health metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import math

import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import norms


def measure(role: str, network: keras.Model) -> dict[str, tf.Tensor]:
  """Computes on the device what `values_of` needs, by <role>/<number>_<layer type>; traceable.

  Returns:
    The smaller Gram matrix of a kernel, float32 [k, k]; of a layer with spectral normalisation its
    estimate and the norm, float32 [2].
  """
  measured = {}
  for name, layer in _layers_with_kernel(role, network):
    of_vectors = norms(layer)
    measured[name] = _gram(layer.kernel) if of_vectors is None else tf.stack(of_vectors)
  return measured


def values_of(
  role: str, network: keras.Model, measured: Mapping[str, np.ndarray]
) -> dict[str, float]:
  """Returns the largest singular value of each layer's kernel, by TensorBoard tag.

  Kernels are seen as matrices [all other axes, last axis]; the last axis is that of outputs, or of
  inputs in a transposed convolution. The kernel is the one in use: multiplied by the layer's
  `scale`, if it has one, and divided by the estimate of its norm in a layer of
  networks/layers/spectral_norm.py, which makes the value 1 or, while the estimate lags, more. Of
  these layers the value before the division is returned, too, as BigGAN watched it for signs of
  collapse (Brock et al. 2019, arXiv:1809.11096, section 4); it comes from the vector that the layer
  has, by further rounds of power iteration.

  Args:
    role: The role of the network, part of the tags.
    network: The network; tags number its layers with kernels in their order.
    measured: Results of `measure`.

  Returns:
    spectral_norm/<role>/<number>_<layer type>: of the kernel in use.
    spectral_norm_raw/<role>/<number>_<layer type>: before the division by an estimate.
  """
  scalars = {}
  for name, layer in _layers_with_kernel(role, network):
    scale, values = getattr(layer, 'scale', 1.0), measured[name]
    if values.ndim == 2:
      scalars[f'spectral_norm/{name}'] = _largest_singular_value(values) * scale
      continue
    estimate, norm = values.tolist()
    scalars[f'spectral_norm/{name}'] = norm * scale / (estimate or 1.0)
    scalars[f'spectral_norm_raw/{name}'] = norm
  return scalars


def _layers_with_kernel(
  role: str, network: keras.Model
) -> Iterator[tuple[str, keras.layers.Layer]]:
  """Yields (<role>/<number>_<layer type>, layer) of each kernel of at least two axes."""
  layers = ((layer, getattr(layer, 'kernel', None)) for layer in network._flatten_layers())
  with_kernel = (layer for layer, kernel in layers if kernel is not None and kernel.shape.rank >= 2)
  for index, layer in enumerate(with_kernel):
    yield f'{role}/{index}_{type(layer).__name__}', layer


def _gram(kernel: tf.Variable) -> tf.Tensor:
  """Returns K^T K [columns, columns] of a tall matrix, else K K^T [rows, rows]."""
  matrix = tf.reshape(tf.cast(kernel, tf.float32), [-1, kernel.shape[-1]])
  tall = matrix.shape[0] > matrix.shape[1]
  return tf.matmul(matrix, matrix, transpose_a=tall, transpose_b=not tall)


def _largest_singular_value(gram: np.ndarray) -> float:
  """Returns the root of a Gram matrix' largest eigenvalue; NaN if a number is not finite."""
  if not np.isfinite(gram).all():
    return math.nan
  return math.sqrt(max(np.linalg.eigvalsh(gram.astype(np.float64))[-1], 0.0))
