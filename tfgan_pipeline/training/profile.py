"""Profiles of some steps of a training, for TensorBoard's page Profile: --profile=START:STOP.

profile = Profile('100:110', '/tmp/run/train')
length = profile.loop_length(length, step)    # So that a call to the device ends at START and STOP.
profile.advance(step)                         # Starts or ends recording.
profile.close()
"""

from __future__ import annotations

import logging

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.steps_to_profile import steps_to_profile

_log = logging.getLogger(__name__)


class Profile:
  """Recorder of what host and device do between two steps.

  Args:
    steps: 'START:STOP'; '' records nothing.
    directory: Folder of event files, in which plugins/profile gets the trace.
    records: Whether this worker records; calls to the device are as long on all.
  """

  def __init__(self, steps: str, directory: str, *, records: bool = True):
    self._edges = steps_to_profile(steps)
    self._records = records
    self._directory = directory
    self._is_recording = False

  def loop_length(self, length: int, step: int) -> int:
    """Returns how many of `length` steps from `step` on fit before recording starts or ends."""
    return min([length, *(edge - step for edge in self._edges if edge > step)])

  def advance(self, step: int) -> None:
    """Starts recording at the first of both steps, or ends it at the last, if `step` is that."""
    if not self._edges or not self._records:
      return
    start, stop = self._edges
    if start <= step < stop and not self._is_recording:
      tf.profiler.experimental.start(self._directory)
      self._is_recording = True
      _log.info('recording a profile from step %d to %d', step, stop)
    elif step >= stop:
      self.close()

  def close(self) -> None:
    """Ends recording, and writes the trace."""
    if self._is_recording:
      self._is_recording = False
      tf.profiler.experimental.stop()
      _log.info('the profile is in %s/plugins/profile', self._directory)
