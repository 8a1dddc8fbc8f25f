"""Scores features that other programs computed; neither images nor an extractor are at hand.

record = score_features('/tmp/fakes.npy', EvaluationOptions(reference_features='/tmp/reals.npy'))
"""

from __future__ import annotations

from collections.abc import Iterator
import functools
import logging

import numpy as np

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.measure import cautions, measure
from tfgan_pipeline.evaluation.needed_inputs import (
  require_inputs,
  require_intervals,
  without_logits,
)
from tfgan_pipeline.evaluation.outputs import score_each
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.references.features_file import read_features
from tfgan_pipeline.references.given import Given, read_given
from tfgan_pipeline.runs.score_records import Record, definition_id, score_ids

_log = logging.getLogger(__name__)
_FLAG = '--generated_features'
# Facts of features whose file does not say where they are from.
_UNKNOWN = {'name': 'features', 'fingerprint': 'unknown'}


def score_features(
  path: str, options: EvaluationOptions, given: Given | None = None, *, every: bool = True
) -> Record:
  """Scores the features in a file; returns a record like that of a checkpoint.

  Args:
    path: An .npy or .npz file, see references/features_file.py.
    options: What to measure; the reference is `reference_features` or `reference_stats`.
    given: The reference, if it was read before.
    every: Whether to score all rows; otherwise `options.num_samples` of them, drawn with
      `options.sample_seed`.

  Raises:
    UsageError: The file cannot be read, its features do not suit the reference, or the options need
      images.
  """
  given = given or _read_reference(options)
  generated, definition = read_features(path, _FLAG)
  if not every:
    generated = _draw(generated, options)
  if generated.width != given.reference.width:
    raise UsageError(
      f'{_FLAG}={path}: of width {generated.width}, and {given.name} has {given.reference.width}'
    )
  extractor = (definition or {}).get('extractor') or _UNKNOWN
  options = without_logits(options, generated, extractor['name'])
  require_inputs(options.metrics, {'labels': generated.labels})
  require_intervals(options, given.reference, len(generated))
  facts = given.facts(extractor)
  try:
    measured = measure(
      options.metrics, given.reference, generated, extractor['name'], resamples=options.bootstrap
    )
  except UsageError as error:
    raise UsageError(f'--metrics={options.metrics}: {error}') from None
  for text in cautions(options.metrics, given.reference, generated):
    _log.warning('%s=%s: %s', _FLAG, path, text)
  definition = {
    'extractor': dict(extractor),
    'metrics': options.metrics,
    'bootstrap': options.bootstrap,
    'num_generated': len(generated),
    **facts,
    'sample_seed': None if every else options.sample_seed,
    'quantisation': 'features as given',
  }
  return {
    'generated_features': path,
    'scores': measured.scores,
    'score_ids': score_ids(definition, measured.metric_of),
    'definition_id': definition_id(definition),
    'definition': definition,
    'versions': {'tfgan_pipeline': __version__, 'tensorflow': tf.__version__},
  }


def score_feature_files(
  paths: str, options: EvaluationOptions, *, every: bool = True
) -> Iterator[Record]:
  """Scores several files of features; one that cannot be scored is left out with a warning.

  Args:
    paths: Paths separated by commas, with *, ? and [...] as in a shell.
    options: What to measure.
    every: Whether to score all rows, see `score_features`.

  Raises:
    UsageError: A path or pattern names nothing, or nothing could be scored.
  """
  given = _read_reference(options)
  return score_each(
    paths, _FLAG, functools.partial(score_features, options=options, given=given, every=every)
  )


def _read_reference(options: EvaluationOptions) -> Given:
  images = ('image_metrics', 'pair_metrics', 'generator_metrics', 'path_length', 'per_sample')
  for flag in (*images, 'projector', 'task'):
    if getattr(options, flag):
      raise UsageError(f'--{flag}: needs images or a run, and {_FLAG} has features alone')
  given = read_given(options)
  if given is None:
    raise UsageError(f'{_FLAG}: compare with --reference_features or --reference_stats')
  require_intervals(options, given.reference)
  return given


def _draw(features: Features, options: EvaluationOptions) -> Features:
  """Returns `options.num_samples` rows drawn with `options.sample_seed`."""
  count, size = options.num_samples, len(features)
  if count > size:
    raise UsageError(f'--num_samples={count}: there are {size} rows of features')
  rows = np.sort(
    np.random.Generator(np.random.PCG64(options.sample_seed)).permutation(size)[:count]
  )
  return Features(
    features.pool[rows],
    None if features.logits is None else features.logits[rows],
    None if features.labels is None else features.labels[rows],
  )
