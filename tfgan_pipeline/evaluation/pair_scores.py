"""Scores of outputs against the pictures that they should equal, beside those of doing nothing.

scores = PairScores('l1, ssim', examples, extractor)     # examples of 'source' and 'target'
scores.of(outputs)           # {'l1': 7.1, 'l1_identity': 31.0, 'l1_constant': 54.2, ...}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.reduction import reduce_arrays
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.measure import named_scores
from tfgan_pipeline.extractors.base import Extractor
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.registry.calls import Call


def need_of_pairs(call: Call) -> str:
  """Returns what a metric of pairs is computed of, see features.needs; '' for images."""
  return getattr(registry.pair_metric.function(call.name), 'needs', '')


def need_captions(metrics: str) -> bool:
  """Returns whether any of the metrics compares pictures with their captions."""
  return any(need_of_pairs(call) == 'captions' for call in registry.pair_metric.parse_all(metrics))


class PairScores:
  """Scores of a task's outputs, output i being made of example i as stored.

  Beside each score of metric M that compares with true outputs stand those of outputs that anyone
  can make: M_identity, of the source as it is; M_bicubic, of a smaller source enlarged by Pillow's
  bicubic filter; M_constant, of the best single colour for all pictures. Which colour that is
  depends on the metric: the better of the mean and the median of all true pixels.

  Args:
    metrics: Call strings of --pair_metrics.
    examples: Split with the fields 'source', what is translated, and 'target', the true outputs,
      unless nobody knows these.
    extractor: Extractor for metrics of features.

  Attributes:
    metric_of: The metric call by the name of each score seen so far.
  """

  def __init__(self, metrics: str, examples: Split, extractor: Extractor):
    self._calls = registry.pair_metric.parse_all(metrics)
    self._examples = examples
    self._extractor = extractor
    self._baselines: dict[int, dict[str, float]] = {}  # By the number of pictures.
    self._target_features: dict[int, Features] = {}  # By the number of pictures.
    self.metric_of: dict[str, str] = {}

  @property
  def need_way_back(self) -> bool:
    """Whether a metric compares sources with what came back of them."""
    return any(need_of_pairs(call) == 'way_back' for call in self._calls)

  def try_metrics(self) -> None:
    """Scores two pictures against themselves; raises UsageError if a metric cannot."""
    try:
      sources, targets = self._first(2)
      self.of(sources if targets is None else targets, lambda _: sources)
    except UsageError as error:
      metrics = ', '.join(map(str, self._calls))
      raise UsageError(f'--pair_metrics={metrics}: {error}') from None

  def of(
    self,
    outputs: np.ndarray,
    go_back: Callable[[np.ndarray], np.ndarray] | None = None,
    features: Features | None = None,
    captions: np.ndarray | None = None,
  ) -> dict[str, float]:
    """Returns the scores by name, such as 'l1' and 'l1_identity'.

    Args:
      outputs: Outputs of the first examples, uint8 [n, H, W, C].
      go_back: Translates outputs to the source's field again; None if no metric needs that.
      features: Features of n or more outputs, the first ones being `outputs`; None where a metric
        that needs them should extract them.
      captions: Not read; see caption_scores.py.

    Raises:
      UsageError: Pictures do not suit a metric.
    """
    del captions
    count = len(outputs)
    sources, targets = self._first(count)
    scores: dict[str, float] = {}
    for call in self._calls:
      if need_of_pairs(call) == 'way_back':
        assert go_back is not None  # Evaluators of runs that have no way back refuse such metrics.
        scores.update(self._named(call, '', sources, go_back(outputs)))
    if targets is not None:
      known = features and _first_rows(features, count)
      scores.update(self._against_truth(targets, outputs, known))
      if count not in self._baselines:
        self._baselines[count] = self._score_baselines(sources, targets)
      scores.update(self._baselines[count])
    return scores

  def _against_truth(
    self, targets: np.ndarray, outputs: np.ndarray, features: Features | None = None
  ) -> dict[str, float]:
    scores = {}
    for call in self._calls:
      if need_of_pairs(call) == 'features':
        features = features or self._extractor.features([outputs])
        suffix = f'[{self._extractor.name}]'
        scores.update(self._named(call, suffix, self._features_of_targets(targets), features))
      elif need_of_pairs(call) != 'way_back':
        scores.update(self._named(call, '', targets, outputs))
    return scores

  def _score_baselines(self, sources: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    scores: dict[str, float] = {}
    for kind, outputs in _baselines(sources, targets):
      for name, value in self._against_truth(targets, outputs).items():
        stem, bracket, extractor = name.partition('[')
        try:
          is_lower = better(stem) == 'lower'
        except UsageError:  # A number that ranks nothing.
          continue
        full = f'{stem}_{kind}{bracket}{extractor}'
        choose = min if is_lower else max
        scores[full] = choose(scores.get(full, value), value)
        self.metric_of[full] = self.metric_of[name]
    return scores

  def _named(self, call: Call, suffix: str, expected: Any, found: Any) -> dict[str, float]:
    """Returns the scores of a metric, whose names end in `suffix`."""
    values = registry.pair_metric.build(str(call), expected, found)
    scores = named_scores(call, values, suffix)
    self.metric_of.update(dict.fromkeys(scores, str(call)))
    return scores

  def _features_of_targets(self, targets: np.ndarray) -> Features:
    count = len(targets)
    if count not in self._target_features:
      self._target_features[count] = self._extractor.features([targets])
    return self._target_features[count]

  def _first(self, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns sources and targets of the first examples as stored, uint8 [count, H, W, C]."""
    parts: list[Example] = []
    missing = count
    for batch in self._examples.ordered(1024):
      parts.append({name: values[:missing] for name, values in batch.items()})
      missing -= len(parts[-1]['source'])
      if not missing:
        break
    fields = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return fields['source'], fields.get('target')


def _first_rows(features: Features, count: int) -> Features:
  """Returns the features of the first images, without what is known of their classes."""
  logits = features.logits
  return Features(features.pool[:count], None if logits is None else logits[:count])


def _baselines(sources: np.ndarray, targets: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
  """Yields kinds of outputs that take no network, and these outputs, shaped like the targets."""
  height, width, channels = targets.shape[1:]
  if sources.shape[3] == 1 and channels == 3:
    sources = sources.repeat(3, axis=3)
  if sources.shape == targets.shape:
    yield 'identity', sources
  elif sources.shape[3] == channels and sources.shape[1] < height and sources.shape[2] < width:
    yield 'bicubic', reduce_arrays(sources, (height, width))
  pixels = targets.reshape(-1, channels)
  for colour in (pixels.mean(axis=0), np.median(pixels, axis=0)):
    yield 'constant', np.broadcast_to(np.rint(colour).astype(np.uint8), targets.shape)
