"""Tunes in a folder, or in the corpus that the package music21 brings.

melodies, left_out = read_folder('/data/songs')
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
import importlib.util
import os

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.music.abc_notation import read_abc, tunes_of
from tfgan_pipeline.data.music.melody import Melody, Unreadable
from tfgan_pipeline.data.music.musicxml import read_musicxml
from tfgan_pipeline.errors import UsageError

EXTENSIONS = ('.abc', '.xml', '.musicxml', '.mxl')
# Folders of the corpus of music21.
CORPORA = {
  'folk': ('airdsAirs', 'essenFolksong', 'oneills1850', 'ryansMammoth'),
  'chorales': ('bach',),
}


def corpus_folders(corpus: str) -> list[str]:
  """Returns the folders of a collection in CORPORA, without importing music21.

  Raises:
    UsageError: The package is not installed, or its corpus is not there.
  """
  spec = importlib.util.find_spec('music21')
  roots = list(spec.submodule_search_locations or ()) if spec else []
  folders = [os.path.join(root, 'corpus', name) for root in roots for name in CORPORA[corpus]]
  folders = [folder for folder in folders if os.path.isdir(folder)]
  if not folders:
    raise UsageError(
      "dataset 'tunes' without a folder needs the extra music: pip install music21, on Python 3.11 "
      'or later; or name a folder of tunes: tunes(/data/songs)'
    )
  return folders


def read_folders(folders: Sequence[str]) -> tuple[list[Melody], collections.Counter[str]]:
  """Reads the tunes in folders and all that is in them; folders may be gs://.

  Returns:
    The melodies that can be read, by path and place in the file, and how many tunes were left out
    for which reason.
  """
  melodies: list[Melody] = []
  left_out: collections.Counter[str] = collections.Counter()
  for path in sorted(path for folder in folders for path in _files(folder)):
    with tf.io.gfile.GFile(path, 'rb') as file:
      content = file.read()
    is_abc = path.lower().endswith('.abc')
    for tune in tunes_of(content.decode('utf-8', 'replace')) if is_abc else [content]:
      try:
        name = os.path.basename(path)
        melody = read_abc(tune) if isinstance(tune, str) else read_musicxml(name, tune)
        if melody.passages():
          melodies.append(melody)
        else:
          left_out['no whole bar'] += 1
      except Unreadable as reason:
        left_out[str(reason)] += 1
  return melodies, left_out


def _files(folder: str) -> Iterator[str]:
  for parent, _, names in tf.io.gfile.walk(folder):
    for name in names:
      if name.lower().endswith(EXTENSIONS):
        yield os.path.join(parent, name)
