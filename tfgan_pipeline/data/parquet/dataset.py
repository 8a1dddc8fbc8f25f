"""`--dataset=parquet --data_dir=/data/cats`: Parquet files with a column of pictures."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.arrays.class_labels import read_labels
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.parquet.table import Table, find_tables
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.parquet import ParquetSplit, read_pictures
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width, size_text


@registry.dataset
def parquet(
  options: DataOptions,
  *,
  file: str = '',
  image: str = '',
  label: str = '',
  size: int | tuple[int, int] = 0,
  channels: int = 0,
  validation: float = 0.1,
  test: float = 0.1,
  resize: str = 'crop',
) -> Dataset:
  """Parquet files under --data_dir with a column of pictures, as hubs serve data sets.

  Files or folders called train, validation or test are splits. Pictures that do not fit into memory
  are read from the files during training.

  Args:
    options: `data_dir`, on this machine, and the memory limit.
    file: Pattern of the files below data_dir, such as 'plain_text/*'; by default all.
    image: Column of pictures, each the content of a file; by default the only one.
    label: Column of labels, whole numbers or texts; by default the class label that the files note,
      or the column 'label'.
    size: Pixels per side, or (height, width), to which pictures are resized; 0 keeps the size
      of the first, and all must have it.
    channels: 1 for greyscale, 3 for colour, 4 for colour with alpha; 0 for 1 or 3, as the first
      picture has.
    validation: Share held out for validation, in proportion to the classes, where no file is named
      for a split.
    test: Share held out for the final evaluation, where no file is named for a split.
    resize: 'crop' (to the largest central part with the proportions of `size`), 'stretch', 'width'
      or 'none', as in `image_folder`.

  Raises:
    UsageError: There are no such files, columns or pictures, or pyarrow is missing.
  """
  if channels not in (0, *decoding.MODES) or resize not in decoding.RESIZES:
    raise UsageError(
      f"dataset 'parquet': channels={channels}, resize={resize} should be 0, 1, 3 or 4, and "
      f'{", ".join(decoding.RESIZES)}'
    )
  sides = height_and_width(size, "dataset 'parquet'") if size else None
  tables = find_tables(options.data_dir, file, image, label)
  decode = functools.partial(decoding.decode_picture, size=sides, resize=resize)
  shape = _first_shape(tables['train'], functools.partial(decode, channels=channels))
  decode = functools.partial(decode, channels=shape[2])
  classes, labels = _labels(tables)
  recipe = f'{resize} lanczos {size_text(sides)}' if sides else 'as stored'
  splits: dict[str, Split] = {}
  for name, table in tables.items():
    rows = {name: np.arange(len(labels[name]))}
    if len(tables) == 1:
      fractions = {'validation': validation, 'test': test}
      rows = partition(list(map(str, rows[name])), labels[name].tolist(), fractions)
    for part, members in rows.items():
      splits[part] = ParquetSplit(
        table, members, labels[name][members], image_shape=shape, decode=decode, recipe=recipe
      )
  if options.fits_memory(sum(split.size for split in splits.values()), shape):
    splits = {part: MemorySplit.reading(split) for part, split in splits.items()}
  dataset = Dataset.of_images('parquet', shape, classes, splits)
  columns = f'of the columns {tables["train"].columns} none is taken for labels; label= names one'
  return dataclasses.replace(dataset, no_labels='' if classes else columns)


def _first_shape(table: Table, decode: functools.partial[np.ndarray]) -> tuple[int, ...]:
  """Returns the shape of the first picture that can be decoded."""
  group = table.groups[0]
  contents = [content for content in read_pictures(group, table.image) if content is not None]
  if not contents:
    raise UsageError(
      f'{group.path}: {table.image} holds paths or nothing, and no pictures; paths are not opened'
    )
  reason = ''
  for content in contents:
    try:
      return decode(content).shape
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      reason = str(error).split('\n')[0]
  raise UsageError(f'{group.path}: no picture in {table.image} can be read ({reason})')


def _labels(tables: dict[str, Table]) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
  """Returns the names of the classes and int32 [N] by split, 0 without labels."""
  train = tables['train']
  if not train.label or any(table.label != train.label for table in tables.values()):
    counts = {name: sum(group.size for group in table.groups) for name, table in tables.items()}
    return (), {name: np.zeros(count, np.int32) for name, count in counts.items()}
  stored = {name: table.labels() for name, table in tables.items()}
  # Hubs hide the labels of some test splits as -1.
  hidden = {name for name in stored if name != 'train' and (stored[name] == -1).all()}
  shown = {name: values for name, values in stored.items() if name not in hidden}
  classes, labels = read_labels(shown, train.label, train.classes)
  return classes, {
    name: labels[name] if name in labels else np.full(len(values), -1, np.int32)
    for name, values in stored.items()
  }
