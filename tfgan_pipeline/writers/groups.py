"""Groups of charts in TensorBoard, named so that those to look at first come first.

TensorBoard sorts groups by name. Files of lines have the plain tags.
"""

from __future__ import annotations

_NUMBERED = ('scores', 'samples', 'loss', 'discriminator_output')


def shown_as(tag: str) -> str:
  """Returns the tag that TensorBoard shows for a curve, '3_loss/generator' of 'loss/generator'."""
  group, slash, name = tag.partition('/')
  if not slash or group not in _NUMBERED:
    return tag
  return f'{1 + _NUMBERED.index(group)}_{group}/{name}'


def is_former(tag: str) -> bool:
  """Returns whether a tag in an event file is from before groups had numbers."""
  return shown_as(tag) != tag
