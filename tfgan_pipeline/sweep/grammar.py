"""The language of --sweep: settings, and the values that each of them takes.

values_by_setting('generator_optimizer=adam(1e-4)|adam(2e-4); seed=0..2')
# {'generator_optimizer': ('adam(1e-4)', 'adam(2e-4)'), 'seed': ('0', '1', '2')}

Settings are separated by ;, values by |. Inside quotes and brackets neither separates anything.
"""

from __future__ import annotations

from collections.abc import Iterator
import re

from tfgan_pipeline.errors import UsageError

_OPENING = {'(': ')', '[': ']', '{': '}'}
_RANGE = re.compile(r'(-?\d+)\.\.(-?\d+)')
_QUOTED = re.compile(r"""(['"])(?P<inner>(?:(?!\1).)*)\1""")
_EXAMPLE = '--sweep="generator_optimizer=adam(1e-4)|adam(2e-4); seed=0..2"'
LIMIT = 10_000  # Values of a setting, and runs of a sweep: more is a slip of the pen.


def values_by_setting(text: str) -> dict[str, tuple[str, ...]]:
  """Returns the values of each setting, as they are written; ranges of whole numbers spelt out.

  Args:
    text: The value of --sweep.

  Raises:
    UsageError: The text is no sweep: a bracket or quote is left open, a name or values are missing,
      or a setting or value is given twice.
  """
  found: dict[str, tuple[str, ...]] = {}
  for part in _split(text, ';'):
    if not part:
      continue
    name, equals, values = (piece.strip() for piece in part.partition('='))
    if not equals or not re.fullmatch(r'[a-z]\w*', name):
      raise UsageError(f'--sweep: {part}: should be a setting and its values, as in {_EXAMPLE}')
    if name in found:
      raise UsageError(f'--sweep: {name} is given twice; separate its values by |')
    if not values:
      raise UsageError(f"--sweep: {name} has no values; an empty one is written {name}=''")
    found[name] = tuple(value for one in _split(values, '|') for value in _expanded(name, one))
  if not found:
    raise UsageError(f'--sweep: has no settings; write {_EXAMPLE}')
  return found


def _expanded(name: str, value: str) -> Iterator[str]:
  """Yields a value without its quotes, or the whole numbers of a range."""
  if not value:
    raise UsageError(f"--sweep: {name} has an empty value; write '' for one that is meant")
  if match := _RANGE.fullmatch(value):
    first, last = map(int, match.groups())
    if not first <= last < first + LIMIT:
      raise UsageError(
        f'--sweep: {name}={value}: should be a range that rises, of at most {LIMIT:,} numbers'
      )
    yield from map(str, range(first, last + 1))
  elif match := _QUOTED.fullmatch(value):
    yield match['inner']
  else:
    yield value


def _split(text: str, separator: str) -> list[str]:
  """Splits a text where the separator is outside of quotes and brackets; strips the parts.

  Raises:
    UsageError: A quote or bracket is left open, or a bracket closes that is not open.
  """
  parts, open_brackets, quote = [''], [], ''
  for letter in text:
    if quote:
      quote = '' if letter == quote else quote
    elif letter in '\'"':
      quote = letter
    elif letter in _OPENING:
      open_brackets.append(letter)
    elif letter in _OPENING.values():
      if not open_brackets or _OPENING[open_brackets.pop()] != letter:
        raise UsageError(f'--sweep: {text.strip()}: {letter} closes nothing that is open')
    if letter == separator and not quote and not open_brackets:
      parts.append('')
    else:
      parts[-1] += letter
  if quote or open_brackets:
    raise UsageError(f'--sweep: {text.strip()}: {quote or open_brackets[-1]} is never closed')
  return [part.strip() for part in parts]
