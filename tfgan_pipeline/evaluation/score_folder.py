"""Scores folders of pictures and arrays of images, whatever program made them.

record = score_folder('/tmp/samples', EvaluationOptions(reference_dir='/data/test', ...))
for record in score_folders('/tmp/samples-*', options):      # one extractor and reference for all
  ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import functools
import os
from typing import Any

import numpy as np

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.needed_inputs import require_inputs
from tfgan_pipeline.evaluation.outputs import score_each
from tfgan_pipeline.evaluation.per_sample import PerSample
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.media.sizes import height_and_width
from tfgan_pipeline.metrics.images.checks import axes_problem
from tfgan_pipeline.references.choose import hint, wants_classes
from tfgan_pipeline.references.sample_sets import (
  class_names,
  folder_labels,
  is_grey,
  sample_split,
  with_channels,
)
from tfgan_pipeline.runs.score_records import Record, definition_id, score_ids

_FLAG = '--generated_dir'


def score_folder(
  generated_dir: str | np.ndarray, options: EvaluationOptions, **data: Any
) -> Record:
  """Scores a set of images; returns a record like that of a checkpoint.

  Args:
    generated_dir: Folder of pictures, resized only if `options.resize_pictures` is set; or an .npy
      or .npz file of images; or images uint8 [n, H, W, C].
    options: What to measure.
    **data: Other arguments of FolderScorer.

  Raises:
    UsageError: There are too few pictures, their shape does not suit the data set, the options need
      a generator, or there is no reference.
  """
  return FolderScorer(options, **data).score(generated_dir)


def score_folders(generated_dirs: str, options: EvaluationOptions, **data: Any) -> Iterator[Record]:
  """Scores several sets of images, each of which gets a record; the extractor is made once.

  One of several that cannot be scored is left out with a warning.

  Args:
    generated_dirs: Paths separated by commas, with *, ? and [...] as in a shell.
    options: What to measure.
    **data: Other arguments of FolderScorer.

  Raises:
    UsageError: A path or pattern names nothing, or nothing could be scored.
  """
  return score_each(generated_dirs, _FLAG, FolderScorer(options, **data).score)


class FolderScorer:
  """Scorer of sets of images against one reference.

  Args:
    options: What to measure.
    every: Whether to score all images of a set; otherwise `options.num_samples` of them, drawn with
      `options.sample_seed`.
    dataset: The data set that an extractor is trained on, if any is, and that the images are
      compared with unless the options name another reference.
    dataset_text: The call string that the data set was built from.
    strategy: Strategy whose replicas extract features; None for no strategy.
    per_sample_path: Path, without .csv and .png, of the facts that `options.per_sample` asks for.

  Raises:
    UsageError: The options need a generator, or there is no reference.
  """

  def __init__(
    self,
    options: EvaluationOptions,
    *,
    every: bool = True,
    dataset: Dataset | None = None,
    dataset_text: str = '',
    strategy: tf.distribute.Strategy | None = None,
    per_sample_path: str = '',
  ):
    if options.per_sample and not per_sample_path:
      raise UsageError(f'--per_sample: with {_FLAG} give --output, to write the table beside')
    if not dataset and options.reference_flag == 'reference_split':
      raise UsageError(
        f'{_FLAG}: say what to compare with: --reference_dir, --reference_stats or --dataset'
      )
    for flag in ('path_length', 'generator_metrics', 'pair_metrics', 'projector', 'task'):
      if getattr(options, flag):
        raise UsageError(f'--{flag}: needs a run, and {_FLAG} has images alone')
    self._options, self._every = options, every
    self._dataset, self._dataset_text, self._strategy = dataset, dataset_text, strategy
    self._scorers: dict[tuple[object, ...], Scorer] = {}
    self._per_sample_path = per_sample_path

  def score(self, generated_dir: str | np.ndarray) -> Record:
    """Returns the record of a set of images.

    Args:
      generated_dir: A folder of pictures, an .npy or .npz file, or images uint8 [n, H, W, C].

    Raises:
      UsageError: The images cannot be read, or are too few or of a wrong shape.
    """
    split, name, record = self._open(generated_dir)
    if split.size < 2:
      raise UsageError(f'{name}: one picture is too few for a score')
    count = split.size if self._every else self._options.num_samples
    if count > split.size:
      raise UsageError(f'--num_samples={count}: there are {split.size} pictures in {name}')
    options = dataclasses.replace(self._options, num_samples=count)
    classes = self._classes(split, name)
    labels = folder_labels(split, classes)
    require_inputs(options.metrics, {'labels': labels})
    scorer = self._scorer(split, classes, options, name)
    definition = {
      **scorer.definition,
      'num_generated': count,
      'quantisation': _describe_reading(options, split),
      **({'sample_seed': None} if self._every else {}),
    }
    chosen = _draw(split.size, count, options.sample_seed)
    scores = scorer.score(
      _batches(split, chosen),
      labels=None if labels is None else labels[chosen],
      inspect=self._per_sample(scorer, lambda: _batches(split, chosen)),
    )
    return {
      **record,
      'scores': scores,
      'score_ids': score_ids(definition, {score: scorer.metric_of[score] for score in scores}),
      **({'protocol': options.protocol} if options.protocol else {}),
      'definition_id': definition_id(definition),
      'definition': definition,
      'versions': {'tfgan_pipeline': __version__, 'tensorflow': tf.__version__},
    }

  def _per_sample(
    self, scorer: Scorer, samples: Callable[[], Iterator[np.ndarray]]
  ) -> PerSample | None:
    """Returns what writes the facts on single samples, for the first set that is scored."""
    if not self._options.per_sample:
      return None
    assert scorer.real is not None  # The scorer refuses --per_sample without real images.
    if not self._per_sample_path:
      raise UsageError(f'--per_sample: of one {_FLAG} at a time')
    path, self._per_sample_path = self._per_sample_path, ''
    return PerSample(path, scorer.real, samples)

  def _open(self, generated: str | np.ndarray) -> tuple[Split, str, Record]:
    """Returns images with the channels of the data, a name for messages, and a record's origin."""
    if isinstance(generated, np.ndarray):
      problem = axes_problem(generated.dtype, generated.shape)
      if problem or generated.ndim != 4:
        raise UsageError(f'generated images: {problem or "should be [n, H, W, C]"}')
      return MemorySplit({'image': generated}), 'generated images', {}
    name = f'{_FLAG}={generated}'
    shape = self._dataset.image_shape if self._dataset else None
    split = sample_split(generated, _FLAG, self._options, shape)
    if is_grey(split) and self._reference_shape()[2:] == (1,):
      split = with_channels(split, 1, name)
    if shape and tuple(shape) != split.image_shape:
      assert self._dataset is not None
      raise UsageError(
        f'{name}: its pictures are {split.image_shape}, those of {self._dataset.name} '
        f'{tuple(shape)}{hint(split.image_shape, shape)}'
      )
    return split, name, {'generated_dir': generated}

  @functools.cached_property
  def _reference_split(self) -> Split:
    return sample_split(self._options.reference_dir, '--reference_dir', self._options)

  def _reference_shape(self) -> tuple[int, ...]:
    """Returns the shape of the images to compare with; () if the reference holds none."""
    if self._dataset:
      return tuple(self._dataset.image_shape)
    return self._reference_split.image_shape if self._options.reference_dir else ()

  def _classes(self, split: Split, name: str) -> tuple[str, ...]:
    """Returns the classes that folders stand for, if a metric wants them and folders have them."""
    if not wants_classes(self._options):
      return ()
    if self._dataset:
      return self._dataset.label_names
    found = class_names(split)
    if not found or not self._options.reference_dir:
      return ()
    others = class_names(self._reference_split)
    if found != others:
      raise UsageError(
        f'{name}: its folders are {", ".join(found)}, those of --reference_dir '
        f'{", ".join(others) or "none"}; as classes they should have equal names'
      )
    return found

  def _scorer(
    self, split: Split, classes: tuple[str, ...], options: EvaluationOptions, name: str
  ) -> Scorer:
    key = split.image_shape, classes
    if key not in self._scorers:
      title = os.path.basename(os.path.normpath(name.partition('=')[2] or name))
      dataset = self._dataset or Dataset.of_images(title, split.image_shape, classes, {})
      self._scorers[key] = Scorer(dataset, self._dataset_text, options, self._strategy)
    return self._scorers[key]


