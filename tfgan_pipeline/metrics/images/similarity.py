"""Terms of the structural similarity of two images (Wang et al. 2004), at each pixel."""

from __future__ import annotations

import numpy as np

WINDOW = 11  # Pixels a side of the Gaussian window, as in the paper.
# Gaussian of deviation 1.5, as in the paper.
_TAPS = np.exp(-((np.arange(WINDOW) - WINDOW // 2) ** 2) / (2 * 1.5**2))
_TAPS /= _TAPS.sum()
# (K L)^2 with the paper's K of 0.01 and 0.03 and L = 255: keeps quotients stable near 0 / 0.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def similarity_terms(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns the luminance and the contrast-structure term, float64 [N, H - 10, W - 10, C] each.

  Their product is SSIM. Only pixels around which the whole window fits are compared.

  Args:
    x: First image of each pair, float64 [N, H, W, C] in [0, 255]; H and W from `WINDOW` on.
    y: Second image of each pair, like `x`.
  """
  mean_x, mean_y = _smooth(x), _smooth(y)
  product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
  luminance = (2 * product + _C1) / (squares + _C1)
  contrast = (2 * (_smooth(x * y) - product) + _C2) / (_smooth(x**2 + y**2) - squares + _C2)
  return luminance, contrast


def _smooth(images: np.ndarray) -> np.ndarray:
  """Returns images weighted by the Gaussian window, where it fits in."""
  height, width = (size - WINDOW + 1 for size in images.shape[1:3])
  rows = [tap * images[:, place : place + height] for place, tap in enumerate(_TAPS)]
  images = np.asarray(sum(rows))
  columns = [tap * images[:, :, place : place + width] for place, tap in enumerate(_TAPS)]
  return np.asarray(sum(columns))
