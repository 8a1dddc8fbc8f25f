"""Progress display of a training: a bar with rate and remaining time, or plain log lines."""

from __future__ import annotations

from collections.abc import Mapping
import logging
import time

from tfgan_pipeline.writers.progress_bar import bar_type

_log = logging.getLogger(__name__)


class Progress:
  """Progress of a training: a bar on a terminal or in a notebook, a log line per report elsewhere.

  Args:
    first: The step at which the process starts.
    last: The step at which the run ends.
    batch_size: Images per step.
  """

  def __init__(self, first: int, last: int, batch_size: int):
    self._last = last
    self._batch_size = batch_size
    self._marks = [(time.monotonic(), first)]  # (time in seconds, step) of start and reports.
    bar = bar_type()
    self._bar = bar and bar(
      initial=first, total=last, unit='step', dynamic_ncols=True, smoothing=0.1
    )

  def advance(self, step: int) -> None:
    """Moves the display to `step`, which the device has finished."""
    if len(self._marks) == 1:
      # The first call to the device includes compilation, so rates are measured from its end on.
      self._marks.append((time.monotonic(), step))
    if self._bar is not None:
      self._bar.update(step - self._bar.n)

  def images_per_second(self, step: int) -> float | None:
    """Returns the rate since the last report, compilation left out.

    None before there is a step to measure.
    """
    mark_time, mark_step = self._marks[-1]
    if step <= mark_step or len(self._marks) == 1:
      return None
    return (step - mark_step) * self._batch_size / (time.monotonic() - mark_time)

  def report(self, step: int, scalars: Mapping[str, float]) -> None:
    """Shows the losses among the scalars of `step` and starts a new measurement of the rate."""
    rate = self.images_per_second(step)
    self._marks.append((time.monotonic(), step))
    losses = {
      name.removeprefix('loss/'): value
      for name, value in scalars.items()
      if name.startswith('loss/')
    }
    if self._bar is not None:
      self._bar.set_postfix({name: f'{value:.3f}' for name, value in losses.items()})
      return
    parts = [f'step {step}/{self._last}'] + [f'{k} loss {v:.4f}' for k, v in losses.items()]
    if rate:
      remaining = (self._last - step) * self._batch_size / rate
      parts += [f'{rate:.0f} images/s', f'{_duration(remaining)} left']
    _log.info(', '.join(parts))

  def close(self) -> None:
    """Ends the bar, if there is one."""
    if self._bar is not None:
      self._bar.close()


def _duration(seconds: float) -> str:
  """Formats a duration as 'm:ss' or 'h:mm:ss'."""
  minutes, seconds = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return f'{hours}:{minutes:02d}:{seconds:02d}' if hours else f'{minutes}:{seconds:02d}'
