"""Scorer of sets of images: the extractor, reference features and metrics of one definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import dataclasses
import logging
import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.caption_scores import CaptionScores
from tfgan_pipeline.evaluation.drawn_images import MAX_IMAGES, draw_images, keep_first
from tfgan_pipeline.evaluation.measure import cautions, measure, named_scores
from tfgan_pipeline.evaluation.needed_inputs import require_intervals, without_logits
from tfgan_pipeline.evaluation.pair_scores import PairScores, need_captions
from tfgan_pipeline.evaluation.protocols import log_protocol
from tfgan_pipeline.extractors.auto import chosen
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.metrics.images.checks import axes_problem
from tfgan_pipeline.references.choose import choose_reference
from tfgan_pipeline.registry.calls import Call
from tfgan_pipeline.replicas.memory import need_of
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)


class Scorer:
  """Scorer of sets of generated images against one reference.

  Args:
    dataset: The data set with the real images.
    dataset_text: The call string that the data set was built from, for the record.
    options: What to measure.
    strategy: Strategy whose replicas extract features; None for no strategy.
    pairs: What a translator reads and its true outputs, if known, as the fields 'source' and
      'target', for --pair_metrics; of a game that reads captions, real examples with these; None
      without either.

  Attributes:
    definition: The scorer's part of the facts that scores depend on, see definition.py.
    real: The real images of the reference; None for statistics.
    pairs: The scores of --pair_metrics; None without these.
    metric_of: The metric call, such as `fid(ddof=1)`, by the name of each score seen so far.

  Raises:
    UsageError: The options do not suit the data or each other.
  """

  def __init__(
    self,
    dataset: Dataset,
    dataset_text: str,
    options: EvaluationOptions,
    strategy: tf.distribute.Strategy | None = None,
    pairs: Split | None = None,
  ):
    log_protocol(options)
    choice = choose_reference(dataset, dataset_text, options)
    options.make_cache()
    self._num_classes = dataset.num_classes
    self._has_warned = False
    self._image_shape = tuple(dataset.image_shape)
    self.metric_of: dict[str, str] = {}
    context = ExtractorContext(dataset, options.cache_path, strategy)
    self._extractor = registry.extractor.build(chosen(options, dataset), context)
    self._reference, facts = choice.features(self._extractor)
    self.real = choice.split
    sample = self._reference
    if isinstance(sample, Statistics) or options.reference_features:
      # A file tells nothing of the features that generated images will have.
      blank = np.zeros((min(options.num_samples, 100), *self._image_shape), np.uint8)
      sample = self._extractor.features([blank])
    self._options = options = without_logits(options, sample, self._extractor.name)
    self._images: np.ndarray | None = None
    if options.image_metrics:
      if choice.split is None:
        raise UsageError(
          f'--image_metrics: need real images, and --{options.reference_flag} has none'
        )
      self._images = draw_images(choice.split, choice.classes)
    require_intervals(options, self._reference, options.num_samples)
    for flag in ('per_sample', 'projector'):
      if getattr(options, flag) and choice.split is None:
        raise UsageError(f'--{flag}: needs real images, and --{options.reference_flag} has none')
      if getattr(options, flag) and choice.classes:
        raise UsageError(f'--{flag}: compares with images of all classes; leave out --labels')
    self.pairs: PairScores | CaptionScores | None = None
    if pairs and options.pair_metrics and need_captions(options.pair_metrics):
      self.pairs = CaptionScores(options.pair_metrics, pairs, context)
    elif pairs and options.pair_metrics:
      self.pairs = PairScores(options.pair_metrics, pairs, self._extractor)
    if options.generator_calls:
      try:
        self._extractor.of_floats(np.zeros((1, *dataset.image_shape), np.float32))
      except UsageError as error:
        flag = options.generator_flag
        raise UsageError(f'--{flag}={getattr(options, flag)}: {error}') from None
    self._try_metrics(sample)
    for text, call in options.generator_calls.items():  # Scores are named as their metrics.
      self._add_suffix(f'[{self._extractor.name}]', text, {call.name: math.nan})
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

  def _try_metrics(self, sample: Features) -> None:
    """Runs every metric on a few features so that bad options fail early, with a UsageError.

    Args:
      sample: Features of blank images, or the reference if the extractor made it.
    """
    options, reference = self._options, self._reference
    if sample.width != reference.width:
      flag = options.reference_flag
      raise UsageError(
        f'--{flag}={getattr(options, flag)}: of {reference.width} features, and '
        f'{self._extractor.name} has {sample.width}'
      )
    if isinstance(reference, Statistics):
      self._try(reference, sample)
    else:
      try:
        few = _take_first(reference, min(options.num_samples, 1000))
        self._try(few, _with_logits_of(sample, few))
      except UsageError:  # Perhaps only because there are so few features.
        few = _take_first(reference, options.num_samples)
        self._try(reference, _with_logits_of(sample, few))
    if self.pairs:
      self.pairs.try_metrics()
      self.metric_of.update(self.pairs.metric_of)
    if self._images is not None:
      try:
        self._compute_image_metrics(
          self._images, self._images[: max(2, min(options.num_samples, 16))]
        )
      except UsageError as error:
        raise UsageError(f'--image_metrics={options.image_metrics}: {error}') from None

  def _try(self, reference: Features | Statistics, sample: Features) -> None:
    sample = dataclasses.replace(sample, codes=np.zeros(len(sample), int))
    try:
      self._compute_metrics(reference, sample, resamples=min(self._options.bootstrap, 2))
    except UsageError as error:
      raise UsageError(f'--metrics={self._options.metrics}: {error}') from None

  @need_of('scoring', 'a smaller --num_samples, or an extractor of smaller images, needs less')
  def score(
    self,
    batches: Iterable[np.ndarray],
    *,
    labels: np.ndarray | None = None,
    codes: np.ndarray | None = None,
    captions: np.ndarray | None = None,
    inspect: Callable[[Features, Features], None] | None = None,
    go_back: Callable[[np.ndarray], np.ndarray] | None = None,
  ) -> dict[str, float]:
    """Returns the scores of a set of images by name.

    Names are such as 'fid[classifier:mnist]', or 'ms_ssim' for metrics that read no features.

    Args:
      batches: Generated images, uint8 [n, H, W, C].
      labels: The classes that the generator was asked for, integers [number of images]; or None.
      codes: The learnt categories that the generator was given, integers [number of images]; or
        None.
      captions: Tokens of the captions that the generator read, int32 [number of images, length];
        or None.
      inspect: Function that is called with the features of real and generated images; or None.
      go_back: Function that translates images back to what they were made of; or None.

    Raises:
      UsageError: The images cannot be scored, for instance because features are not finite.
    """
    first: list[np.ndarray] = []
    most = MAX_IMAGES if self._images is not None or self.pairs else 0
    generated = self._extractor.features(keep_first(map(self._checked, batches), most, first))
    generated = dataclasses.replace(generated, labels=labels, codes=codes)
    self._warn_once(generated)
    if inspect:
      assert isinstance(self._reference, Features)  # Flags that need them refuse statistics.
      inspect(self._reference, generated)
    scores = self._compute_metrics(self._reference, generated, resamples=self._options.bootstrap)
    if self._images is not None:
      scores.update(self._compute_image_metrics(self._images, np.concatenate(first)))
    if self.pairs:
      scores.update(self.pairs.of(np.concatenate(first), go_back, generated, captions))
      self.metric_of.update(self.pairs.metric_of)
    return scores

  def _checked(self, batch: np.ndarray) -> np.ndarray:
    """Returns a batch of generated images; raises UsageError for those of another shape."""
    if batch.shape[1:] != self._image_shape:
      problem = axes_problem(batch.dtype, batch.shape)
      shape = f'are of shape {batch.shape[1:]}, and {self._image_shape} is expected'
      raise UsageError(f'generated images: {problem or shape}')
    return batch

  @property
  def class_counts(self) -> np.ndarray | None:
    """Number of real images of each class, integers [K]; None if the reference has no labels."""
    if isinstance(self._reference, Statistics) or self._reference.labels is None:
      return None
    return np.bincount(self._reference.labels, minlength=self._num_classes)

  def _warn_once(self, generated: Features) -> None:
    """Logs the cautions of the metrics for the first set that is scored; later ones are alike."""
    if self._has_warned or isinstance(self._reference, Statistics):
      return
    self._has_warned = True
    for text in cautions(self._options.metrics, self._reference, generated):
      _log.warning('%s', text)

  def of_generator(
    self, generate: Callable[[np.ndarray], np.ndarray], noise_size: int
  ) -> dict[str, float]:
    """Returns scores of a generator, rather than of its images, such as perceptual path length.

    Args:
      generate: Maps standard normal noise, float32 [n, noise_size], to float32 images
        [n, H, W, C] in [-1, 1].
      noise_size: Length of the noise for one image.
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
      scores.update(self._add_suffix(f'[{self._extractor.name}]', text, values))
    return scores

  def _compute_metrics(
    self, reference: Features | Statistics, generated: Features, *, resamples: int
  ) -> dict[str, float]:
    measured = measure(
      self._options.metrics, reference, generated, self._extractor.name, resamples=resamples
    )
    self.metric_of.update(measured.metric_of)
    return measured.scores

  def _compute_image_metrics(self, real: np.ndarray, generated: np.ndarray) -> dict[str, float]:
    scores = {}
    for call in registry.image_metric.parse_all(self._options.image_metrics):
      values = registry.image_metric.build(str(call), real, generated)
      scores.update(self._add_suffix('', call, values))
    return scores

  def _add_suffix(
    self, suffix: str, call: Call | str, scores: dict[str, float]
  ) -> dict[str, float]:
    full_scores = named_scores(call, scores, suffix)
    self.metric_of.update(dict.fromkeys(full_scores, str(call)))
    return full_scores


def _take_first(features: Features, count: int) -> Features:
  """Returns the first `count` rows; without held-out features, which take long to extract."""
  logits, labels = (
    None if values is None else values[:count] for values in (features.logits, features.labels)
  )
  return Features(features.pool[:count], logits, labels)


def _with_logits_of(sample: Features, rows: Features) -> Features:
  """Returns features like `rows`, with the logits of `sample`, over and over, if it has some."""
  logits = sample.logits
  repeated = None if logits is None else logits[np.arange(len(rows)) % len(sample)]
  return dataclasses.replace(rows, logits=repeated)
