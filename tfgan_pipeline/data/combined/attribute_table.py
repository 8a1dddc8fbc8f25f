"""Tables of attributes of pictures: CSV files, and text as CelebA's list_attr_celeba.txt.

table = read_table('/data/list_attr_celeba.txt')
table.values('Smiling')               # int32 [N] of 0 and 1
table.rows_of(['img/000001.jpg'])     # int [1]: the row of each picture, -1 for none
"""

from __future__ import annotations

from collections.abc import Sequence
import csv
import dataclasses
import functools
import io
import logging
import sys

import numpy as np

from tfgan_pipeline.data.folders.picture_names import PictureNames
from tfgan_pipeline.errors import UsageError, did_you_mean, is_there_another, listed
from tfgan_pipeline.runs import files

_log = logging.getLogger(__name__)
# What stands for absent and present; pandas writes numbers with a point where some are missing.
_MEANINGS = {
  **dict.fromkeys(('0', '-1', '0.0', '-1.0', 'false'), 0),
  **dict.fromkeys(('1', '1.0', '+1', 'true'), 1),
}


@dataclasses.dataclass(frozen=True)
class AttributeTable:
  """Rows of a table, each about one picture.

  Attributes:
    path: Path of the file, for messages.
    header: Names of the columns.
    rows: N rows, as texts.
  """

  path: str
  header: tuple[str, ...]
  rows: Sequence[Sequence[str]]
  _read: dict[int, np.ndarray | str] = dataclasses.field(default_factory=dict, compare=False)

  @functools.cached_property
  def binary(self) -> tuple[str, ...]:
    """Names of the columns that hold two values alone: 0 and 1, -1 and 1, or false and true."""
    return tuple(
      name
      for place, name in enumerate(self.header)
      if name and not isinstance(self._column(place), str)
    )

  def warn_of_errors(self) -> None:
    """Warns of columns that are not binary for the sake of a few of their rows."""
    for place, name in enumerate(self.header):
      problem = self._column(place)
      usual = sum(row[place].lower() in _MEANINGS for row in self.rows)
      if isinstance(problem, str) and usual > len(self.rows) / 2:
        _log.warning('%s: without the column %s, which %s', self.path, name, problem)

  def values(self, name: str) -> np.ndarray:
    """Returns a column as int32 [N] of 0 and 1.

    Raises:
      UsageError: There is no such column, or more than one, or it holds other values.
    """
    count = self.header.count(name)
    if count != 1:
      known = self.binary or self.header
      problem = f'names {count} columns' if count else f'is no column{did_you_mean(name, known)}'
      raise UsageError(f'{self.path}: {name} {problem}; there are {listed(known)}')
    column = self._column(self.header.index(name))
    if isinstance(column, str):
      raise UsageError(f'{self.path}: {name} {column}; an attribute is 0 or 1, or -1 or 1')
    return column

  def _column(self, place: int) -> np.ndarray | str:
    """Returns a column as int32 [N] of 0 and 1, or what is wrong with it; reads it once."""
    if place not in self._read:
      self._read[place] = _meaning([row[place].lower() for row in self.rows], self.rows)
    return self._read[place]

  def rows_of(self, names: Sequence[str]) -> np.ndarray:
    """Returns the row of each picture, int [n]; -1 for none.

    A row names a picture by its path or the end of it, with or without extension, in the first
    column that does so.

    Args:
      names: Paths of pictures.

    Raises:
      UsageError: No row names a picture, a row may mean several pictures, or rows of one picture
        differ.
    """
    pictures = PictureNames(names)
    for column in range(len(self.header)):
      found = [pictures.find(row[column]) for row in self.rows]
      if any(found):
        return self._unique_rows(names, found, column)
    raise UsageError(
      f'{self.path}: no row names a picture: the first one is {",".join(self.rows[0])[:60]}, and '
      f'a picture is {names[0]}'
    )

  def _unique_rows(
    self, names: Sequence[str], found: Sequence[set[int]], column: int
  ) -> np.ndarray:
    rows = np.full(len(names), -1)
    for number, members in enumerate(found):
      if len(members) > 1:
        both = ' or '.join(sorted(names[place] for place in members)[:2])
        raise UsageError(
          f'{self.path}: {self.rows[number][column]} may be {both}; write the folder, or the '
          'extension, in the table'
        )
      for place in members:
        if rows[place] >= 0 and self.rows[rows[place]] != self.rows[number]:
          raise UsageError(f'{self.path}: two rows for {names[place]} differ; delete one of them')
        rows[place] = number
    lost = [row[column] for row, members in zip(self.rows, found) if not members]
    if lost:
      _log.info(
        '%s: %d of %d rows are of no picture, such as %s',
        *(self.path, len(lost), len(self.rows), lost[0]),
      )
    return rows


