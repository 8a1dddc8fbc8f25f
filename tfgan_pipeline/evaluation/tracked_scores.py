"""Scores for the trackers of a run, those of --also_log of its training."""

from __future__ import annotations

import logging
import os
import re

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.writers.trackers import TrackedRun, Trackers

_log = logging.getLogger(__name__)


class TrackedScores:
  """Sender of scores to the trackers of a run; does nothing for a run without any.

  A tracker is opened for each record and closed again, as minutes lie between two of them, and a
  trainer may write to the same place. One that fails is left out from then on, with a warning.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
  """

  def __init__(self, run: RunDirectory, experiment: Experiment):
    self._run, self._settings = run, experiment.to_dict()
    self._calls: list[str] = []
    try:
      self._calls = [str(call) for call in registry.tracker.parse_all(experiment.also_log)]
    except UsageError as error:  # One of the trainer's own, whose file is not here.
      _log.warning('%s', spoken(f'--also_log: {error}; no scores are sent'))

  def tell(self, record: Record, folder: str) -> None:
    """Sends the scores of a record.

    Args:
      record: The record.
      folder: Folder of the event files of the scores, which names their definition.
    """
    if not self._calls:
      return
    place = re.sub(r'.*/eval/', '', folder) if '/eval/' in folder else os.path.basename(folder)
    scores = {}
    for name, value in record['scores'].items():
      stem = name.split('[')[0]  # Trackers allow no brackets; the folder tells the extractor.
      scores[re.sub(r'[^\w./-]', '_', f'scores/{place}/{stem}')] = value
    about = TrackedRun(self._run.run_id, self._run.path, self._settings, part='scores')
    for call in list(self._calls):
      try:
        tracker = Trackers.of(call, about)
        with tracker:
          tracker.scalars(record['step'], scores)
        works = tracker.works
      except UsageError as error:  # The trainer's machine has its package, and this one has not.
        _log.warning('%s; no scores are sent there', error)
        works = False
      if not works:
        self._calls.remove(call)
