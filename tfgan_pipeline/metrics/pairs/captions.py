"""Captions that pictures were made of, as metrics of pairs read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

import numpy as np

# Codes [n, D] of length 1 of captions and of pictures, by steps and seed of the training.
Codes = Callable[[np.ndarray, int, int], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Captions:
  """Captions of n pictures.

  Attributes:
    texts: The captions, n of them.
    codes: Function of pictures uint8 [n, H, W, C], of training steps and of a seed to the codes of
      the captions and those of the pictures, float32 [n, D] of length 1 each: caption and picture
      are trained to have equal ones on real pairs, see extractors/dual_encoder.py.
  """

  texts: Sequence[str]
  codes: Codes
