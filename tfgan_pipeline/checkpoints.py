"""Checkpoints on disk: listing, writing, and restoring the newest one that is whole.

    checkpoints = Checkpoints(run.checkpoints)
    checkpoints.save(step, root)
    step = checkpoints.restore_latest(root)

A checkpoint is a `tf.train.Checkpoint` whose root holds each network under its role (`generator`,
`discriminator`), the moving average as `generator_ema`, optimisers as `generator_optimizer` and so
on, and `global_step`. These names are an on-disk interface.
"""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import logging
import os
import re

from tfgan_pipeline import whole_files
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, first_line

_log = logging.getLogger(__name__)
_INDEX = re.compile(r'ckpt-(\d+)\.index')
_DATA = re.compile(r'(ckpt-\d+)(\.data|_temp)')  # TensorFlow writes into the latter first.

# What TensorFlow raises for files that are truncated, flipped, missing, or of other shapes.
UNREADABLE = (tf.errors.OpError, ValueError, IndexError, RuntimeError, AssertionError)


class Checkpoints:
  """The checkpoints of one run.

  Args:
    directory: May not exist yet; may be gs://.
    keep: How many of the newest to keep when saving, besides those pinned; 0 keeps all.
  """

  def __init__(self, directory: str, *, keep: int = 0):
    self._directory = directory
    self._keep = keep

  def prefix(self, step: int) -> str:
    """The path that `tf.train.Checkpoint.read` takes."""
    return os.path.join(self._directory, f'ckpt-{step:06d}')

  def steps(self) -> list[int]:
    """Steps that have a checkpoint, oldest first. The index file is written last."""
    if not tf.io.gfile.isdir(self._directory):
      return []
    matches = map(_INDEX.fullmatch, tf.io.gfile.listdir(self._directory))
    return sorted(int(match[1]) for match in matches if match)

  def save(self, step: int, root: tf.train.Checkpoint) -> None:
    """Writes the checkpoint of `step`, then removes the oldest of those before, beyond `keep`."""
    try:
      root.write(self.prefix(step))
    except BaseException:
      self.remove_leftovers()  # The disk may be full.
      raise
    newest_first = [other for other in reversed(self.steps()) if other < step]
    for old in newest_first[self._keep - 1 :] if self._keep else ():
      if not self.pinned(old):
        self._remove(old)

  def pinned(self, step: int) -> list[str]:
    """Those who asked that this checkpoint be kept."""
    pattern = os.path.join(self._directory, 'pinned', f'ckpt-{step:06d}.*')
    return [path.rsplit('.', 1)[1] for path in tf.io.gfile.glob(pattern)]

  def pin(self, step: int, who: str, why: str = '') -> None:
    """Asks the trainer, which may be another process, to keep a checkpoint beyond its time.

    Args:
      step: Of the checkpoint.
      who: By this name it is let go of; a word without dots or slashes.
      why: For people, in the file that asks.
    """
    tf.io.gfile.makedirs(os.path.join(self._directory, 'pinned'))
    whole_files.write(self._pin(step, who), why)

  def unpin(self, step: int, who: str) -> None:
    """Lets go; the trainer's next save removes what is due."""
    with contextlib.suppress(tf.errors.NotFoundError):
      tf.io.gfile.remove(self._pin(step, who))

  def pins(self, who: str) -> list[int]:
    """The steps that one has pinned, the oldest first."""
    names = tf.io.gfile.glob(os.path.join(self._directory, 'pinned', f'ckpt-*.{who}'))
    return sorted(int(os.path.basename(name)[len('ckpt-') :].split('.')[0]) for name in names)

  def _pin(self, step: int, who: str) -> str:
    return os.path.join(self._directory, 'pinned', f'ckpt-{step:06d}.{who}')

  def set_aside_after(self, step: int) -> None:
    """Moves later checkpoints, which could not be read, into the folder `damaged`."""
    aside = os.path.join(self._directory, 'damaged')
    for later in [other for other in self.steps() if other > step]:
      tf.io.gfile.makedirs(aside)
      for path in tf.io.gfile.glob(self.prefix(later) + '.*'):
        tf.io.gfile.rename(path, os.path.join(aside, os.path.basename(path)), overwrite=True)
      _log.warning('%s is moved to %s', self.prefix(later), aside)

  def _remove(self, step: int) -> None:
    prefix = self.prefix(step)
    tf.io.gfile.remove(prefix + '.index')  # First: without it the checkpoint is not listed.
    for path in tf.io.gfile.glob(prefix + '.data-*'):
      tf.io.gfile.remove(path)

  def remove_leftovers(self) -> None:
    """Removes what a writer that was killed has left. Only for the one who writes here."""
    if not tf.io.gfile.isdir(self._directory):
      return
    whole = {f'ckpt-{step:06d}' for step in self.steps()}
    for name in tf.io.gfile.listdir(self._directory):
      found = _DATA.match(name)
      path = os.path.join(self._directory, name)
      if found and (found[2] == '_temp' or found[1] not in whole):
        tf.io.gfile.rmtree(path) if tf.io.gfile.isdir(path) else tf.io.gfile.remove(path)

  def read(self, step: int, root: tf.train.Checkpoint) -> None:
    """Restores every object of `root` from one checkpoint, which may hold more.

    Raises:
      One of UNREADABLE when the checkpoint is damaged or does not fit.
    """
    root.read(self.prefix(step)).assert_existing_objects_matched().expect_partial()

  def restore_latest(self, root: tf.train.Checkpoint) -> int:
    """Restores the newest readable checkpoint and returns its step; 0 when there is none at all.

    Raises:
      UsageError: There are checkpoints, and none can be read.
    """
    steps = self.steps()
    for step in reversed(steps):
      try:
        self.read(step, root)
      except UNREADABLE as error:
        _log.warning(
          '%s is damaged, trying the one before it (%s)', self.prefix(step), first_line(error)
        )
        continue
      _log.info('read %s', self.prefix(step))
      return step
    if steps:
      raise UsageError(
        f'{self._directory}: none of its {len(steps)} checkpoints can be read; move '
        'them away to start over'
      )
    return 0


def some(steps: Sequence[int]) -> str:
  """Steps for a message: all, or how many there are and from where to where."""
  if len(steps) <= 8:
    return ', '.join(map(str, steps))
  return f'{len(steps)} from {steps[0]} to {steps[-1]}'
