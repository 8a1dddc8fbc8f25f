"""Sums of averaged latents as text: `glasses - plain + smile`.

parse('glasses - plain + samples 1,5,9')     # [Term(1, 'glasses'), Term(-1, 'plain'), ...]
"""

from __future__ import annotations

import dataclasses
import os
import re

from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.runs import files

_SAMPLES = re.compile(r'(?:samples|seeds)\s+(.*)')
_LARGEST = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Term:
  """A part of a sum.

  Attributes:
    sign: 1 or -1.
    name: Text of the part, such as 'samples 1,5,9', a class or a path.
  """

  sign: int
  name: str


def parse(text: str) -> list[Term]:
  """Splits a sum at + and - between spaces.

  Raises:
    UsageError: A part is empty.
  """
  text = text.strip()
  signed = text if text[:2] in ('- ', '+ ') else f'+ {text}'
  parts = re.split(r'(?:^|\s)([+-])(?=\s|$)', signed)
  terms = [
    Term(1 if sign == '+' else -1, name.strip()) for sign, name in zip(parts[1::2], parts[2::2])
  ]
  if parts[0].strip() or not terms or not all(term.name for term in terms):
    raise UsageError(f'--arithmetic={text}: should be like "glasses - plain + smile"')
  return terms


def numbers_of(name: str) -> list[int] | None:
  """Returns the numbers of samples that a term stands for; None for a class or an array.

  A folder stands for the numbers in the names of its pictures, such as 000005.png, as tfgan-sample
  --images_dir writes them; a text file for the numbers in it.

  Raises:
    UsageError: A number is none, a file cannot be read, or there are no numbers.
  """
  where = f'--arithmetic: {name}'
  if match := _SAMPLES.fullmatch(name):
    return _checked(re.split(r'[\s,]+', match[1].strip(', ')), where)
  if not files.exists(name) or name.endswith('.npy'):
    return None
  if files.is_folder(name):
    stems = [os.path.splitext(file) for file in files.names_in(name)]
    found = [stem for stem, extension in stems if extension and stem.isdecimal()]
    if not found:
      raise UsageError(f'{where}: no pictures there that are named by number, such as 000005.png')
    return _checked(found, where)
  try:
    text = files.read_text(name)
  except UnicodeDecodeError as error:
    raise UsageError(f'{where}: is no text with numbers of samples ({first_line(error)})') from None
  return _checked(re.split(r'[\s,]+', text.strip()), where)


def _checked(words: list[str], where: str) -> list[int]:
  for word in words:
    if not word.isdecimal() or int(word) > _LARGEST:
      raise UsageError(f'{where}: {word[:40]!r} is no number of a sample')
  return [int(word) for word in words]
