"""Settings with which the pictures of a run were read, to read others alike.

reading = reading_of('paired(a="image_folder(64, resize=stretch)", b=...)', 'image_a')
read_picture(path, size=(64, 64), channels=3, **reading)      # {'resize': 'stretch'}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry.calls import Call


def reading_of(dataset: str, field: str) -> dict[str, Any]:
  """Returns arguments of `decoding.to_pixels` with which a field of a dataset was read.

  Only `image_folder` has such settings; pictures of other datasets are cropped to proportions.
  A range of values that was taken from the data (range=data) is not known any more, and left out.

  Args:
    dataset: Call string of the run's dataset.
    field: Field of pictures, such as 'image_a' of pairs, whose side has the word 'a'.
  """
  word = field.rpartition('_')[2]
  call = next(_folders(registry.dataset.parse(dataset), word), None)
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


def _folders(call: Call, word: str) -> Iterator[Call]:
  """Yields calls of image_folder in a call and its arguments, those of argument `word` first."""
  if call.name == 'image_folder':
    yield call
    return
  texts = sorted(call.arguments.items(), key=lambda item: item[0] != word)
  for _, text in texts:
    if isinstance(text, str) and '(' in text:
      try:
        inner = registry.dataset.parse(text)
      except UsageError:  # Some other text in parentheses.
        continue
      yield from _folders(inner, word)
