"""Translation of the pictures in a folder, as tfgan-sample --input_dir does.

translator = open_translator('/tmp/run', task='a_to_b')
translate_folder(translator, '/data/sketches', images_dir='/tmp/paintings')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import fnmatch
import glob
import os

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.data.folders.decoding import read_picture
from tfgan_pipeline.data.folders.picture_files import picture_names
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import images
from tfgan_pipeline.media.pairs import pairs
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.directory import RunDirectory, is_many
from tfgan_pipeline.sampling.files import shows
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.translator import Translator

_PAIRS = 32  # In one picture, unless the caller says how many.


def open_translator(
  model_dir: str,
  task: str = '',
  *,
  step: Step = None,
  weights: str = 'average',
  strategy: tf.distribute.Strategy | None = None,
  flag: str = '--input_dir',
) -> Translator:
  """Returns the translator of a run with the weights of a checkpoint.

  Args:
    model_dir: Path of one run.
    task: Name of the task; '' is the game's first task.
    step: Step of the checkpoint, or 'best'; by default the newest.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    strategy: Strategy whose replicas make a block of outputs each; None for no strategy.
    flag: Flag that names the pictures, for messages.

  Raises:
    UsageError: Several runs are named, the task reads noise, or there is no such checkpoint.
  """
  if is_many(model_dir):
    raise UsageError(f'{flag}: of one run, and --model_dir={model_dir} may name several')
  run = RunDirectory(model_dir)
  sampler = open_sampler(run, run.read_experiment(), task, weights=weights, strategy=strategy)
  if not isinstance(sampler, Translator):
    raise UsageError(f'{flag}: --task={sampler.task.name} reads noise and no pictures')
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
  """Writes the outputs of a translator for the pictures in a folder; returns their number.

  Pictures are read as by the data set `image_folder`: cut to the largest central part with the
  proportions of training, then resized.

  Args:
    translator: The translator, restored.
    input_dir: The folder of pictures; may be gs://.
    images_dir: Folder for the outputs, under the names and sub-folders of the pictures; '' for
      none.
    output: PNG file that shows pictures beside outputs; '' for none.
    seed: Seed of what is random in outputs, if anything is.
    count: Number of pictures, in the order of their names; by default all, or the first 32 if
      there is an `output`.

  Raises:
    UsageError: There are no pictures, one cannot be read, two have one output file, a file has
      another picture than the output to be written, or the folders overlap.
    WriteError: The outputs cannot be written.
  """
  if images_dir:
    refuse_overlap(input_dir, images_dir, '--images_dir', '--input_dir')
  names = picture_names(input_dir, '--input_dir')[: count or (_PAIRS if output else None)]
  targets = dict.fromkeys(names, '')
  if images_dir:
    targets = output_names(names, f'--input_dir={input_dir}', translator.medium.extension)
  previews = []
  for part, examples, outputs in _translate(translator, input_dir, names, seed):
    previews.append((examples, outputs))
    if images_dir:
      previews.clear()
      for name, sample in zip(part, outputs):
        _write(os.path.join(images_dir, targets[name]), sample, translator)
  if output:
    examples, outputs = (np.concatenate(parts) for parts in zip(*previews))
    picture = pairs(translator.source.require_medium(), examples, translator.medium, outputs)
    with atomic_files.writing(output):
      images.write_png(output, images.enlarge(picture))
  return len(names)


def output_names(names: Sequence[str], where: str, extension: str) -> dict[str, str]:
  """Returns the name of the output of each picture: its own, with the extension of outputs.

  Args:
    names: Names of the pictures.
    where: Flag that named the pictures, with its value, for the message.
    extension: Extension of outputs, such as '.png'.

  Raises:
    UsageError: Two pictures would have one output.
  """
  targets = {name: os.path.splitext(name)[0] + extension for name in names}
  sources: dict[str, str] = {}
  for name, target in targets.items():
    if (other := sources.setdefault(target, name)) != name:
      raise UsageError(f'{where}: {other} and {name} would be one output, {target}; rename one')
  return targets


def refuse_overlap(path: str, output_dir: str, flag: str, input_flag: str) -> None:
  """Raises UsageError if a folder of outputs is among what a path or pattern names, or around it.

  Outputs would mix with pictures there, or be read as such the next time.
  """
  source, target = (
    (one if '://' in one else os.path.realpath(one)).rstrip('/') for one in (path, output_dir)
  )
  if files.exists(source):
    source = glob.escape(source)
  parts = zip(source.split('/'), target.split('/'))
  if all(fnmatch.fnmatchcase(name, pattern) for pattern, name in parts):
    raise UsageError(f'{flag}={output_dir}: lies in {input_flag}, or around it; take another')


def _write(path: str, sample: np.ndarray, translator: Translator) -> None:
  """Writes an output unless the file has the same pixels; raises UsageError for other pixels."""
  if files.exists(path):
    if not shows(translator.medium, path, sample):
      raise UsageError(f'--images_dir: {path} is there, and another picture than this output')
    return
  with atomic_files.writing(path):
    files.make_folder(os.path.dirname(path))
    atomic_files.write(path, translator.medium.encode(sample), durable=False)


def _translate(
  translator: Translator, root: str, names: Sequence[str], seed: int
) -> Iterator[tuple[Sequence[str], np.ndarray, np.ndarray]]:
  """Yields names, pictures uint8 [n, H, W, C] and outputs of a block of pictures at a time."""
  height, width, channels = translator.source.shape
  size = translator.block_size

  def read(name: str) -> np.ndarray:
    path = os.path.join(root, name)
    try:
      return read_picture(path, size=(height, width), channels=channels, resize='crop')
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      raise UsageError(f'--input_dir={root}: {name} cannot be read ({error})') from None

  for first in range(0, len(names), size):
    block = names[first : first + size]
    examples = np.stack([read(name) for name in block])
    fields = {translator.task.source: examples}
    yield block, examples, translator.outputs(fields, seed=seed, first=first)
