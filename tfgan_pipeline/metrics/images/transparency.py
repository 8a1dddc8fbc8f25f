"""Images with an alpha channel laid over white, for metrics and networks without alpha."""

from __future__ import annotations

from typing import Any, TypeVar

Images = TypeVar('Images', bound=Any)  # NumPy arrays or tensors.


def over_white(images: Images) -> Images:
  """Returns RGBA images laid over white, as RGB float [..., 3].

  `images` are float [..., 4] in [0, 255], with colours that are not premultiplied by alpha.
  """
  colours, alpha = images[..., :3], images[..., 3:] / 255
  return alpha * colours + (1 - alpha) * 255
