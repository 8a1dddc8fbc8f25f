"""Captions of pictures in a folder, in whichever of the usual forms they lie there.

    found = read_captions('/flickr', names)
    found.of         # {'images/1.jpg': ['a dog runs', 'a brown dog'], ...}
    found.form       # 'captions.txt, columns image and caption'

Forms, of which the first that is there counts: metadata.csv or .jsonl of Hugging Face's image
folders, captions_*.json of COCO, captions.txt, .csv or .tsv with a row for each caption, and a .txt
file beside each picture with a caption a line.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Sequence
import csv
import io
import json
import os
import posixpath
from typing import Any, NamedTuple

from tfgan_pipeline.data.captions.vocabulary import words_of
from tfgan_pipeline.data.folders.find_files import EXTENSIONS
from tfgan_pipeline.data.folders.picture_names import PictureNames
from tfgan_pipeline.errors import UsageError, is_there_another, listed
from tfgan_pipeline.runs import files

_PICTURE = ('file_name', 'filename', 'image', 'image_name', 'image_id', 'file', 'path', 'name')
_TEXT = ('text', 'caption', 'captions', 'comment', 'description', 'sentence', 'title', 'prompt')
_TABLES = ('.csv', '.tsv', '.txt', '.token')

Rows = list[tuple[str, str]]  # Names of pictures, and a caption of each.


class FoundCaptions(NamedTuple):
  """Captions that were found.

  Attributes:
    of: Captions by the path of their picture, those without a word left out.
    form: What was read, for a message.
  """

  of: dict[str, list[str]]
  form: str


def read_captions(
  root: str, names: Sequence[str], every: Sequence[str], file: str = ''
) -> FoundCaptions:
  """Reads the captions of pictures.

  Args:
    root: Folder of the pictures; may be gs://.
    names: Paths of the pictures, relative to `root`.
    every: Paths of all files below `root`.
    file: Path of the file of captions, relative to `root` or absolute; '' to look for one.

  Raises:
    UsageError: There are no captions, a file cannot be read, or it names none of the pictures.
  """
  sources = [file] if file else _sources(every)
  if not sources:
    return _beside(root, names, set(every))
  known, captions = PictureNames(names), collections.defaultdict(list)
  forms, lost = [], []
  for source in sources:
    form, rows = _read(root, source)
    forms.append(form)
    folder = posixpath.dirname(source.replace(os.sep, '/')) if not _is_whole(source) else ''
    for name, text in rows:
      # Beside the table first: HF's tables of two splits may name equal files.
      places = known.find(posixpath.join(folder, name)) if folder else known.find(name)
      if folder and any(one.startswith(f'{folder}/') for one in names):
        places = [place for place in places if names[place].startswith(f'{folder}/')]
      if len(places) > 1:
        both = ' or '.join(sorted(names[place] for place in places)[:2])
        raise UsageError(f'{source}: {name} may be {both}; write the folder in the table')
      if not places:
        lost.append(name)
      elif words_of(text):
        captions[names[min(places)]].append(text)
  if not captions:
    example = f'the first one is {lost[0]}' if lost else 'it has no captions'
    raise UsageError(f'{listed(sources, 3)}: names no picture of {root}: {example}')
  form = listed(forms, 3)
  if lost:
    form += f' ({len(lost)} rows are of no picture, such as {lost[0]})'
  return FoundCaptions(dict(captions), form)


def _is_whole(path: str) -> bool:
  return '://' in path or os.path.isabs(path)


def _sources(every: Sequence[str]) -> list[str]:
  """Returns the files of captions among all files, all of one form; [] for none."""
  by_name: dict[str, list[str]] = collections.defaultdict(list)
  for path in every:
    name = os.path.basename(path).lower()
    stem, extension = os.path.splitext(name)
    if stem == 'metadata' and extension in ('.csv', '.jsonl'):
      by_name['metadata'].append(path)
    elif stem.startswith('captions_') and extension == '.json' or name == 'captions.json':
      by_name['coco'].append(path)
    elif stem in ('captions', 'results', 'results_20130124') and extension in _TABLES:
      by_name['table'].append(path)
  return next((by_name[kind] for kind in ('metadata', 'coco', 'table') if kind in by_name), [])


def _read(root: str, source: str) -> tuple[str, Rows]:
  """Returns the form and the rows of a file of captions."""
  path = files.below(root, source)
  if not files.exists(path):
    raise UsageError(f'captions={source}: there is no such file{is_there_another(path)}')
  if files.is_folder(path):
    raise UsageError(f'captions={source}: is a folder; name the file in it')
  content = files.read_bytes(path).decode('utf-8-sig', 'replace')
  extension = os.path.splitext(source)[1].lower()
  readers: dict[str, Callable[[str, str], tuple[str, Rows]]] = {'.json': _coco, '.jsonl': _lines}
  return readers.get(extension, _table)(source, content)


def _beside(root: str, names: Sequence[str], every: set[str]) -> FoundCaptions:
  """Reads the .txt file beside each picture."""
  captions = {}
  for name in names:
    text = f'{os.path.splitext(name)[0]}.txt'
    if text in every:
      content = files.read_bytes(os.path.join(root, text)).decode('utf-8-sig', 'replace')
      lines = [line.strip() for line in content.splitlines() if words_of(line)]
      if lines:
        captions[name] = lines
  if not captions:
    raise UsageError(
      f'{root}: has no captions: neither a .txt file beside a picture, nor captions.txt or .csv, '
      'metadata.csv or .jsonl, nor captions_*.json of COCO; captions=FILE names another'
    )
  return FoundCaptions(captions, 'a .txt file beside each picture')


def _coco(source: str, content: str) -> tuple[str, Rows]:
  try:
    values = json.loads(content)
    names = {image['id']: image['file_name'] for image in values['images']}
    rows = [(names[one['image_id']], str(one['caption'])) for one in values['annotations']]
  except (ValueError, TypeError, LookupError) as error:
    raise UsageError(
      f'{source}: is no file of captions as of COCO, with "images" and "annotations" ({error})'
    ) from None
  return f'{source} in the form of COCO', rows


def _lines(source: str, content: str) -> tuple[str, Rows]:
  rows: Rows = []
  columns = ('', '')
  for number, line in enumerate(filter(str.strip, content.splitlines()), 1):
    try:
      values = json.loads(line)
      columns = _columns(source, list(values))
      rows += [(str(values[columns[0]]), text) for text in _texts(values[columns[1]])]
    except (ValueError, TypeError, LookupError) as error:
      if isinstance(error, UsageError):
        raise
      raise UsageError(f'{source}: line {number} is no JSON of a picture ({error})') from None
  return f'{source}, {columns[0]} and {columns[1]}', rows


def _texts(value: Any) -> Iterator[str]:
  """Yields one caption, or those of a list."""
  for text in value if isinstance(value, list) else [value]:
    if text is not None:
      yield str(text)


def _table(source: str, content: str) -> tuple[str, Rows]:
  """Reads a table of tabs, bars, commas or semicolons, with names of columns or without."""
  first = content.lstrip().split('\n', 1)[0]
  delimiter = next((sign for sign in '\t|,;' if sign in first), None)
  if delimiter is None:
    raise UsageError(
      f'{source}: should be a table of pictures and captions; it begins {first[:60]!r}'
    )
  try:
    lines = [
      [cell.strip() for cell in line]
      for line in csv.reader(
        io.StringIO(content, newline=None),
        delimiter=delimiter,
        skipinitialspace=True,
        # Tabs and bars need no quotes, so that one in a caption is a sign as others.
        quoting=csv.QUOTE_NONE if delimiter in '\t|' else csv.QUOTE_MINIMAL,
      )
      if any(line)
    ]
  except csv.Error as error:
    raise UsageError(f'{source}: is no table ({error})') from None
  if not lines:
    raise UsageError(f'{source}: should be a table of pictures and captions; its rows are empty')
  header = [cell.lower() for cell in lines[0]]
  if _is_picture(header[0]):  # As in Flickr8k.token.txt: 1.jpg#0 and the caption.
    rows = [_row(line, 0, 1, 2, delimiter) for line in lines if len(line) > 1]
    return f'{source}, a picture and a caption a row', rows
  picture, text = _columns(source, header)
  places = header.index(picture), header.index(text)
  width = len(header)
  rows = [_row(line, *places, width, delimiter) for line in lines[1:] if len(line) > max(places)]
  return f'{source}, columns {picture} and {text}', rows


def _row(
  line: Sequence[str], picture: int, text: int, width: int, delimiter: str
) -> tuple[str, str]:
  """Returns the picture and the caption of a row; commas in a last column need no quotes."""
  caption = f'{delimiter} '.join(line[text:]) if text == width - 1 else line[text]
  return line[picture].split('#')[0], caption


def _is_picture(cell: str) -> bool:
  return cell.split('#')[0].lower().endswith(EXTENSIONS)


def _columns(source: str, header: Sequence[str]) -> tuple[str, str]:
  """Returns the names of the columns of pictures and of captions."""
  picture = next((name for name in _PICTURE if name in header), None)
  text = next((name for name in _TEXT if name in header), None)
  if picture is None or text is None:
    lacking = ('pictures', _PICTURE) if picture is None else ('captions', _TEXT)
    raise UsageError(
      f'{source}: has no column of {lacking[0]}, such as {listed(lacking[1], 4)}; there are '
      f'{listed(header)}'
    )
  return picture, text
