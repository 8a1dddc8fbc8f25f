"""Checkpoints that an evaluator asks the trainer to keep: the best, and the one being scored."""

from __future__ import annotations

import contextlib
import logging

from tfgan_pipeline.errors import first_line
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.scoring_claims import Claims

_log = logging.getLogger(__name__)


class KeptCheckpoints:
  """Pins of one evaluator on the checkpoints of a run.

  Args:
    checkpoints: The run's checkpoints.
    claims: Claims of evaluators on the checkpoints that they score.
    name: Name of the pins, of this evaluator alone.
    may_write: Whether pins, which lie in the run, are set at all.
  """

  def __init__(self, checkpoints: Checkpoints, claims: Claims, name: str, *, may_write: bool):
    self._pins = checkpoints.pins
    self._claims = claims
    self._name = name
    self._may_write = may_write

  def has(self, step: int) -> bool:
    """Returns whether a checkpoint is pinned."""
    return step in self._pins.steps(self._name)

  def keep(self, step: int, why: str) -> None:
    """Pins a checkpoint; warns if that fails, as scoring works without a pin."""
    if not self._may_write:
      return
    try:
      self._pins.add(step, self._name, why + '\n')
    except OSError as error:
      _log.warning('step %d cannot be pinned, rotation may remove it (%s)', step, first_line(error))

  def release(self, *, but: int | None, claimed: int) -> None:
    """Unpins all checkpoints except one, and except those that another process scores.

    Args:
      but: Step of the checkpoint that stays pinned; None for none.
      claimed: The step whose claim the caller holds.
    """
    if not self._may_write:
      return
    for step in self._pins.steps(self._name):
      if step != but:
        with contextlib.nullcontext(True) if step == claimed else self._claims.of(step) as is_free:
          if is_free:
            self._pins.remove(step, self._name)
