"""Pictures of examples beside what was made of them."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.media.base import Medium


def pairs(source: Medium, examples: np.ndarray, target: Medium, outputs: np.ndarray) -> np.ndarray:
  """Draws examples and outputs, uint8 [H, W, 1 or 3]: each pair side by side where shapes agree.

  Args:
    source: The medium of the examples.
    examples: As they are stored, [N, ...].
    target: The medium of the outputs.
    outputs: As they are stored, output i made of example i.
  """
  if source is target and examples.shape == outputs.shape:
    both = np.stack([examples, outputs], axis=1).reshape(-1, *examples.shape[1:])
    return target.picture(both, columns=2 * max(1, round(np.sqrt(len(examples) / 2))))
  return target.picture(outputs)
