"""Tracker of MLflow: a run's settings, curves, pictures and texts, on a server or in a folder."""

from __future__ import annotations

from collections.abc import Mapping
import os
import time

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import Interrupted
from tfgan_pipeline.writers.base import Writer
from tfgan_pipeline.writers.trackers import TrackedRun, package

_TAG = 'tfgan_pipeline.run_id'


@registry.tracker
def mlflow(run: TrackedRun, *, experiment: str = 'tfgan_pipeline', uri: str = '') -> Writer:
  """MLflow, at `uri` or where $MLFLOW_TRACKING_URI says; a continued run goes on."""
  return _Mlflow(run, experiment, uri)


class _Mlflow(Writer):
  def __init__(self, run: TrackedRun, experiment: str, uri: str):
    if uri.startswith('file:'):  # MLflow 3 asks for it, and advises data bases.
      os.environ.setdefault('MLFLOW_ALLOW_FILE_STORE', 'true')
    self._status = 'FINISHED'
    self._entities = package('mlflow').entities
    self._client = package('mlflow').MlflowClient(tracking_uri=uri or None)
    found = self._client.get_experiment_by_name(experiment)
    place = found.experiment_id if found else self._client.create_experiment(experiment)
    earlier = self._client.search_runs([place], f"tags.`{_TAG}` = '{run.run_id}'")
    self._ends = not run.part  # Who adds scores leaves to the trainer whether the run goes on.
    if earlier:
      self._id = earlier[0].info.run_id
      if self._ends:
        self._client.update_run(self._id, status='RUNNING')
      return
    self._id = self._client.create_run(
      place, tags={_TAG: run.run_id}, run_name=run.name
    ).info.run_id
    params = [self._entities.Param(name, str(value)) for name, value in run.settings.items()]
    self._client.log_batch(self._id, params=params)

  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    now = int(1000 * time.time())
    points = [self._entities.Metric(tag, value, now, step) for tag, value in values.items()]
    self._client.log_batch(self._id, metrics=points)

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    self._client.log_image(self._id, picture, f'samples/{tag}-{step:06d}.png')

  def text(self, step: int, tag: str, text: str) -> None:
    self._client.log_text(self._id, text, f'texts/{tag}-{step:06d}.md')

  def stopped(self, error: BaseException) -> None:
    self._status = 'KILLED' if isinstance(error, (Interrupted, KeyboardInterrupt)) else 'FAILED'

  def close(self) -> None:
    if self._ends:
      self._client.set_terminated(self._id, self._status)
