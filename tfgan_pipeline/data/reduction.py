"""Reduction of pictures by Pillow's bicubic filter, as data of super-resolution is made.

    reduce_arrays(images, (16, 16))     # uint8 [n, 64, 64, 3] -> uint8 [n, 16, 16, 3]
    reduce(images, (16, 16))            # tensors, in tf.data as well

The filter is Keys' cubic with a = -0.5, widened by the factor so that it averages all pixels
(antialiased). MATLAB's imresize, which made the published sets, has the equal filter and differs by
rounding; OpenCV's and PyTorch's plain bicubic are not widened and make aliased pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.splits.python_calls import call_python


def reduce_arrays(images: np.ndarray, sides: Sequence[int]) -> np.ndarray:
  """Returns uint8 [n, H, W, C] as uint8 [n, *sides, C]; colours count by their opacity.

  Pillow computes with integers, so the result is equal on every machine.

  Args:
    images: Pictures of 1 (grey), 3 or 4 channels (with alpha).
    sides: (height, width) of the result.
  """
  from PIL import Image

  channels = images.shape[-1]
  results = [
    np.asarray(
      Image.fromarray(image[..., 0] if channels == 1 else image).resize(
        (sides[1], sides[0]), Image.Resampling.BICUBIC
      )
    )
    for image in images
  ]
  return np.stack(results).reshape(len(images), *sides, channels)


def reduce(images: tf.Tensor, sides: Sequence[int]) -> tf.Tensor:
  """Returns uint8 [n, H, W, C] as uint8 [n, *sides, C], by `reduce_arrays`, as graph code."""
  (results,) = call_python(lambda values: [reduce_arrays(values, sides)], images, [tf.uint8])
  return tf.ensure_shape(results, (images.shape[0], *sides, images.shape[-1]))
