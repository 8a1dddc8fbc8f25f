"""`--dataset="paired(a=..., b=...)"`: pictures and their partners, as pix2pix reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
import dataclasses
import logging

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.combined.paired_split import PairedSplit
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Field, Fields
from tfgan_pipeline.data.folders.side_folder import folders_of_both, partner_keys
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError, listed

_log = logging.getLogger(__name__)
_NAMED = 5  # Files without partners that a message names.


@registry.dataset
def paired(
  options: DataOptions,
  *,
  a: str = 'shapes(style=outline)',
  b: str = 'shapes',
) -> Dataset:
  """Pairs of two datasets: fields image_a and image_b, which are augmented alike.

  Files are partners if their paths are equal but for the `folder` of each dataset and the
  extension: `paired(a="image_folder(64, folder=A)", b="image_folder(64, folder=B)")`. A file
  without a partner is left out, with a warning. Without folders for splits, a pair is in the split
  of its first picture. Other examples are paired in their order.

  Args:
    options: Folder and memory limit, for each of the two datasets.
    a: Call string of the dataset of the first picture.
    b: Call string of the dataset of the second picture.

  Returns:
    A dataset of the splits that both have, with the labels of `a`.

  Raises:
    UsageError: The datasets have no train split in common, no pairs, or different numbers of
      examples that are no files; or one of them cannot be read.
  """
  parts = {}
  for word, text in (('a', a), ('b', b)):
    if word == 'b':
      options = dataclasses.replace(options, partners=_split_of(parts['a']))
    try:
      parts[word] = registry.dataset.build(text, options).require_image(f'{word}={text}')
    except UsageError as error:
      raise UsageError(f"dataset 'paired': {word}={text}: {error}") from None
  one, other = parts['a'], parts['b']
  common = [name for name in one.splits if name in other.splits]
  if 'train' not in common:
    raise UsageError("dataset 'paired': both need a train split")
  both = folders_of_both(_split_of(one), _split_of(other))
  splits = {name: _pair(name, one.split(name), other.split(name), both) for name in common}
  return Dataset(
    f'{one.name}-{other.name}', pair_fields(one, other.image_shape), splits, notes=one.notes
  )


def pair_fields(dataset: Dataset, shape: Sequence[int]) -> Fields:
  """Returns the fields image_a, image_b and label of pairs.

  Args:
    dataset: Dataset of the first pictures, whose labels are those of pairs.
    shape: (height, width, channels) of the second pictures.
  """
  image = dataset.fields['image']
  return Fields(
    image_a=dataclasses.replace(image, label='label'),
    image_b=Field(tuple(shape), image.dtype, image.medium, twin='image_a', label='label'),
    label=dataset.fields['label'],
  )


def _pair(name: str, one: Split, other: Split, both: Collection[str]) -> Split:
  """Returns the pairs of two splits; raises UsageError if they cannot be paired.

  Args:
    name: Name of both splits.
    one: Split of the first pictures.
    other: Split of the second pictures.
    both: Folders that the files of both sides have, in any split.
  """
  if not (one.names and other.names):
    if one.size != other.size:
      raise UsageError(
        f"dataset 'paired': the {name} splits have {one.size} and {other.size} examples, which are "
        'no files that names could pair'
      )
    rows = np.arange(one.size)
    return PairedSplit(one, other, rows, rows)
  places = [_places(name, split.names, both) for split in (one, other)]
  common = [key for key in places[0] if key in places[1]]
  if not common:
    raise UsageError(
      f"dataset 'paired': no two files of the {name} split have equal names, such as "
      f'{one.names[0]} and {other.names[0]}'
    )
  alone = [
    split.names[place]
    for split, own, others in ((one, *places), (other, *reversed(places)))
    for key, place in own.items()
    if key not in others
  ]
  _warn_of_left_out(name, alone, 'no partner')
  rows, partners = ([place[key] for key in common] for place in places)
  _warn_of_proportions(name, one, other, rows, partners)
  return PairedSplit(one, other, np.array(rows), np.array(partners))


def _split_of(dataset: Dataset) -> dict[str, str]:
  """Returns the split of each file by its path; {} without files."""
  return {name: split for split, one in dataset.splits.items() for name in one.names}


def _places(name: str, names: Sequence[str], both: Collection[str]) -> dict[str, int]:
  """Returns the key of each file -> its place; of files with one key, the first."""
  places: dict[str, int] = {}
  again = [
    names[place]
    for place, key in enumerate(partner_keys(names, both))
    if places.setdefault(key, place) != place
  ]
  _warn_of_left_out(name, again, 'the name of another but for the extension')
  return places


def _warn_of_left_out(name: str, files: Sequence[str], why: str) -> None:
  """Warns of the files of a split that no pair has; `why` is what they have."""
  if files:
    count = '1 file has' if len(files) == 1 else f'{len(files)} files have'
    _log.warning('%s: %s %s, left out: %s', name, count, why, listed(files, _NAMED))


def _warn_of_proportions(
  name: str, one: Split, other: Split, rows: Sequence[int], partners: Sequence[int]
) -> None:
  """Warns of partners that do not show the same part once each is cut to one shape."""
  if not (one.stored_sizes and other.stored_sizes):
    return
  odd = []
  for row, partner in zip(rows, partners):
    (height, width), (other_height, other_width) = (
      one.stored_sizes[row],
      other.stored_sizes[partner],
    )
    # Equal to within a pixel.
    if abs(height * other_width - width * other_height) > max(height, width, other_height):
      odd.append(
        f'{one.names[row]} ({height}x{width}) and {other.names[partner]} '
        f'({other_height}x{other_width})'
      )
  if odd:
    _log.warning(
      '%s: partners in %d of %d pairs have other proportions, such as %s; each is cut and resized '
      'by itself, so that they may not match',
      *(name, len(odd), len(rows), odd[0]),
    )