def _meaning(texts: Sequence[str], rows: Sequence[Sequence[str]]) -> np.ndarray | str:
  """Returns the texts of a column as int32 [N] of 0 and 1, or what is wrong with them."""
  found = set(texts)
  strange = found - set(_MEANINGS)
  if strange:
    text, row = next((text, row) for text, row in zip(texts, rows) if text in strange)
    return f'is {text!r} in the row {",".join(row)[:60]}'
  if len({float(text) for text in found - {'true', 'false'}}) > 2:
    return 'has the values -1, 0 and 1, which are not two'
  return np.array([_MEANINGS[text] for text in texts], np.int32)


def read_table(path: str) -> AttributeTable:
  """Reads a table of commas, semicolons, tabs or spaces, whose first line names the columns.

  A line with the number of rows may come first, and the name of the column of pictures may be
  missing, as in CelebA's list_attr_celeba.txt.

  Args:
    path: Path of the file; may be gs://.

  Raises:
    UsageError: There is no such file, no header or no row, or a row of another length.
  """
  if not files.exists(path):
    raise UsageError(f'{path}: there is no such file{is_there_another(path)}')
  if files.is_folder(path):
    raise UsageError(f'{path}: is a folder; name the table in it')
  try:
    lines = _lines(_decoded(files.read_bytes(path)))
  except csv.Error as error:
    raise UsageError(f'{path}: is no table ({error})') from None
  announced = int(lines.pop(0)[0]) if lines and len(lines[0]) == 1 and lines[0][0].isdigit() else 0
  if len(lines) < 2:
    raise UsageError(f'{path}: has no rows below a line with the names of columns')
  header, *rows = lines
  if len(rows[0]) == len(header) + 1:
    header = ['', *header]
  if all(value.lower() in _MEANINGS for value in header[1:]):
    raise UsageError(
      f'{path}: the first line should name the columns, and is {",".join(header)[:60]}'
    )
  wrong = [row for row in rows if len(row) != len(header)]
  if wrong:
    raise UsageError(
      f'{path}: {len(wrong):,} of {len(rows):,} rows have more or fewer than the {len(header)} '
      f'columns of the header: the row {",".join(wrong[0])[:60]} has {len(wrong[0])}'
    )
  if announced and announced != len(rows):
    _log.warning(
      '%s: says that it has %d rows, and has %d; it may be cut off', path, announced, len(rows)
    )
  return AttributeTable(path, tuple(header), rows)


def _decoded(content: bytes) -> str:
  """Returns the text of a file in UTF-8 or UTF-16, with or without a mark, or in Latin-1."""
  if content.startswith((b'\xff\xfe', b'\xfe\xff')):  # As spreadsheets write "Unicode text".
    return content.decode('utf-16', 'replace')
  try:
    return content.decode('utf-8-sig')
  except UnicodeDecodeError:
    return content.decode('latin-1')


def _lines(text: str) -> list[list[str]]:
  """Returns the fields of all lines that are not empty, without spaces around them."""
  text = text.lstrip()
  start = '\n'.join(text.split('\n', 2)[:2])  # The header, perhaps below the number of rows.
  delimiter = next((sign for sign in ',;\t' if sign in start), ' ')
  stream = io.StringIO(text, newline=None)
  source = (line.strip() for line in stream) if delimiter == ' ' else stream
  read = csv.reader(source, delimiter=delimiter, skipinitialspace=True)
  # Equal texts are one text, as there may be millions of them.
  lines = [[sys.intern(field.strip()) for field in line] for line in read]
  lines = [line for line in lines if any(line)]
  # A spreadsheet's own way to say what separates columns.
  return lines[1:] if lines and lines[0][0].lower().startswith('sep=') else lines
