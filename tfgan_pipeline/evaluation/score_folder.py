"""Scores a folder of images, whatever program made them.

record = score_folder('/tmp/samples', EvaluationOptions(reference_dir='/data/test', ...))
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import os

import numpy as np

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.media.sizes import height_and_width
from tfgan_pipeline.runs.score_records import Record, definition_id, score_ids


def score_folder(
  generated_dir: str,
  options: EvaluationOptions,
  *,
  every: bool = True,
  dataset: Dataset | None = None,
  dataset_text: str = '',
  strategy: tf.distribute.Strategy | None = None,
) -> Record:
  """Scores the pictures in a folder; returns a record like that of a checkpoint.

  Args:
    generated_dir: The folder; pictures are resized only if `options.resize_pictures` is set.
    options: What to measure.
    every: Whether to score all pictures; otherwise `options.num_samples` of them, drawn with
      `options.sample_seed`.
    dataset: The data set that an extractor is trained on, if any is, and that the pictures are
      compared with unless the options name another reference.
    dataset_text: The call string that the data set was built from.
    strategy: Strategy whose replicas extract features; None for no strategy.

  Raises:
    UsageError: There are too few pictures, their shape does not suit the data set, the options need
      a generator, or there is no reference.
  """
  if not (dataset or options.reference_dir or options.reference_stats):
    raise UsageError(
      '--generated_dir: say what to compare with: --reference_dir, --reference_stats or --dataset'
    )
  options.require({})
  for flag in ('path_length', 'generator_metrics', 'pair_metrics', 'task'):
    if getattr(options, flag):
      raise UsageError(f'--{flag}: needs a run, and --generated_dir has images alone')
  image_shape = dataset.image_shape if dataset else None
  generated = picture_split(
    generated_dir, '--generated_dir', size=options.resize_pictures, image_shape=image_shape
  )
  if dataset and tuple(dataset.image_shape) != generated.image_shape:
    raise UsageError(
      f'--generated_dir={generated_dir}: its pictures are {generated.image_shape}, those of '
      f'{dataset.name} {tuple(dataset.image_shape)}'
    )
  if generated.size < 2:
    raise UsageError(f'--generated_dir={generated_dir}: one picture is too few for a score')
  count = generated.size if every else options.num_samples
  if count > generated.size:
    raise UsageError(
      f'--num_samples={count}: there are {generated.size} pictures in {generated_dir}'
    )
  options = dataclasses.replace(options, num_samples=count)
  name = os.path.basename(os.path.normpath(generated_dir))
  dataset = dataset or Dataset.of_images(name, generated.image_shape, (), {})
  scorer = Scorer(dataset, dataset_text, options, strategy)
  definition = {**scorer.definition, 'quantisation': _describe_reading(options, generated)}
  if every:
    definition['sample_seed'] = None
  scores = scorer.score(_batches(generated, count, options.sample_seed))
  return {
    'generated_dir': generated_dir,
    'scores': scores,
    'score_ids': score_ids(definition, {name: scorer.metric_of[name] for name in scores}),
    **({'protocol': options.protocol} if options.protocol else {}),
    'definition_id': definition_id(definition),
    'definition': definition,
    'versions': {'tfgan_pipeline': __version__, 'tensorflow': tf.__version__},
  }


def _batches(split: FileSplit, count: int, seed: int) -> Iterator[np.ndarray]:
  """Yields `count` images in stored order, drawn with `seed`, as batches uint8 [n, H, W, C]."""
  mask = np.zeros(split.size, bool)
  mask[np.random.Generator(np.random.PCG64(seed)).permutation(split.size)[:count]] = True
  first = 0
  for batch in split.ordered(256):
    images = batch['image']
    rows = mask[first : first + len(images)]
    first += len(images)
    yield images[rows]


def _describe_reading(options: EvaluationOptions, pictures: FileSplit) -> str:
  """Describes for the definition how pixels are read from the files."""
  size = options.resize_pictures
  if not size:
    return 'files as stored'
  height, width = height_and_width(size, '--resize_pictures')
  part = 'square' if height == width else 'part'
  # Earlier versions let decoders reduce large JPEGs first, so that scores of these are others.
  full = ', JPEGs in full' if pictures.recipe.endswith('in full') else ''
  return f'files, central {part} resized to {height}x{width} (Lanczos{full})'
