"""Scores of outputs against the pictures that they should equal, beside those of doing nothing.

scores = PairScores('l1, ssim', sources, targets, extractor)
scores.of(outputs)           # {'l1': 7.1, 'l1_identity': 31.0, 'l1_constant': 54.2, ...}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.reduction import reduce_arrays
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.registry.calls import Call


def need_of_pairs(call: Call) -> str:
  """Returns what a metric of pairs is computed of: 'features', 'way_back', or '' for images."""
  return getattr(registry.pair_metric.function(call.name), 'needs', '')


class PairScores:
  """Scores of a task's outputs, output i being made of example i as stored.

  Beside each score of metric M that compares with true outputs stand those of outputs that anyone
  can make: M_identity, of the source as it is; M_bicubic, of a smaller source enlarged by Pillow's
  bicubic filter; M_constant, of the best single colour for all pictures. Which colour that is
  depends on the metric: the better of the mean and the median of all true pixels.

  Args:
    metrics: Call strings of --pair_metrics.
    sources: Field 'image' of a split with what is translated.
    targets: The true outputs, in the order of `sources`; None where nobody knows them.
    extractor: Extractor for metrics of features.

  Attributes:
    metric_of: The metric call by the name of each score seen so far.
  """

  def __init__(self, metrics: str, sources: Split, targets: Split | None, extractor: Extractor):
    self._calls = registry.pair_metric.parse_all(metrics)
    self._sources = sources
    self._targets = targets
    self._extractor = extractor
    self._baselines: dict[int, dict[str, float]] = {}  # By the number of pictures.
    self.metric_of: dict[str, str] = {}

  @property
  def need_way_back(self) -> bool:
    """Whether a metric compares sources with what came back of them."""
    return any(need_of_pairs(call) == 'way_back' for call in self._calls)

  def try_metrics(self) -> None:
    """Scores two pictures against themselves; raises UsageError if a metric cannot."""
    try:
      sources = _first(self._sources, 2)
      outputs = sources if self._targets is None else _first(self._targets, 2)
      self.of(outputs, lambda _: sources)
    except UsageError as error:
      metrics = ', '.join(map(str, self._calls))
      raise UsageError(f'--pair_metrics={metrics}: {error}') from None

  def of(
    self, outputs: np.ndarray, go_back: Callable[[np.ndarray], np.ndarray] | None = None
  ) -> dict[str, float]:
    """Returns the scores by name, such as 'l1' and 'l1_identity'.

    Args:
      outputs: Outputs of the first examples, uint8 [n, H, W, C].
      go_back: Translates outputs to the source's field again; None if no metric needs that.

    Raises:
      UsageError: Pictures do not suit a metric.
    """
    count = len(outputs)
    scores: dict[str, float] = {}
    for call in self._calls:
      if need_of_pairs(call) == 'way_back':
        assert go_back is not None  # Evaluators of runs that have no way back refuse such metrics.
        scores.update(self._score(call, _first(self._sources, count), go_back(outputs)))
    if self._targets is not None:
      scores.update(self._against_truth(_first(self._targets, count), outputs))
      if count not in self._baselines:
        self._baselines[count] = self._score_baselines(count)
      scores.update(self._baselines[count])
    return scores

  def _against_truth(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    scores = {}
    for call in self._calls:
      if need_of_pairs(call) != 'way_back':
        scores.update(self._score(call, targets, outputs))
    return scores

  def _score_baselines(self, count: int) -> dict[str, float]:
    assert self._targets is not None
    targets = _first(self._targets, count)
    scores: dict[str, float] = {}
    for kind, outputs in _baselines(_first(self._sources, count), targets):
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

  def _score(self, call: Call, expected: np.ndarray, found: np.ndarray) -> dict[str, float]:
    sets: list[Any] = [expected, found]
    suffix = ''
    if need_of_pairs(call) == 'features':
      sets = [self._extractor.features([images]) for images in sets]
      suffix = f'[{self._extractor.name}]'
    values = registry.pair_metric.build(str(call), *sets)
    scores = {f'{name}{suffix}': value for name, value in values.items()}
    self.metric_of.update(dict.fromkeys(scores, str(call)))
    return scores


def _first(split: Split, count: int) -> np.ndarray:
  """Returns the field 'image' of the first examples of a split as stored, uint8 [count, ...]."""
  parts = []
  for batch in split.ordered(1024):
    parts.append(batch['image'][: count - sum(map(len, parts))])
    if sum(map(len, parts)) == count:
      break
  return np.concatenate(parts)


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
