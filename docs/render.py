"""Puts measured tables and the drawing of the package into README and the pages of docs/.

    python docs/render.py            # after a command has written a CSV, or a room has moved
    python docs/render.py --check    # exit code 1, and the pages that are stale

It stands in a page between the lines <!-- NAME.csv --> or <!-- rooms --> and <!-- end -->.
"""

from __future__ import annotations

import pathlib
import re
import sys

import layout
import tables

DOCS = pathlib.Path(__file__).parent
PART = re.compile(r'(<!-- (rooms|[\w.]+\.csv(?:, \w+)?) -->\n).*?(<!-- end -->)', re.DOTALL)


def rendered(page: str) -> str:
  """Returns the text of a page with its tables and drawings made anew."""

  def replace(match: re.Match[str]) -> str:
    made = layout.rooms_page() if match[2] == 'rooms' else tables.table(match[2])
    return f'{match[1]}\n{made}\n\n{match[3]}'

  return PART.sub(replace, page)


def main(*arguments: str) -> int:
  """Renders all pages, or checks them; returns the exit code."""
  stale = False
  for path in (DOCS.parent / 'README.md', *sorted(DOCS.glob('*.md'))):
    before = path.read_text()
    after = rendered(before)
    if before == after:
      continue
    if arguments == ('--check',):
      stale = True
      print(f'{path.name}: what it shows is out of date: python docs/render.py')
    else:
      path.write_text(after)
  return int(stale)


if __name__ == '__main__':
  sys.exit(main(*sys.argv[1:]))
