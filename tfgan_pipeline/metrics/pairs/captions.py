"""Captions that pictures were made of, as metrics of pairs read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

import numpy as np

# Codes [n, D] of length 1 of captions and of pictures, by steps and seed of the training.
Codes = Callable[[np.ndarray, int, int], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Thing:
  """A thing in a drawn picture, or one that a caption asks for; '' for what is not known or said.

  Attributes:
    size: Such as 'large'.
    colour: Such as 'red'.
    form: Such as 'circle'.
    centre: (x, y), rightwards and downwards, in [-1, 1] from edge to edge; of a picture alone.
  """

  size: str
  colour: str
  form: str
  centre: tuple[float, float] = (0.0, 0.0)

  @property
  def words(self) -> tuple[str, str, str]:
    """Size, colour and form."""
    return self.size, self.colour, self.form


@dataclasses.dataclass(frozen=True)
class Asked:
  """Contents of a drawn picture that a caption asks for.

  Attributes:
    things: The things.
    place: 'top left', 'middle' and so on, where a single thing should be; '' if not said.
    step: Step (x, y) from the second of two things to the first, such as (-1, 0) for 'left of';
      None if not said.
  """

  things: tuple[Thing, ...]
  place: str = ''
  step: tuple[int, int] | None = None


@dataclasses.dataclass(frozen=True)
class Captions:
  """Captions of n pictures.

  Attributes:
    texts: The captions, n of them.
    asked: Contents of drawn pictures that the captions ask for, n of them; None where captions are
      of other pictures.
    read: Function of drawn pictures uint8 [n, H, W, 3] to the things in each.
    codes: Function of pictures uint8 [n, H, W, C], of training steps and of a seed to the codes of
      the captions and those of the pictures, float32 [n, D] of length 1 each: caption and picture
      are trained to have equal ones on real pairs, see extractors/dual_encoder.py.
  """

  texts: Sequence[str]
  asked: Sequence[Asked] | None
  read: Callable[[np.ndarray], Sequence[Sequence[Thing]]]
  codes: Codes
