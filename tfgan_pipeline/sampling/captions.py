"""Samples of captions: chosen ones, or those that the run has recorded of its data.

captions = asked_captions(sampler, ['a large red circle'])
pictures = images_of(sampler, captions, range(8), seed=0)      # uint8 [8, H, W, C], in turn
write_grid('/tmp/samples.png', sampler, captions, seed=0)
"""

from __future__ import annotations

from collections.abc import Sequence
import csv
import dataclasses
import io
import logging
import os
import re

import numpy as np

from tfgan_pipeline.data.captions.fields import CAPTION, vocabulary_of
from tfgan_pipeline.data.captions.vocabulary import words_of
from tfgan_pipeline.errors import UsageError, did_you_mean, listed, spoken
from tfgan_pipeline.media import images
from tfgan_pipeline.media.caption_rows import caption_rows
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.files import write_pictures
from tfgan_pipeline.sampling.sampler import GeneratorSampler

_log = logging.getLogger(__name__)
EACH = 8  # Samples of each caption, and captions in a picture where none are chosen.
_NAME = 60  # Letters of a caption in the name of a file.
FLAG = '--caption'


@dataclasses.dataclass(frozen=True)
class AskedCaptions:
  """Captions to sample.

  Attributes:
    texts: The captions.
    tokens: What the generator reads of each, int32 [N, length].
  """

  texts: Sequence[str]
  tokens: np.ndarray


def reads_captions(sampler: GeneratorSampler) -> bool:
  """Returns whether the generator makes pictures of captions."""
  return sampler.game.captions([0]) is not None


def asked_captions(sampler: GeneratorSampler, texts: Sequence[str]) -> AskedCaptions:
  """Returns captions as the run's generator reads them; warns of words that it does not know.

  Args:
    sampler: The sampler.
    texts: The captions.

  Raises:
    UsageError: The generator reads no captions, or knows no word of one.
  """
  path = sampler.restored.run.path
  if not reads_captions(sampler):
    raise UsageError(f'{FLAG}={texts[0]}: the generator of {path} reads no captions; leave it out')
  field = sampler.game.data[CAPTION]
  vocabulary, length = vocabulary_of(field), field.shape[1]
  unknown: dict[str, None] = {}
  for text in texts:
    words, strangers = words_of(text), vocabulary.unknown(text)
    if len(strangers) == len(words):
      hint = did_you_mean(words[0], vocabulary.words) if words else ''
      raise UsageError(
        f'{FLAG}={text}: has no word of the {len(vocabulary.words)} that {path} knows, such as '
        f'{listed(vocabulary.words, 5)}{hint}'
      )
    unknown |= dict.fromkeys(strangers)
    if len(words) > length:
      _log.warning('%s=%s: the run reads %d words, and leaves out the rest', FLAG, text, length)
  if unknown:
    _log.warning(
      '%s: of no meaning to %s, which knows %d words: %s%s',
      *(FLAG, path, len(vocabulary.words), listed(unknown)),
      did_you_mean(next(iter(unknown)), vocabulary.words),
    )
  return AskedCaptions(texts, np.stack([vocabulary.encode(text, length) for text in texts]))


def recorded(ensemble: Ensemble, *, as_rows: bool) -> Sequence[str]:
  """Returns some captions of the data that a run has recorded, for want of others, and tells so.

  Args:
    ensemble: The run or runs; () for several, and for games that read no captions.
    as_rows: Whether a picture has a row for each of some captions. If not, () is returned, and
      sample i shows caption i of all recorded ones.
  """
  sampler = ensemble.first
  if not reads_captions(sampler):
    return ()
  examples = sampler.game.data[CAPTION].examples
  shown = f'the first {min(EACH, len(examples))}' if as_rows else 'sample i shows number i'
  _log.info(spoken('no --caption: %s of %d captions of held-out data'), shown, len(examples))
  return examples[:EACH] if as_rows and len(ensemble.members) == 1 else ()


def read_captions(path: str) -> list[str]:
  """Returns the captions of a text file, a line each; raises UsageError if there are none."""
  try:
    lines = files.read_text(path).splitlines()
  except (OSError, UnicodeDecodeError) as error:
    raise UsageError(f'--captions_file={path}: cannot be read as text ({error})') from None
  texts = [line.strip() for line in lines if line.strip()]
  if not texts:
    raise UsageError(f'--captions_file={path}: has no caption; write one a line')
  return texts


def images_of(
  sampler: GeneratorSampler, captions: AskedCaptions, indices: Sequence[int], seed: int
) -> np.ndarray:
  """Returns samples of captions in turn, uint8 [len(indices), H, W, C].

  Sample i of K captions is of caption i modulo K, with the random numbers of sample i // K.

  Args:
    sampler: The sampler, restored.
    captions: The captions.
    indices: Numbers of samples.
    seed: Seed of all samples.

  Raises:
    UsageError: The generator gives values that are not finite.
  """
  count = len(captions.texts)
  tokens = captions.tokens[[index % count for index in indices]]
  numbers = [index // count for index in indices]
  return sampler.of_inputs(sampler.game.inputs(sampler.task, numbers, seed, {CAPTION: tokens}))


def write_grid(
  path: str, sampler: GeneratorSampler, captions: AskedCaptions, *, seed: int, count: int = EACH
) -> int:
  """Writes one picture with a row of samples under each caption; returns the number of samples.

  Args:
    path: The PNG file; may be gs://.
    sampler: The sampler, restored.
    captions: The captions.
    seed: Seed of all samples.
    count: Number of samples of each caption.

  Raises:
    UsageError: The samples are no pictures.
    WriteError: The file cannot be written.
  """
  rows = len(captions.texts)
  samples = images_of(sampler, captions, range(rows * count), seed)
  pictures = np.swapaxes(samples.reshape(count, rows, *samples.shape[1:]), 0, 1)
  with atomic_files.writing(path):
    images.write_png(path, caption_rows(sampler.medium, captions.texts, pictures))
  return len(samples)


def write_folder(
  folder: str, sampler: GeneratorSampler, captions: AskedCaptions, *, seed: int, count: int = EACH
) -> int:
  """Writes `count` samples of each caption, such as 0-a-red-ring-000000.png; returns how many.

  The table metadata.csv beside them has the whole captions: `captioned(...)` reads the folder.

  Args:
    folder: The folder; made if missing, may be gs://.
    sampler: The sampler, restored.
    captions: The captions.
    seed: Seed of all samples.
    count: Number of samples of each caption.

  Raises:
    UsageError: The folder contains other pictures.
    WriteError: The folder cannot be written.
  """
  rows = len(captions.texts)
  stems = [_stem(number, text, rows) for number, text in enumerate(captions.texts)]
  names = [
    f'{stems[index % rows]}-{index // rows:06d}{sampler.medium.extension}'
    for index in range(rows * count)
  ]
  write_pictures(
    folder, names, sampler.medium, lambda indices: images_of(sampler, captions, indices, seed)
  )
  table = io.StringIO()
  writer = csv.writer(table, lineterminator='\n')
  writer.writerow(['file_name', 'text'])
  writer.writerows((name, captions.texts[index % rows]) for index, name in enumerate(names))
  with atomic_files.writing(folder):
    atomic_files.write(os.path.join(folder, 'metadata.csv'), table.getvalue())
  return len(names)


def _stem(number: int, text: str, count: int) -> str:
  """Returns the start of the names of a caption's files, which no other caption has."""
  words = re.sub(r'\W+', '-', text.lower()).strip('-')[:_NAME].rstrip('-')
  return f'{number:0{len(str(count - 1))}d}-{words}'
