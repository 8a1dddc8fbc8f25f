"""Scores of pictures against the captions that they were made of, beside those of real pairs.

scores = CaptionScores('r_precision', split, context)
scores.of(pictures, captions=tokens)     # {'r_precision': .4, 'r_precision_real': .8, ...}
"""

from __future__ import annotations

from collections.abc import Callable
import functools

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.captions.fields import CAPTION, captions_of, first_captions
from tfgan_pipeline.data.made import read_things
from tfgan_pipeline.data.made.described import asked_in
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.measure import named_scores
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.extractors.dual_encoder import DualEncoder, dual_encoder
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.pairs.captions import Captions

_READ = 1024  # Real pairs that are scored beside samples, at most.


class CaptionScores:
  """Scores of --pair_metrics for a game that reads captions.

  Beside each score of metric M stand M_real, of real pictures with their own captions, which is
  about the most that samples can reach, and M_chance, of real pictures with those of others.

  Args:
    metrics: Call strings of --pair_metrics, all of which compare with captions.
    split: Real examples with the fields image and caption.
    context: Data set, cache and strategy of the run that is scored.

  Attributes:
    metric_of: The metric call by the name of each score seen so far.
    need_way_back: Whether a metric compares with what came back of outputs: none does.
  """

  need_way_back = False

  def __init__(self, metrics: str, split: Split, context: ExtractorContext):
    self._metrics = metrics
    self._split = split
    self._context = context
    self._field = context.dataset.fields[CAPTION]
    self._encoder = functools.cache(functools.partial(_encoder, context))
    self.metric_of: dict[str, str] = {}

  def try_metrics(self) -> None:
    """Scores the real pairs; raises UsageError if a metric cannot."""
    self._baselines  # noqa: B018  (computed once, here)

  def of(
    self,
    outputs: np.ndarray,
    go_back: Callable[[np.ndarray], np.ndarray] | None = None,
    features: Features | None = None,
    captions: np.ndarray | None = None,
  ) -> dict[str, float]:
    """Returns the scores by name, such as 'r_precision' and 'r_precision_real'.

    Args:
      outputs: Pictures, uint8 [n, H, W, C].
      go_back: Not read.
      features: Not read.
      captions: Tokens of the captions that the pictures were made of, int32 [n or more, length].

    Raises:
      UsageError: Pictures or captions do not suit a metric.
    """
    del go_back, features
    assert captions is not None  # open_run.py refuses runs that read no captions.
    return {**self._score(outputs, captions[: len(outputs)], ''), **self._baselines}

  def _score(self, images: np.ndarray, tokens: np.ndarray, suffix: str) -> dict[str, float]:
    texts = captions_of(self._field, tokens)
    asked = [content for text in texts if (content := asked_in(text))]
    captions = Captions(
      texts,
      asked if len(asked) == len(texts) else None,
      read_things.read,
      lambda pictures, *choice: self._codes(tokens, pictures, *choice),
    )
    scores: dict[str, float] = {}
    for call in registry.pair_metric.parse_all(self._metrics):
      try:
        values = registry.pair_metric.build(str(call), captions, images)
      except UsageError as error:
        raise UsageError(f'--pair_metrics={call}: {error}') from None
      named = named_scores(call, {f'{name}{suffix}': value for name, value in values.items()}, '')
      self.metric_of.update(dict.fromkeys((*values, *named), str(call)))
      scores.update(named)
    return scores

  def _codes(
    self, tokens: np.ndarray, images: np.ndarray, steps: int, seed: int
  ) -> tuple[np.ndarray, np.ndarray]:
    encoder = self._encoder(steps, seed)
    return encoder.of_captions(tokens), encoder.of_images(images)

  @functools.cached_property
  def _baselines(self) -> dict[str, float]:
    real = self._split.spread(min(_READ, self._split.size))
    images, tokens = real['image'], first_captions(real[CAPTION])
    return {
      **self._score(images, tokens, '_real'),
      **self._score(images, np.roll(tokens, 1, axis=0), '_chance'),
    }


def _encoder(context: ExtractorContext, steps: int, seed: int) -> DualEncoder:
  return dual_encoder(context, steps=steps, seed=seed)
