"""Pictures of a folder through a trained translator, what tfgan-sample --input_dir does.

translator = open_translator('/tmp/run', task='a_to_b')
translate_folder(translator, '/data/sketches', images_dir='/tmp/paintings')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import os

import numpy as np

from tfgan_pipeline.data.folders.decoding import read_picture
from tfgan_pipeline.data.folders.layout import picture_names
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import images
from tfgan_pipeline.media.pairs import pairs
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.directory import RunDirectory, is_many
from tfgan_pipeline.sampling.files import shows
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.translator import Translator

_SHOWN = 32  # Pairs in a picture.


def open_translator(
  model_dir: str, task: str = '', *, step: int | None = None, weights: str = 'average'
) -> Translator:
  """Returns the translator of a run with the weights of a checkpoint.

  Args:
    model_dir: One run.
    task: A name; '' is the game's first task.
    step: Of the checkpoint; by default the newest.
    weights: 'average' or 'raw'.

  Raises:
    UsageError: Several runs are named, or the task reads noise.
  """
  if is_many(model_dir):
    raise UsageError(f'--input_dir: of one run, and --model_dir={model_dir} may name several')
  run = RunDirectory(model_dir)
  sampler = open_sampler(run, run.read_experiment(), task, weights=weights)
  if not isinstance(sampler, Translator):
    raise UsageError(f'--input_dir: --task={sampler.task.name} reads noise and no pictures')
  sampler.restore(step)
  return sampler


def translate_folder(
  translator: Translator,
  input_dir: str,
  *,
  images_dir: str = '',
  output: str = '',
  seed: int = 0,
  count: int | None = None,
) -> int:
  """Writes the outputs of the pictures in a folder; returns how many.

  Pictures are read as those of `image_folder` are: the largest central part of the proportions
  that were trained with, resized.

  Args:
    translator: The networks, restored.
    input_dir: The folder; may be gs://.
    images_dir: Where each output goes, under the name and sub-folder of its picture.
    output: Or one file, which shows pictures beside outputs, the first 32 unless `count` says.
    seed: Chooses what is random in outputs, if anything is.
    count: How many of the pictures, in the order of their names; by default all.

  Raises:
    UsageError: There are no pictures, one cannot be read, two would be written to one file, or
      another picture is in its place.
    WriteError: The outputs cannot be written.
  """
  if images_dir:
    _refuse_overlap(input_dir, images_dir)
  names = picture_names(input_dir, '--input_dir')[: count or (_SHOWN if output else None)]
  extension = translator.medium.extension
  targets = {name: os.path.splitext(name)[0] + extension for name in names}
  sources = {target: name for name, target in targets.items()}
  twice = next((name for name, target in targets.items() if sources[target] != name), None)
  if twice and images_dir:
    raise UsageError(
      f'--input_dir={input_dir}: {twice} and {sources[targets[twice]]} would be one output'
    )
  shown = []
  for part, examples, outputs in _translated(translator, input_dir, names, seed):
    shown.append((examples, outputs))
    if images_dir:
      shown.clear()
      for name, sample in zip(part, outputs):
        _write(os.path.join(images_dir, targets[name]), sample, translator)
  if output:
    examples, outputs = (np.concatenate(parts) for parts in zip(*shown))
    picture = pairs(translator.source.require_medium(), examples, translator.medium, outputs)
    with atomic_files.writing(output):
      images.write_png(output, images.enlarge(picture))
  return len(names)


def _refuse_overlap(input_dir: str, images_dir: str) -> None:
  """Refuses to write into the folder that is read, where outputs would replace pictures."""
  read, written = (
    path if '://' in path else os.path.realpath(path) for path in (input_dir, images_dir)
  )
  if f'{read}/'.startswith(f'{written}/') or f'{written}/'.startswith(f'{read}/'):
    raise UsageError(f'--images_dir={images_dir}: lies in --input_dir, or around it; take another')


def _write(path: str, sample: np.ndarray, translator: Translator) -> None:
  """Writes an output, unless it is there already; raises UsageError for another in its place."""
  if files.exists(path):
    if not shows(path, sample):
      raise UsageError(f'--images_dir: {path} is there, and another picture than this output')
    return
  with atomic_files.writing(path):
    files.make_folder(os.path.dirname(path))
    atomic_files.write(path, translator.medium.encode(sample), durable=False)


def _translated(
  translator: Translator, root: str, names: Sequence[str], seed: int
) -> Iterator[tuple[Sequence[str], np.ndarray, np.ndarray]]:
  """Names, pictures uint8 [n, H, W, C] and outputs, some at a time."""
  height, width, channels = translator.source.shape
  size = translator.block_size

  def read(name: str) -> np.ndarray:
    path = os.path.join(root, name)
    try:
      return read_picture(path, size=(height, width), channels=channels, resize='crop')
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      raise UsageError(f'--input_dir={root}: {name} cannot be read ({error})') from None

  for first in range(0, len(names), size):
    part = names[first : first + size]
    examples = np.stack([read(name) for name in part])
    given = {translator.task.source: examples}
    yield part, examples, translator.outputs(given, seed=seed, first=first)
