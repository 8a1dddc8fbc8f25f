"""Checkpoints on disk: listing, writing and restoring.

    checkpoints = Checkpoints(run.checkpoints, run_id=run.run_id)
    checkpoints.save(step, root)
    restored = checkpoints.restore_latest(root)

A checkpoint is a `tf.train.Checkpoint` whose root holds each network under its role (`generator`,
`discriminator`), the moving average as `generator_ema`, optimisers as `generator_optimizer` and so
on, and `global_step`. These names are an on-disk interface. Each checkpoint has a record beside it,
such as ckpt-000500.json, with the run's id and checksums of the variables, which every read is
checked against, see checksums.py. `tf.train.latest_checkpoint(directory)` finds the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
import dataclasses
import json
import logging
import os
import re
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import Unreachable, UsageError, first_line
from tfgan_pipeline.runs import atomic_files, checksums, files
from tfgan_pipeline.runs.checkpoint_file import literal_path, require_all
from tfgan_pipeline.runs.pins import Pins
from tfgan_pipeline.runs.snapshot import Snapshot

_log = logging.getLogger(__name__)
_INDEX = re.compile(r'ckpt-(\d+)\.index')
# Files that a killed writer may leave: the record, which is written first, and the folder
# ckpt-000500_temp, from which the data moves into place before the index.
_PART = re.compile(r'(ckpt-\d+)(\.data|\.json|_temp)')

# TensorFlow's errors for bytes that are truncated, flipped, missing, or of other shapes. All its
# other errors come from the storage and may pass.
DAMAGE = (
  tf.errors.DataLossError,
  tf.errors.OutOfRangeError,
  tf.errors.NotFoundError,
  tf.errors.InvalidArgumentError,
  ValueError,
  IndexError,
  RuntimeError,
  AssertionError,
)


@dataclasses.dataclass(frozen=True)
class Restored:
  """Outcome of `Checkpoints.restore_latest`.

  Attributes:
    step: Step of the restored checkpoint; 0 if there is no checkpoint.
    damaged: Steps of newer checkpoints, each of which failed to be read twice.
  """

  step: int
  damaged: tuple[int, ...] = ()


class Checkpoints:
  """Checkpoints of one run.

  Args:
    directory: The folder of the checkpoints; need not exist yet, may be gs://.
    keep: Number of newest checkpoints to keep when saving, besides pinned ones; 0 keeps all.
    run_id: The id of the run that saves, for the records; '' for a run without an id.

  Attributes:
    pins: Pins of checkpoints that evaluators want kept.
  """

  def __init__(self, directory: str, *, keep: int = 0, run_id: str = ''):
    self._directory = directory
    self._keep = keep
    self._run_id = run_id
    self._is_made = False  # The folder, by this object.
    self.pins = Pins(os.path.join(directory, 'pinned'))

  def prefix(self, step: int) -> str:
    """Returns the path of a checkpoint in the form that `tf.train.Checkpoint.read` takes."""
    return os.path.join(self._directory, f'ckpt-{step:06d}')

  def steps(self) -> list[int]:
    """Returns the steps of complete checkpoints, oldest first; the index file completes one."""
    matches = map(_INDEX.fullmatch, files.names_in(self._directory))
    return sorted(int(match[1]) for match in matches if match)

  def record(self, step: int) -> dict[str, Any]:
    """Returns a checkpoint's record, with step, run_id, checksum and parts; {} if there is none."""
    try:
      return json.loads(files.read_text(self.prefix(step) + '.json'))
    except (FileNotFoundError, json.JSONDecodeError):
      return {}

  def newest_is(self, step: int | None, root: tf.train.Checkpoint) -> bool:
    """Returns whether the newest checkpoint is of `step` and has the checksum of `root`."""
    if step is None or step != max(self.steps(), default=None):
      return False
    checksum = checksums.combined(checksums.of_variables(root))
    return self.record(step).get('checksum') == checksum

  def save(self, step: int, root: tf.train.Checkpoint | Snapshot) -> None:
    """Writes a checkpoint, then removes the oldest earlier ones beyond `keep` that are not pinned.

    Args:
      step: Step of the checkpoint.
      root: The objects to save, or a copy of them.

    Raises:
      OSError: The record cannot be written; the partial checkpoint is removed.
      tf.errors.OpError: TensorFlow cannot write; the partial checkpoint is removed.
    """
    parts = root.checksums if isinstance(root, Snapshot) else checksums.of_variables(root)
    record = {
      'step': step,
      'run_id': self._run_id,
      'checksum': checksums.combined(parts),
      'parts': parts,
    }
    if not self._is_made:
      files.make_folder(self._directory)
      self._is_made = True
    try:
      atomic_files.write(self.prefix(step) + '.json', json.dumps(record, indent=2) + '\n')
      self._write(step, root)
    except BaseException:
      self.remove_leftovers()  # The disk may be full.
      raise
    steps = self.steps()
    older_steps = [other for other in reversed(steps) if other < step]
    surplus = older_steps[self._keep - 1 :] if self._keep else []
    if surplus:
      pinned = self.pins.all_steps()
      surplus = [old for old in surplus if old not in pinned]
    self._write_state([step for step in steps if step not in surplus])
    for old in surplus:
      self._remove(old)

  def _write(self, step: int, root: tf.train.Checkpoint | Snapshot) -> None:
    """Writes the data, then the index, which makes `steps` list the checkpoint.

    TensorFlow writes an index in place, where readers could see half of it. On a disk files
    therefore get their names once complete; in a bucket objects become visible only as a whole.
    """
    if not files.is_local(self._directory):
      root.write(self.prefix(step))
      return
    temporary_prefix = os.path.join(f'{self.prefix(step)}_temp', 'whole')
    root.write(temporary_prefix)
    folder = os.path.dirname(temporary_prefix)
    parts = files.names_in(folder)  # The data, then the index.
    atomic_files.sync(*(os.path.join(folder, part) for part in parts))
    for part in parts:
      files.move(os.path.join(folder, part), self.prefix(step) + part.removeprefix('whole'))
    files.remove(folder)
    atomic_files.sync_folder(self.prefix(step))

  def _write_state(self, steps: Sequence[int]) -> None:
    """Writes the file that `tf.train.latest_checkpoint` reads; its paths are relative."""
    names = [os.path.basename(self.prefix(step)) for step in steps]
    lines = [f'model_checkpoint_path: "{name}"' for name in names[-1:]]
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    atomic_files.write(os.path.join(self._directory, 'checkpoint'), '\n'.join(lines) + '\n')

  def set_aside(self, steps: Sequence[int]) -> None:
    """Moves the checkpoints of `steps`, which could not be read, into the folder `damaged`."""
    folder = os.path.join(self._directory, 'damaged')
    for step in steps:
      files.make_folder(folder)
      for path in self._files(step):
        files.move(path, os.path.join(folder, os.path.basename(path)))
      _log.warning('%s is moved to %s', self.prefix(step), folder)
    if steps:
      self._write_state(self.steps())

  def _files(self, step: int) -> list[str]:
    start = f'ckpt-{step:06d}.'
    names = [name for name in files.names_in(self._directory) if name.startswith(start)]
    return [os.path.join(self._directory, name) for name in sorted(names)]

  def _remove(self, step: int) -> None:
    files.remove_file(self.prefix(step) + '.index')  # First, since it makes the checkpoint listed.
    for path in self._files(step):
      files.remove_file(path)

  def remove_leftovers(self) -> None:
    """Removes incomplete checkpoints of a killed writer; only for the sole writer of the folder."""
    atomic_files.remove_leftovers(self._directory)
    names = files.names_in(self._directory)  # One listing, which cannot contradict itself.
    for name in names:
      part = _PART.match(name)
      if part and (part[2] == '_temp' or f'{part[1]}.index' not in names):
        files.remove(os.path.join(self._directory, name))

  def read(self, step: int, root: tf.train.Checkpoint) -> None:
    """Restores all objects of `root` from one checkpoint, which may contain further objects.

    Raises:
      Exception: The checkpoint is damaged or does not fit `root`; the type is one of the tuple
        checkpoints.DAMAGE.
      UsageError: The values read are not those that were saved, by their checksums.
      tf.errors.OpError: The storage fails.
    """
    with literal_path(self.prefix(step)) as prefix:
      require_all(root.read(prefix), root, prefix)
      saved_parts = self.record(step).get('parts')
      if saved_parts is None:
        return
      parts = checksums.of_variables(root)
      faults = sorted(name for name in parts if parts[name] != saved_parts.get(name))
      if faults and checksums.of_file(prefix) != saved_parts:
        raise UsageError(
          f'{self.prefix(step)}: {", ".join(faults)} is not what was saved there, by its checksum; '
          'move this checkpoint away to go on from the one before it'
        )
    if faults:  # Saved by a version whose objects have other variables.
      _log.warning('%s: %s is restored in part', self.prefix(step), ', '.join(faults))

  def restore_latest(self, root: tf.train.Checkpoint) -> Restored:
    """Restores the newest checkpoint that can be read; reports newer ones as damaged.

    Raises:
      UsageError: There are checkpoints, but none can be read.
      Unreachable: The storage does not answer, so that a checkpoint may be whole.
    """
    steps, damaged_steps = self.steps(), []
    for step in reversed(steps):
      reason = self._find_damage(step, root)
      if not reason:
        _log.info('read %s', self.prefix(step))
        return Restored(step, tuple(damaged_steps))
      damaged_steps.append(step)
      _log.warning('%s is damaged, trying the one before it (%s)', self.prefix(step), reason)
    if steps:
      raise UsageError(
        f'{self._directory}: none of its {len(steps)} checkpoints can be read; move '
        'them away to start over'
      )
    return Restored(0)

  def _find_damage(self, step: int, root: tf.train.Checkpoint) -> str:
    """Restores one checkpoint; returns '', or what is wrong with its bytes after two failures."""
    reason = ''
    for _ in range(2):
      try:
        self.read(step, root)
        return ''
      except (UsageError, Unreachable):
        raise
      except DAMAGE as error:
        reason = first_line(error)
      except tf.errors.OpError as error:
        # These two types stand for storage errors and for damaged bytes alike.
        if type(error) not in (tf.errors.OpError, tf.errors.UnknownError):
          raise self.unreachable(step, error) from None
        reason = first_line(error)
      self._read_bytes(step)
    return reason

  def _read_bytes(self, step: int) -> None:
    """Reads all files of a checkpoint, to raise Unreachable for storage that does not answer."""
    for path in self._files(step):
      with contextlib.suppress(FileNotFoundError):  # Removed meanwhile.
        for _ in files.blocks(path):
          pass

  def unreachable(self, step: int, error: tf.errors.OpError) -> Unreachable:
    """Returns the error to raise for a checkpoint that the storage fails to deliver."""
    return Unreachable(
      f'{self.prefix(step)}: cannot be read now ({first_line(error)}); the same command continues'
    )


def format_steps(steps: Sequence[int]) -> str:
  """Formats steps for a message; abbreviates more than eight."""
  if len(steps) <= 8:
    return ', '.join(map(str, steps))
  return f'{len(steps)} from {steps[0]} to {steps[-1]}'