def _draw(size: int, count: int, seed: int) -> np.ndarray:
  """Returns `count` of the numbers below `size`, drawn with `seed`, in rising order."""
  return np.sort(np.random.Generator(np.random.PCG64(seed)).permutation(size)[:count])


def _batches(split: Split, chosen: np.ndarray) -> Iterator[np.ndarray]:
  """Yields the chosen images in stored order as batches uint8 [n, H, W, C]."""
  mask = np.zeros(split.size, bool)
  mask[chosen] = True
  first = 0
  for batch in split.ordered(256):
    images = batch['image']
    rows = mask[first : first + len(images)]
    first += len(images)
    yield images[rows]


def _describe_reading(options: EvaluationOptions, split: Split) -> str:
  """Describes for the definition how pixels are read."""
  channels = f', {options.picture_channels} channels' if options.picture_channels else ''
  if isinstance(split, MemorySplit):
    return 'arrays as given'
  size = options.resize_pictures
  if not size:
    return f'files as stored{channels}'
  height, width = height_and_width(size, '--resize_pictures')
  part = 'square' if height == width else 'part'
  # Earlier versions let decoders reduce large JPEGs first, so that scores of these are others.
  in_full = getattr(split, 'recipe', '').endswith('in full')
  filter = 'Lanczos, JPEGs in full' if in_full else 'Lanczos'
  return f'files, central {part} resized to {height}x{width} ({filter}){channels}'
