"""Looks at the features that a score is computed from: facts on single samples, the projector."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.evaluation.per_sample import PerSample
from tfgan_pipeline.evaluation.projector import Projector, path_of
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.runs import files

Inspect = Callable[[Features, Features], None]


def missing(options: EvaluationOptions, table: str, directory: str, step: int) -> bool:
  """Returns whether a file that the options ask for is not there.

  Args:
    options: The options.
    table: Path of the facts on single samples, without .csv.
    directory: Folder of the event files.
    step: Step of the checkpoint.
  """
  wanted = [f'{table}.csv'] * options.per_sample
  wanted += [path_of(directory, step)] * bool(options.projector)
  return not all(map(files.exists, wanted))


def inspections(
  options: EvaluationOptions,
  table: str,
  directory: str,
  step: int,
  real: Split | None,
  generated: Callable[[], Iterable[np.ndarray]],
) -> Inspect | None:
  """Returns a function of the features of real and generated images; None if nothing is asked for.

  Args:
    options: The options.
    table: Path of the facts on single samples, without .csv.
    directory: Folder of the event files.
    step: Step of the checkpoint.
    real: Real pictures, in the order of the reference features.
    generated: Function that makes the generated pictures again, in batches uint8 [n, H, W, C].
  """
  looks: list[Inspect] = []
  if options.per_sample or options.projector:
    assert real is not None  # The scorer refuses both flags without real images.
    if options.per_sample:
      looks.append(PerSample(table, real, generated))
    if options.projector:
      looks.append(Projector(directory, step, options.projector, real, generated))

  def inspect(reference: Features, features: Features) -> None:
    for look in looks:
      look(reference, features)

  return inspect if looks else None
