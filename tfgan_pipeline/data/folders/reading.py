"""Settings with which the pictures of a run were read, to read others alike.

reading = reading_of('paired(a="image_folder(64, resize=stretch)", b=...)', 'image_a')
read_picture(path, size=(64, 64), channels=3, **reading)      # {'resize': 'stretch'}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.data.inner_datasets import inner_datasets
from tfgan_pipeline.registry.calls import Call

_OF_FILES = ('image_folder', 'parquet')  # Datasets that are told how to resize pictures.


def reading_of(dataset: str, field: str) -> dict[str, Any]:
  """Returns arguments of `decoding.to_pixels` with which a field of a dataset was read.

  Of the datasets of files, `image_folder` and `parquet` have such settings; pictures of others are
  cropped to proportions.
  A range of values that was taken from the data (range=data) is not known any more, and left out.

  Args:
    dataset: Call string of the run's dataset.
    field: Field of pictures, such as 'image_a' of pairs, whose side has the word 'a'.
  """
  word = field.rpartition('_')[2]
  call = next(_of_files(registry.dataset.parse(dataset), word), None)
  if call is None:
    return {'resize': 'crop'}
  reading = {'resize': call.arguments.get('resize', 'crop')}
  limits, colour = (call.arguments.get(name) for name in ('range', 'background'))
  if limits and limits != 'data':
    reading['range'] = limits
  if colour:
    from PIL import ImageColor

    reading['background'] = ImageColor.getrgb(colour)[:3]
  return reading


def _of_files(call: Call, word: str) -> Iterator[Call]:
  """Yields calls of _OF_FILES in a call and its arguments, those of argument `word` first."""
  if call.name in _OF_FILES:
    yield call
    return
  for _, inner in sorted(inner_datasets(call).items(), key=lambda item: item[0] != word):
    yield from _of_files(inner, word)
