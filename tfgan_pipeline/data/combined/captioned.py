"""`--dataset="captioned(size=64)" --data_dir=/flickr`: a user's own pictures with captions."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import logging

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.captions.caption_files import read_captions
from tfgan_pipeline.data.captions.fields import CAPTION, LONGEST, MOST, caption_field, vocabulary_of
from tfgan_pipeline.data.captions.vocabulary import words_of
from tfgan_pipeline.data.combined.added_field import AddedField
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.folders.find_files import find_files
from tfgan_pipeline.errors import UsageError, listed
from tfgan_pipeline.media.sizes import height_and_width
from tfgan_pipeline.runs import files

_log = logging.getLogger(__name__)


@registry.dataset
def captioned(
  options: DataOptions,
  *,
  folder: str = '',
  size: int | tuple[int, int] = 64,
  captions: str = '',
  pictures: str = 'image_folder(64)',
  at_least: int = 1,
) -> Dataset:
  """The pictures under --data_dir with their captions: .txt files, a table, JSON of HF or COCO.

  Captions are read from what is there, in this order: metadata.csv or metadata.jsonl as in Hugging
  Face's image folders; captions_*.json of COCO; captions.txt, .csv or .tsv, a row for each caption,
  with columns such as image and caption; or a .txt file beside each picture, a caption a line.
  Pictures without a caption are left out, and counted in the log. A picture may have several
  captions, of which training draws one each time. Splits are those of image_folder.

  Args:
    options: `data_dir` and the memory limit.
    folder: Folder of pictures and captions, below --data_dir or absolute; '' for --data_dir.
    size: Pixels per side, or (height, width).
    captions: File of captions, below the folder or absolute; '' to look for one.
    pictures: Dataset that reads the pictures, for its further arguments; its size counts where it
      is not 64.
    at_least: Times that a word has to occur in the train split to be known.

  Raises:
    UsageError: There are no pictures, no captions of them, or the captions cannot be read.
  """
  height_and_width(size, "dataset 'captioned'")  # Raises if it is none.
  if at_least < 1:
    raise UsageError(f"dataset 'captioned': at_least={at_least} should be at least 1")
  root = files.below(options.data_dir or '', folder)
  if not root:
    raise UsageError("--data_dir: dataset 'captioned' needs the folder of pictures and captions")
  call = registry.dataset.parse(pictures)
  if call.arguments.get('size') == 64:
    call.arguments['size'] = size
  options = dataclasses.replace(options, data_dir=root)
  try:
    found = registry.dataset.build(str(call), options).require_image('pictures')
    names = [name for split in found.splits.values() for name in split.names]
    if len(names) < sum(split.size for split in found.splits.values()):
      raise UsageError(f'{call}: has no names of files, by which captions could mean its pictures')
    texts = read_captions(root, names, find_files(root).names, captions)
  except UsageError as error:
    raise UsageError(f"dataset 'captioned': {error}") from None
  of = {
    part: [texts.of.get(name, []) for name in split.names] for part, split in found.splits.items()
  }
  with_any = {part: [row for row in rows if row] for part, rows in of.items()}
  if not with_any['train']:
    raise UsageError(f"dataset 'captioned': {root}: no picture of the train split has a caption")
  shown = next(with_any[part] for part in ('test', 'validation', 'train') if with_any.get(part))
  field = caption_field(with_any['train'], shown, at_least=at_least)
  splits = {}
  for part, split in found.splits.items():
    if with_any[part]:
      members = np.flatnonzero([bool(row) for row in of[part]])
      tokens = vocabulary_of(field).encode_all(with_any[part], field.shape)
      splits[part] = AddedField(split, members, CAPTION, tokens)
  note = _describe(names, texts.of, texts.form)
  return Dataset(
    found.name,
    Fields({**found.fields, CAPTION: field}),
    splits,
    notes='; '.join(filter(None, [found.notes, note])),
  )


def _describe(names: Sequence[str], of: dict[str, list[str]], form: str) -> str:
  """Returns in a line what was understood; warns of what is left out."""
  without = [name for name in names if name not in of]
  if without:
    _log.warning(
      '%d of %d pictures have no caption and are left out: %s',
      *(len(without), len(names), listed(without, 5)),
    )
  longest = max(len(words_of(text)) for texts in of.values() for text in texts)
  if longest > LONGEST:
    _log.warning('of captions of up to %d words, the first %d are read', longest, LONGEST)
  most = max(map(len, of.values()))
  if most > MOST:
    _log.warning('of pictures with up to %d captions, the first %d of each are read', most, MOST)
  count = sum(map(len, of.values()))
  return f'{count:,} captions of {len(of):,} pictures, from {form}'
