"""Tracker of Weights & Biases: a run's settings, curves and pictures, on its server or offline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.writers.base import Writer
from tfgan_pipeline.writers.trackers import TrackedRun, package


@registry.tracker
def wandb(run: TrackedRun, *, project: str = 'tfgan_pipeline', mode: str = '') -> Writer:
  """Weights & Biases; mode=offline keeps files in model_dir/wandb for `wandb sync`.

  Steps of a run can only rise there, so scores, which come late, are a run beside it in one group.
  """
  return _Wandb(run, project, mode)


class _Wandb(Writer):
  def __init__(self, run: TrackedRun, project: str, mode: str):
    self._exit_code = 0
    self._wandb = package('wandb')
    self._run = self._wandb.init(
      project=project,
      name='-'.join(filter(None, (run.name, run.part))),
      id='-'.join(filter(None, (run.run_id, run.part))),
      group=run.run_id,
      resume='allow',  # A run that continues is one there, too.
      mode=mode or None,
      dir=run.directory if '://' not in run.directory else None,
      config=dict(run.settings),
    )

  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    self._run.log(dict(values), step=step)

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    self._run.log({f'samples/{tag}': self._wandb.Image(picture.squeeze())}, step=step)

  def stopped(self, error: BaseException) -> None:
    self._exit_code = 1  # It knows no other end than well or failed.

  def close(self) -> None:
    self._run.finish(exit_code=self._exit_code)
