"""Pictures with alpha laid over white, for metrics and networks that take none."""

from __future__ import annotations

from typing import Any, TypeVar

Images = TypeVar('Images', bound=Any)  # NumPy arrays or tensors.


def over_white(images: Images) -> Images:
  """RGBA float [..., 4] in [0, 255], alpha not multiplied in, to RGB [..., 3] over white."""
  colours, alpha = images[..., :3], images[..., 3:] / 255
  return alpha * colours + (1 - alpha) * 255
