"""CSV files of measurements: a header, and rows that are found again by their first columns.

    update('docs/data/presets.csv', COLUMNS, [{'preset': 'mnist_dcgan', 'fid': 2.34}])

docs/render.py renders them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import csv
import pathlib

DATA = pathlib.Path(__file__).parents[2] / 'docs/data'


def read(path: str | pathlib.Path) -> list[dict[str, str]]:
  """Lists the rows of a file; none where there is no file."""
  if not pathlib.Path(path).exists():
    return []
  with open(path, newline='') as file:
    return list(csv.DictReader(file))


def update(
  path: str | pathlib.Path,
  columns: Sequence[str],
  rows: Sequence[Mapping[str, object]],
  keys: int = 1,
) -> None:
  """Puts rows in the place of those with equal keys, appends new ones, and keeps all others.

  Args:
    path: The file, which need not exist yet.
    columns: Its header.
    rows: A cell for each column; None is an empty one.
    keys: How many of the first columns say which rows are replaced.

  Raises:
    ValueError: A row, or the file that is there, has other columns.
  """
  before = read(path)
  for row in (*before[:1], *rows):
    if set(row) != set(columns):
      raise ValueError(f'{path}: has columns {sorted(set(row) ^ set(columns))}, or lacks them')
  groups: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
  for some in (before, rows):
    found: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for row in some:
      found.setdefault(tuple(str(row[name]) for name in columns[:keys]), []).append(row)
    groups.update(found)
  first = list(dict.fromkeys(key[0] for key in groups))
  with open(path, 'w', newline='') as file:
    writer = csv.DictWriter(file, columns, lineterminator='\n')
    writer.writeheader()
    for key in sorted(groups, key=lambda key: first.index(key[0])):
      writer.writerows(groups[key])
