"""Scorer of pictures by one method and one checkpoint of a run, with p-values.

scorer = AnomalyScorer('/tmp/run', 'search(steps=200)')
for scores in scorer.score(batches): ...
scorer.normals.p_values(scores)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import functools
import json
import logging
import os
import time
from typing import Any

import numpy as np
import tqdm

from tfgan_pipeline import registry
from tfgan_pipeline.anomaly.base import AnomalyContext, Detector
from tfgan_pipeline.anomaly.normals import Normals
from tfgan_pipeline.anomaly.protocols import Protocol, protocol_of
from tfgan_pipeline.anomaly.selection import Examples, held_out
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.data.combined.chosen import whole_of
from tfgan_pipeline.data.data_of_run import data_trained_on
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.presence import require_data
from tfgan_pipeline.errors import UsageError, listed
from tfgan_pipeline.extractors.base import regroup
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.best_step import existing_step
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.runs.directory import RunDirectory

_BLOCK = 64  # Pictures that are scored together, as the methods want no fewer.
_REPORT_SECONDS = 30
_log = logging.getLogger(__name__)
# Scores float64 [n], pictures uint8 [n, H, W, C] and what was expected in their place.
Scored = tuple[np.ndarray, np.ndarray, np.ndarray]


class AnomalyScorer:
  """Method of anomaly scores, fitted to a run, and the scores of held-out normal pictures.

  The latter are computed once, and kept in the run's folder anomaly/.

  Args:
    model_dir: Path of one run.
    method: Call string of a method, such as 'search(steps=200)'.
    step: The checkpoint; by default the newest.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    normal_classes: Classes that are normal, by name or number; '' for those of the training.
    anomalous_classes: Classes that are not; '' for all others.
    num_normals: Number of held-out normal pictures, at most.
    cache_dir: Folder for extractors that are trained.
    **places: Values in place of recorded ones, such as data_dir.

  Attributes:
    run: The run.
    step: Step of the checkpoint.
    image_shape: (height, width, channels) of pictures.
    label_names: Names of all classes.
    protocol: The classes, and the name of the protocol.
    facts: Facts that scores depend on, for the record.

  Raises:
    UsageError: There is no such run, checkpoint, method or class, or the method does not suit.
  """

  def __init__(
    self,
    model_dir: str,
    method: str = 'search',
    *,
    step: Step = None,
    weights: str = 'average',
    normal_classes: str = '',
    anomalous_classes: str = '',
    num_normals: int = 500,
    cache_dir: str = '',
    **places: Any,
  ):
    self.run = RunDirectory(model_dir)
    recorded = self.run.read_experiment(**places)
    self._experiment = self.run.find_data(recorded)
    fields = Fields.from_record(self.run.read_record()['dataset'])
    if 'image' not in fields:
      raise UsageError(f'--model_dir={model_dir}: trained on {", ".join(fields)}, and no one image')
    self.image_shape, self.label_names = fields.image_shape, fields.label_names
    self.protocol: Protocol = protocol_of(
      self._experiment.dataset, self.label_names, normal_classes, anomalous_classes
    )
    try:
      self._method = registry.anomaly_method.parse(method)
    except UsageError as error:
      raise UsageError(f'--method={method}: {error}') from None
    steps = Checkpoints(self.run.checkpoints).steps()
    chosen = existing_step(self.run, step, steps)
    self.step = steps[-1] if chosen is None else chosen
    self._context = AnomalyContext(
      *(self.run, self._experiment, lambda: self._trained_data, cache_dir, self.step, weights)
    )
    self.facts: dict[str, Any] = {
      'run_id': self.run.run_id,
      'step': self.step,
      'weights': weights if self._experiment.ema_decay else 'raw',
      'method': str(self._method),
      'protocol': self.protocol.name,
      'normal_classes': [self.label_names[label] for label in self.protocol.normal],
    }
    self._num_normals = num_normals
    trained = protocol_of(self._experiment.dataset, self.label_names).normal
    if both := [self.label_names[n] for n in self.protocol.anomalous if n in trained]:
      _log.warning(
        'the run was trained on pictures of %s too, which count as anomalous', listed(both)
      )

  @functools.cached_property
  def _trained_data(self) -> Dataset:
    return data_trained_on(self.run, self._experiment)

  @functools.cached_property
  def data(self) -> Dataset:
    """The data with all classes, also those that the run was not trained on."""
    text, kind, _ = whole_of(self._experiment.dataset)
    if not kind:
      return self._trained_data
    require_data(self._experiment.dataset, self._experiment.data_dir)
    options = DataOptions(self._experiment.data_dir, self._experiment.memory_limit_gb)
    return load_dataset(text, options)

  @functools.cached_property
  def detector(self) -> Detector:
    """The method, fitted to the run."""
    return registry.anomaly_method.build(str(self._method), self._context)

  @functools.cached_property
  def _held_out(self) -> Examples:
    return held_out(self.data, self.protocol, self._num_normals)

  @functools.cached_property
  def normals_path(self) -> str:
    """Path of the file with the scores of held-out normal pictures."""
    key = json.dumps([self.facts, self._num_normals], sort_keys=True)
    return os.path.join(self.run.anomaly, f'{self._method.name}-{digest(key)}.json')

  @functools.cached_property
  def _normals_record(self) -> dict[str, Any]:
    if files.exists(self.normals_path):
      try:
        return json.loads(files.read_text(self.normals_path))
      except json.JSONDecodeError:
        _log.warning('%s: damaged, and made anew', self.normals_path)
    examples = self._held_out
    _log.info('scoring %d normal pictures of the %s split, once', len(examples.rows), examples.name)
    scores = [scores for scores, *_ in self.score(examples.batches(), len(examples.rows))]
    record = {
      **self.facts,
      'split': examples.name,
      'rows': examples.rows.tolist(),
      'scores': np.concatenate(scores).tolist(),
    }
    with atomic_files.writing(self.normals_path):
      files.make_folder(self.run.anomaly)
      atomic_files.write(self.normals_path, json.dumps(record) + '\n')
    return record

  @property
  def normals(self) -> Normals:
    """Scores of held-out normal pictures, kept with the run."""
    return Normals(self._normals_record['scores'])

  @property
  def held_out_facts(self) -> dict[str, Any]:
    """Split and number of the held-out normal pictures, for the record."""
    record = self._normals_record
    return {'held_out_split': record['split'], 'held_out': len(record['scores'])}

  def rows_held_out(self, split: str) -> list[int]:
    """Returns the numbers of the pictures of a split that are held out."""
    record = self._normals_record
    return record['rows'] if record['split'] == split else []

  def score(self, batches: Iterable[np.ndarray], count: int = 0) -> Iterator[Scored]:
    """Yields scores, pictures and what was expected for batches of pictures uint8 [n, H, W, C].

    Args:
      batches: The pictures.
      count: Number of all pictures, for lines of progress; 0 if unknown.

    Raises:
      UsageError: A score is not finite.
    """
    judge = self.detector.judge  # Fitted before the clock runs.
    done, begin = 0, time.monotonic()
    shown = begin
    for pictures in regroup(batches, _BLOCK):
      scores, expected = judge(pictures)
      if not np.isfinite(scores).all():
        raise UsageError(f'--step={self.step}: the networks give values that are not finite')
      yield scores, pictures, expected
      done += len(pictures)
      if count and time.monotonic() - shown > _REPORT_SECONDS:
        shown = time.monotonic()
        left = tqdm.tqdm.format_interval((shown - begin) / done * (count - done))
        _log.info('scored %d of %d pictures, %s left', done, count, left)
