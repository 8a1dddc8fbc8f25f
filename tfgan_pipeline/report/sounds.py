"""Sounds of runs whose samples sound, for players in a page."""

from __future__ import annotations

import base64
import os
import re

from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs import files

_SOUND = re.compile(r'(.+)-(\d{6,})\.wav')


def sounds_of(run: RecordedRun) -> dict[str, str]:
  """Returns the address of the latest sound of each task, which holds the sound itself."""
  latest: dict[str, tuple[int, str]] = {}
  for name in files.names_in(run.directory.samples):
    if match := _SOUND.fullmatch(name):
      task, step = match[1], int(match[2])
      latest[task] = max(latest.get(task, (0, '')), (step, name))
  addresses = {}
  for task, (_, name) in latest.items():
    content = files.read_bytes(os.path.join(run.directory.samples, name))
    addresses[task] = f'data:audio/wav;base64,{base64.b64encode(content).decode()}'
  return addresses
