"""Readers that watch a training which is killed and restarted, and note what they must never see.

with Readers(model_dir) as readers:
  ...                              # Trainings come and go.
assert not readers.faults
"""

from __future__ import annotations

from collections.abc import Callable
import json
import pathlib
import threading
import time

from PIL import Image
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tfgan_pipeline.compat import tf
from tfgan_pipeline.runs.checkpoints import Checkpoints


class Readers:
  """Looks at a run again and again in a thread, and keeps what is wrong.

  The run logs every step and has one definition of scores.

  Args:
    model_dir: May not exist yet.

  Attributes:
    faults: A line for each thing that should not have been seen.
    looks: How often each reader saw something new.
    sessions: Step at which each recorded session began.
  """

  def __init__(self, model_dir: pathlib.Path):
    self._run = model_dir
    self._checkpoints = Checkpoints(str(model_dir / 'checkpoints'))
    self._newest = -1  # Checkpoint, the last save that a reader knows of.
    self._curves = b''
    self._pictures: dict[pathlib.Path, int] = {}
    self._records = b''
    self._events: EventAccumulator | None = None
    self._shown: list[int] = []
    self._stop = threading.Event()
    self._thread = threading.Thread(target=self._look)
    self.faults: list[str] = []
    self.sessions: list[int] = []
    self.looks = {reader.__name__.lstrip('_'): 0 for reader in self._readers()}

  def __enter__(self) -> Readers:
    self._thread.start()
    return self

  def __exit__(self, *_):
    self._stop.set()
    self._thread.join()
    for reader in self._readers():  # The end, too.
      self._call(reader)

  def _readers(self) -> list[Callable[[], bool]]:
    # In this order: what is listed before a session is announced was saved before it began.
    return [
      self._read_sessions,
      self._list_checkpoints,
      self._read_curves,
      self._read_pictures,
      self._read_records,
      self._read_tensorboard,
    ]

  def _look(self) -> None:
    pauses = {self._read_tensorboard: 1.0, self._read_records: 0.2}  # Seconds; others 0.02.
    due = dict.fromkeys(self._readers(), 0.0)
    while not self._stop.wait(0.02):
      for reader in self._readers():
        if time.monotonic() >= due[reader]:
          self._call(reader)
          due[reader] = time.monotonic() + pauses.get(reader, 0)

  def _call(self, reader: Callable[[], bool]) -> None:
    try:
      self.looks[reader.__name__.lstrip('_')] += reader()
    except Exception as error:
      self._fault(f'{reader.__name__.lstrip("_")}: {type(error).__name__}: {error}')

  def _fault(self, text: str) -> None:
    if len(self.faults) < 20:
      self.faults.append(text)

  def _text(self, name: str) -> bytes:
    path = self._run / name
    return path.read_bytes() if path.exists() else b''

  def _read_sessions(self) -> bool:
    text = self._text('experiment.json')
    sessions = [session['first_step'] for session in json.loads(text)['sessions']] if text else []
    if sessions == self.sessions:
      return False
    if sessions[: len(self.sessions)] != self.sessions:
      self._fault(f'sessions from {self.sessions} are now from {sessions}')
    for first in sessions[len(self.sessions) :]:
      # The process before may have saved once more than was seen here, never less.
      if first < self._newest:
        self._fault(f'resumed at {first}, {self._newest} was saved')
    self.sessions = sessions
    return True

  def _list_checkpoints(self) -> bool:
    steps = self._checkpoints.steps()
    if not steps or steps[-1] == self._newest:
      return False
    if steps[-1] < self._newest:
      self._fault(f'newest checkpoint {steps[-1]} after {self._newest}')
    if len(set(steps)) < len(steps):
      self._fault(f'listed twice: {steps}')
    try:
      reader = tf.train.load_checkpoint(self._checkpoints.prefix(steps[-1]))
      step = int(reader.get_tensor('global_step/.ATTRIBUTES/VARIABLE_VALUE'))
      if step != steps[-1]:
        self._fault(f'checkpoint {steps[-1]} is of step {step}')
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
      if steps[-1] in self._checkpoints.steps():  # And not removed just now.
        self._fault(f'checkpoint {steps[-1]} is listed and cannot be read: {error}')
    self._newest = steps[-1]
    return True

  def _read_curves(self) -> bool:
    # Read first: lines are dropped when the session has been announced.
    before, text = self._curves, self._text('train/train.jsonl')
    if text == before:
      return False
    self._curves = text
    appended = text.startswith(before)
    *lines, last = (text[len(before.rpartition(b'\n')[0]) :] if appended else text).split(b'\n')
    steps = [json.loads(line)['step'] for line in lines if line]
    if last and not last.startswith(b'{"step": '[: len(last)]):
      self._fault(f'train.jsonl: ends in {last!r}')
    first = before.count(b'\n') if appended else 0
    if steps != list(range(first, first + len(steps))):
      self._fault(f'train.jsonl: {first} lines and then the steps {steps[:9]}')
    if not appended:
      self._read_sessions()
      if not self.sessions or len(steps) < self.sessions[-1] + bool(self.sessions[-1]):
        self._fault(f'train.jsonl: {len(steps)} lines, resumed at {self.sessions}')
    return True

  def _read_pictures(self) -> bool:
    news = False
    for path in self._run.glob('samples/*.png'):
      changed = path.stat().st_mtime_ns
      if self._pictures.get(path) != changed:
        self._pictures[path], news = changed, True
        with Image.open(path) as picture:
          picture.load()
    return news

  def _read_records(self) -> bool:
    text = b''.join(path.read_bytes() for path in self._run.glob('eval/*/scores.jsonl'))
    if text == self._records:
      return False
    if not text.startswith(self._records):
      self._fault('scores.jsonl: what was there has changed')
    self._records = text
    steps = [json.loads(line)['step'] for line in text.split(b'\n')[:-1]]
    if steps != sorted(set(steps)):
      self._fault(f'scores.jsonl: steps {[b for a, b in zip(steps, steps[1:]) if b <= a]} again')
    return True

  def _read_tensorboard(self) -> bool:
    folder = self._run / 'train'
    if self._events is None:
      if not any(folder.glob('*tfevents*')):
        return False
      everything = {'scalars': 0, 'tensors': 0}
      self._events = EventAccumulator(
        str(folder), size_guidance=everything, tensor_size_guidance=everything
      )
    self._events.Reload()
    tag = '3_loss/generator'  # Which all games have.
    there = tag in self._events.Tags()['tensors']
    steps = [event.step for event in self._events.Tensors(tag)] if there else []
    if steps == self._shown:
      return False
    self._shown = steps
    if steps != list(range(1, len(steps) + 1)):
      wrong = [pair for pair in zip(steps, steps[1:]) if pair[1] != pair[0] + 1]
      self._fault(f'TensorBoard shows steps {wrong[:5]} side by side')
    return True

  @property
  def records(self) -> list[dict]:
    """Reads all records of scores of a run."""
    return [json.loads(line) for line in self._records.splitlines()]
