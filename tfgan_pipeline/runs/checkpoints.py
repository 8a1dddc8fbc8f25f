"""Checkpoints on disk: listing, writing, and restoring the newest one that is whole.

    checkpoints = Checkpoints(run.checkpoints, run_id=run.run_id)
    checkpoints.save(step, root)
    restored = checkpoints.restore_latest(root)

A checkpoint is a `tf.train.Checkpoint` whose root holds each network under its role (`generator`,
`discriminator`), the moving average as `generator_ema`, optimisers as `generator_optimizer` and so
on, and `global_step`. These names are an on-disk interface. Beside it lies its record, such as
ckpt-000500.json: the run it is of, and checksums of its variables, which every reading is held
against, see checksums.py. `tf.train.latest_checkpoint(directory)` finds the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import contextlib
import dataclasses
import json
import logging
import os
import re
import tempfile
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import Unreachable, UsageError, first_line
from tfgan_pipeline.runs import atomic_files, checksums, files
from tfgan_pipeline.runs.pins import Pins

_log = logging.getLogger(__name__)
_INDEX = re.compile(r'ckpt-(\d+)\.index')
# TensorFlow writes into the folder ckpt-000500_temp first; our record is written before the rest.
_PART = re.compile(r'(ckpt-\d+)(\.data|\.json|_temp)')

# What TensorFlow raises for bytes that are truncated, flipped, missing, or of other shapes. All its
# other errors speak of the storage, which may answer the next time.
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
  """The outcome of `Checkpoints.restore_latest`.

  Attributes:
    step: The step of the checkpoint that was taken; 0 where there is none at all.
    damaged: Steps of newer checkpoints, each of which could not be read twice.
  """

  step: int
  damaged: tuple[int, ...] = ()


class Checkpoints:
  """The checkpoints of one run.

  Args:
    directory: May not exist yet; may be gs://.
    keep: How many of the newest to keep when saving, besides those pinned; 0 keeps all.
    run_id: The run that saves, for the records; '' for one that has no id.

  Attributes:
    pins: Who asks that which checkpoint be kept.
  """

  def __init__(self, directory: str, *, keep: int = 0, run_id: str = ''):
    self._directory = directory
    self._keep = keep
    self._run_id = run_id
    self.pins = Pins(os.path.join(directory, 'pinned'))

  def prefix(self, step: int) -> str:
    """The path that `tf.train.Checkpoint.read` takes."""
    return os.path.join(self._directory, f'ckpt-{step:06d}')

  def steps(self) -> list[int]:
    """Steps that have a checkpoint, oldest first. The index file is written last."""
    matches = map(_INDEX.fullmatch, files.names_in(self._directory))
    return sorted(int(match[1]) for match in matches if match)

  def record(self, step: int) -> dict[str, Any]:
    """Reads what was recorded with a checkpoint: step, run_id, checksum, parts; {} if nothing."""
    try:
      return json.loads(files.read_text(self.prefix(step) + '.json'))
    except (FileNotFoundError, json.JSONDecodeError):
      return {}

  def save(
    self, step: int, root: tf.train.Checkpoint, parts: Mapping[str, str] | None = None
  ) -> None:
    """Writes the checkpoint of `step`, then removes the oldest of those before, beyond `keep`.

    Args:
      step: That of the checkpoint.
      root: The objects to be saved.
      parts: Their checksums, if they are known.
    """
    parts = parts or checksums.of_variables(root)
    record = {
      'step': step,
      'run_id': self._run_id,
      'checksum': checksums.combined(parts),
      'parts': parts,
    }
    files.make_folder(self._directory)
    try:
      atomic_files.write(self.prefix(step) + '.json', json.dumps(record, indent=2) + '\n')
      self._write(step, root)
    except BaseException:
      self.remove_leftovers()  # The disk may be full.
      raise
    steps = self.steps()
    before = [other for other in reversed(steps) if other < step]
    due = [old for old in before[self._keep - 1 :] if not self.pins.of(old)] if self._keep else []
    self._write_state([step for step in steps if step not in due])
    for old in due:
      self._remove(old)

  def _write(self, step: int, root: tf.train.Checkpoint) -> None:
    """Writes the data and the index, which makes the checkpoint one that is listed.

    TensorFlow writes an index in place, where readers would meet half of it: on a disk it gets its
    name when all is there. In a bucket no object is seen before it is whole.
    """
    if not files.is_local(self._directory):
      root.write(self.prefix(step))
      return
    aside = os.path.join(f'{self.prefix(step)}_temp', 'whole')
    root.write(aside)
    folder = os.path.dirname(aside)
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
    """Moves checkpoints that could not be read into the folder `damaged`."""
    aside = os.path.join(self._directory, 'damaged')
    for step in steps:
      files.make_folder(aside)
      for path in self._files(step):
        files.move(path, os.path.join(aside, os.path.basename(path)))
      _log.warning('%s is moved to %s', self.prefix(step), aside)
    if steps:
      self._write_state(self.steps())

  def _files(self, step: int) -> list[str]:
    start = f'ckpt-{step:06d}.'
    names = [name for name in files.names_in(self._directory) if name.startswith(start)]
    return [os.path.join(self._directory, name) for name in sorted(names)]

  def _remove(self, step: int) -> None:
    files.remove(self.prefix(step) + '.index')  # First: without it nothing is listed.
    for path in self._files(step):
      files.remove(path)

  def remove_leftovers(self) -> None:
    """Removes what a writer that was killed has left. Only for the one who writes here."""
    atomic_files.remove_leftovers(self._directory)
    names = files.names_in(self._directory)  # Once: what is listed is held against itself.
    for name in names:
      part = _PART.match(name)
      if part and (part[2] == '_temp' or f'{part[1]}.index' not in names):
        files.remove(os.path.join(self._directory, name))

  def read(self, step: int, root: tf.train.Checkpoint) -> None:
    """Restores every object of `root` from one checkpoint, which may hold more.

    Raises:
      One of DAMAGE: The checkpoint is damaged or does not fit.
      UsageError: Its files are whole, and are not those that were saved under this name.
      tf.errors.OpError: The storage does not answer as it should.
    """
    with _literal(self.prefix(step)) as prefix:
      root.read(prefix).assert_existing_objects_matched().expect_partial()
      recorded = self.record(step).get('parts')
      if recorded is None:
        return
      parts = checksums.of_variables(root)
      wrong = sorted(name for name in parts if parts[name] != recorded.get(name))
      if wrong and checksums.of_file(prefix) != recorded:
        raise UsageError(
          f'{self.prefix(step)}: {", ".join(wrong)} is not what was saved there, by its checksum; '
          'move this checkpoint away to go on from the one before it'
        )
    if wrong:  # By another version, whose objects hold other variables.
      _log.warning('%s: %s is restored in part', self.prefix(step), ', '.join(wrong))

  def restore_latest(self, root: tf.train.Checkpoint) -> Restored:
    """Restores the newest readable checkpoint.

    Raises:
      UsageError: There are checkpoints, and none can be read.
      Unreachable: The storage does not answer; nothing is known of the checkpoint then.
    """
    steps, damaged = self.steps(), []
    for step in reversed(steps):
      reason = self._damage(step, root)
      if not reason:
        _log.info('read %s', self.prefix(step))
        return Restored(step, tuple(damaged))
      damaged.append(step)
      _log.warning('%s is damaged, trying the one before it (%s)', self.prefix(step), reason)
    if steps:
      raise UsageError(
        f'{self._directory}: none of its {len(steps)} checkpoints can be read; move '
        'them away to start over'
      )
    return Restored(0)

  def _damage(self, step: int, root: tf.train.Checkpoint) -> str:
    """Restores one checkpoint; says what is wrong with its bytes if that fails twice."""
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
        # TensorFlow tells some errors of storage and of bytes by this one name.
        if type(error) not in (tf.errors.OpError, tf.errors.UnknownError):
          raise self.unreachable(step, error) from None
        reason = first_line(error)
      self._read_bytes(step)
    return reason

  def _read_bytes(self, step: int) -> None:
    """Reads all files of a checkpoint, since what cannot be read cannot be called damaged."""
    for path in self._files(step):
      with contextlib.suppress(FileNotFoundError):  # Removed just now.
        for _ in files.blocks(path):
          pass

  def unreachable(self, step: int, error: tf.errors.OpError) -> Unreachable:
    """The error for a checkpoint that the storage does not give."""
    return Unreachable(
      f'{self.prefix(step)}: cannot be read now ({first_line(error)}); the same command continues'
    )


@contextlib.contextmanager
def _literal(prefix: str) -> Iterator[str]:
  """A path to the same files that TensorFlow's reader, which takes paths for patterns, can take."""
  if '://' in prefix or not re.search(r'[][*?\\]', prefix):
    yield prefix
    return
  with tempfile.TemporaryDirectory() as folder:
    link = os.path.join(folder, 'checkpoints')
    os.symlink(os.path.abspath(os.path.dirname(prefix)), link)
    yield os.path.join(link, os.path.basename(prefix))


def format_steps(steps: Sequence[int]) -> str:
  """Formats steps for a message; abbreviates more than eight."""
  if len(steps) <= 8:
    return ', '.join(map(str, steps))
  return f'{len(steps)} from {steps[0]} to {steps[-1]}'
