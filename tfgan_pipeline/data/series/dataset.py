"""`--dataset="series('ecg.npy')" --data_dir=/data`: series of numbers, of a user's files."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.series.read_series import read_series
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media.series import Series, to_images
from tfgan_pipeline.runs import files

_SHORTEST = 16  # Steps.


@registry.dataset
def series(
  options: DataOptions,
  *,
  path: str = '',
  key: str = '',
  length: int = 0,
  validation: float = 0.1,
  test: float = 0.1,
) -> Dataset:
  """Series of numbers in npy, npz or csv files, of any channels, one file or a folder of them.

  An array is [series, steps] or [series, steps, channels]. A row of a csv file is a series; in a
  folder each csv file is one, with a row a step and a column a channel. Numbers are scaled by the
  range of each channel; samples have the units of the data. Networks: `dcgan_series`. Evaluation:
  --extractor=signals --metrics=signals.

  Args:
    options: `data_dir` and the memory limit.
    path: A file or folder below data_dir, or by its whole path; may be gs://.
    key: Name of the array in an npz file that holds several.
    length: Steps of a part; series are cut into parts one after the other, and what is left over
      at the end of each is left out. 0 takes series whole, which have to be equally long.
    validation: Share of series held out for validation. Parts of a series are in one split.
    test: Share of series held out for the final evaluation.

  Raises:
    UsageError: There are no such files, series differ in length or channels, have a number that is
      missing or not finite, or do not fit into the memory limit.
  """
  require("dataset 'series'", at_least=0, length=length)
  place = files.below(options.data_dir or '', path)
  if not place:
    raise UsageError("dataset 'series': name a file or folder, by --data_dir or series('x.npy')")
  found = read_series(place, key=key, limit=options.memory_limit_gb * 1e9)
  parts = {name: _parts(values, length) for name, values in found.items()}
  parts = {name: part for name, part in parts.items() if len(part)}
  lengths = {part.shape[1]: name for name, part in parts.items()}
  if len(lengths) > 1:
    said = ' and '.join(f'{steps} in {name}' for steps, name in sorted(lengths.items())[:2])
    raise UsageError(f"dataset 'series': lengths differ: {said} steps; cut them by length=")
  if min(lengths, default=0) < _SHORTEST:
    raise UsageError(
      f"dataset 'series': {place} has series of {max(map(len, found.values()), default=0)} steps, "
      f'and parts should have {_SHORTEST} or more; see length='
    )
  (steps,), channels = lengths, next(iter(parts.values())).shape[2]
  if not options.fits_memory(sum(map(len, parts.values())), (steps, 2, channels)):
    raise UsageError(
      f"dataset 'series': the series do not fit --memory_limit_gb={options.memory_limit_gb}"
    )
  names = list(parts)
  chosen = partition(names, [0] * len(names), {'validation': validation, 'test': test})
  values = {
    part: np.concatenate([parts[names[number]] for number in numbers])
    for part, numbers in chosen.items()
  }
  low, high = (
    function([function(part, axis=(0, 1)) for part in values.values()], axis=0)
    for function in (np.min, np.max)
  )
  high = np.where(high > low, high, low + 1)  # Of a channel that never changes.
  medium = Series(low, high)
  splits = {
    part: MemorySplit({'image': to_images(medium.scaled(rows))}) for part, rows in values.items()
  }
  call = f'series(low={_text(low)}, high={_text(high)})'
  return Dataset.of_images('series', (steps, 2, channels), (), splits, medium=call)


def _text(numbers: np.ndarray) -> str:
  return f'({", ".join(map(repr, numbers.tolist()))},)'


def _parts(values: np.ndarray, length: int) -> np.ndarray:
  """Returns a series [T, C] cut into parts [n, length, C], or whole as [1, T, C]."""
  if not length:
    return values[np.newaxis]
  count = len(values) // length
  return values[: count * length].reshape(count, length, values.shape[1])
