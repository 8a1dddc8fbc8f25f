"""Images in, scores out: extractor, reference features and metrics of one definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import dataclasses
import logging
import math
from typing import cast

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset, Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.metrics.score_intervals import intervals
from tfgan_pipeline.references.choose import choose_reference
from tfgan_pipeline.registry.calls import Call
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)
_IMAGES = 16_384  # At most, of either kind, that image metrics are given.


class Scorer:
  """Scores sets of generated images against one reference.

  Args:
    dataset: Where the real images are.
    dataset_text: The call string it was built from, for the record.
    options: What to measure.
    strategy: Whose replicas extract features; None is no strategy.

  Attributes:
    definition: What the scores mean; part of each record.
    metric_of: The name of each score tried or made so far -> the call of its metric, `fid(ddof=1)`.

  Raises:
    UsageError: The options do not suit the data, or each other.
  """

  def __init__(
    self,
    dataset: Dataset,
    dataset_text: str,
    options: EvaluationOptions,
    strategy: tf.distribute.Strategy | None = None,
  ):
    if options.protocol:
      about = registry.protocol.build(options.protocol)
      _log.info('protocol %s: %s', options.protocol, about.comparable)
    choice = choose_reference(dataset, dataset_text, options)
    options.make_cache()
    self._options = options
    self.metric_of: dict[str, str] = {}
    self._extractor = registry.extractor.build(
      options.extractor, ExtractorContext(dataset, options.cache_path, strategy)
    )
    self._reference, facts = choice.features(self._extractor)
    self._images: np.ndarray | None = None
    if options.image_metrics:
      if choice.split is None:
        raise UsageError('--image_metrics: need real images, and --reference_stats has none')
      self._images = _some_images(choice.split)
    if options.bootstrap and isinstance(self._reference, Statistics):
      raise UsageError('--bootstrap: needs real features, and --reference_stats has none')
    self._targets = dataset.split(options.reference_split) if options.pair_metrics else None
    if options.generator_calls:
      try:
        self._extractor.of_floats(np.zeros((1, *dataset.image_shape), np.float32))
      except UsageError as error:
        flag = options.generator_flag
        raise UsageError(f'--{flag}={getattr(options, flag)}: {error}') from None
    self._try_metrics(dataset.image_shape)
    for text, call in options.generator_calls.items():  # Their scores have their names.
      self._named(f'[{self._extractor.name}]', text, {call.name: math.nan})
    self.definition: Record = {
      'extractor': self._extractor.facts,
      'metrics': options.metrics,
      'image_metrics': options.image_metrics,
      'bootstrap': options.bootstrap,
      'path_length': options.path_length,
      **{
        name: value
        for name in ('pair_metrics', 'generator_metrics')
        if (value := getattr(options, name))
      },
      'num_generated': options.num_samples,
      **facts,
      'sample_seed': options.sample_seed,
      'quantisation': 'clip to [-1, 1], round to uint8',
    }

  def _try_metrics(self, image_shape: tuple[int, ...]) -> None:
    """Refuses now what the metrics would refuse after the work: on a few reference features."""
    options, reference = self._options, self._reference
    if isinstance(reference, Statistics):
      few = min(options.num_samples, 100)
      sample = self._extractor.features([np.zeros((few, *image_shape), np.uint8)])
      if sample.width != reference.width:
        raise UsageError(
          f'--reference_stats={options.reference_stats}: of {reference.width} features, and '
          f'{self._extractor.name} has {sample.width}'
        )
      self._try(reference, sample)
    else:
      try:
        self._try(*[_first(reference, min(options.num_samples, 1000))] * 2)
      except UsageError:  # Of what it is given, or only of so few?
        self._try(reference, _first(reference, options.num_samples))
    if self._targets is not None:
      try:
        self._compute_of_pairs(self._targets, next(self._targets.ordered(2))['image'])
      except UsageError as error:
        raise UsageError(f'--pair_metrics={options.pair_metrics}: {error}') from None
    if self._images is not None:
      try:
        self._compute_of_images(self._images, self._images[: max(2, min(options.num_samples, 16))])
      except UsageError as error:
        raise UsageError(f'--image_metrics={options.image_metrics}: {error}') from None

  def _try(self, reference: Features | Statistics, sample: Features) -> None:
    sample = dataclasses.replace(sample, codes=np.zeros(len(sample), int))
    try:
      self._compute(reference, sample, resamples=min(self._options.bootstrap, 2))
    except UsageError as error:
      raise UsageError(f'--metrics={self._options.metrics}: {error}') from None

  def score(
    self,
    batches: Iterable[np.ndarray],
    *,
    labels: np.ndarray | None = None,
    codes: np.ndarray | None = None,
  ) -> dict[str, float]:
    """Scores by name, such as 'fid[classifier:mnist]' or, of images alone, 'ms_ssim'.

    Args:
      batches: uint8 [n, H, W, C].
      labels: The classes that were asked for, integers, one for each image; or None.
      codes: Learnt categories that images were made with, integers, one for each; or None.

    Raises:
      UsageError: The images cannot be scored, such as when their features are not finite.
    """
    kept: list[np.ndarray] = []
    keeps = self._images is not None or self._targets is not None

    def keeping() -> Iterator[np.ndarray]:
      for batch in batches:
        if keeps and sum(map(len, kept)) < _IMAGES:
          kept.append(batch)
        yield batch

    generated = self._extractor.features(keeping())
    generated = dataclasses.replace(generated, labels=labels, codes=codes)
    scores = self._compute(self._reference, generated, resamples=self._options.bootstrap)
    if self._images is not None:
      scores.update(self._compute_of_images(self._images, np.concatenate(kept)[:_IMAGES]))
    if self._targets is not None:
      scores.update(self._compute_of_pairs(self._targets, np.concatenate(kept)[:_IMAGES]))
    return scores

  def of_generator(
    self, generate: Callable[[np.ndarray], np.ndarray], noise_size: int
  ) -> dict[str, float]:
    """Returns the scores of the generator itself, such as its perceptual path length.

    Args:
      generate: float32 noise [n, noise_size], standard normal, to images in [-1, 1].
      noise_size: Numbers per image.
    """
    scores = {}
    for text, call in self._options.generator_calls.items():
      values = registry.generator_metric.build(
        str(call),
        generate,
        lambda images: self._extractor.of_floats((images + 1) * np.float32(127.5)),
        noise_size,
        self._options.sample_seed,
      )
      scores.update(self._named(f'[{self._extractor.name}]', text, values))
    return scores

  def _compute(
    self, reference: Features | Statistics, generated: Features, *, resamples: int
  ) -> dict[str, float]:
    scores = {}
    for call in registry.metric.parse_all(self._options.metrics):
      # Statistics stand where features do, and refuse what they are not asked in words.
      found = registry.metric.build(str(call), cast(Features, reference), generated)
      if resamples and isinstance(reference, Features):
        found.update(intervals(call, reference, generated, found, resamples=resamples))
      scores.update(self._named(f'[{self._extractor.name}]', call, found))
    return scores

  def _compute_of_images(self, real: np.ndarray, generated: np.ndarray) -> dict[str, float]:
    scores = {}
    for call in registry.image_metric.parse_all(self._options.image_metrics):
      found = registry.image_metric.build(str(call), real, generated)
      scores.update(self._named('', call, found))
    return scores

  def _compute_of_pairs(self, split: Split, outputs: np.ndarray) -> dict[str, float]:
    """Compares output i with target i, in the stored order of the reference split."""
    targets, missing = [], len(outputs)
    for batch in split.ordered(1024):
      targets.append(batch['image'][:missing])
      missing -= len(targets[-1])
      if not missing:
        break
    scores = {}
    for call in registry.pair_metric.parse_all(self._options.pair_metrics):
      values = registry.pair_metric.build(str(call), np.concatenate(targets), outputs)
      scores.update(self._named('', call, values))
    return scores

  def _named(self, suffix: str, call: Call | str, scores: dict[str, float]) -> dict[str, float]:
    named = {f'{key}{suffix}': value for key, value in scores.items()}
    self.metric_of.update(dict.fromkeys(named, str(call)))
    return named


def _first(features: Features, count: int) -> Features:
  """The first rows; without held-out ones, which cost much to make."""
  logits, labels = (
    None if values is None else values[:count] for values in (features.logits, features.labels)
  )
  return Features(features.pool[:count], logits, labels)


def _some_images(split: Split) -> np.ndarray:
  """uint8 [n, H, W, C]: all images of a split, or as many drawn at random, always the same."""
  rows = np.random.Generator(np.random.PCG64(0)).permutation(split.size)[:_IMAGES]
  wanted = np.zeros(split.size, bool)
  wanted[rows] = True
  kept, first = [], 0
  for batch in split.ordered(1024):
    images = batch['image']
    kept.append(images[wanted[first : first + len(images)]])
    first += len(images)
  return np.concatenate(kept)
