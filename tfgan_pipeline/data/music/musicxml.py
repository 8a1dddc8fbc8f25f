"""Reader of MusicXML (.xml, .musicxml, and .mxl, which is a ZIP archive): the melody of a score.

melody = read_musicxml('song.mxl', content)

The melody is the first voice of the first part; of notes that sound together the first one written.
Repeats are played once, with the last of several endings; grace notes are passed over.
"""

from __future__ import annotations

import io
import math
from xml.etree import ElementTree
import zipfile
import zlib

from tfgan_pipeline.data.music.melody import Melody, Note, Unreadable

_SEMITONES: dict[str, int] = {'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}
# What archives and XML that are damaged raise, LookupError for an encoding that there is not.
_DAMAGE = (
  *(ElementTree.ParseError, zipfile.BadZipFile, zlib.error, EOFError),
  *(LookupError, ValueError, RuntimeError, NotImplementedError),
)


def read_musicxml(name: str, content: bytes) -> Melody:
  """Reads a score in 4/4 or 2/2.

  Args:
    name: Name of the file, for people.
    content: Content of the file.

  Raises:
    Unreadable: The content is no MusicXML in bars, or the melody is in another metre, changes it,
      has triplets, or notes shorter than a sixteenth.
  """
  try:
    score = ElementTree.fromstring(_unpacked(content))
  except _DAMAGE:
    raise Unreadable('files that are no MusicXML') from None
  part = score.find('part') if score.tag == 'score-partwise' else None
  if part is None:
    raise Unreadable('files that are no MusicXML')
  reader = _Reader()
  try:
    for measure in part.findall('measure'):
      reader.measure(measure)
  except (ArithmeticError, ValueError, KeyError):  # Numbers and names of notes.
    raise Unreadable('files that are no MusicXML') from None
  if not any(reader.bars):
    raise Unreadable('no notes')
  sound = part.find('.//sound[@tempo]')
  return Melody(name, reader.key, reader.bars, _tempo(sound))


def _tempo(sound: ElementTree.Element | None) -> float:
  """Returns quarters a minute, 0 where they are not told as a number."""
  try:
    tempo = float(sound.get('tempo', 0)) if sound is not None else 0.0
  except ValueError:
    return 0.0
  return tempo if math.isfinite(tempo) else 0.0


def _unpacked(content: bytes) -> bytes:
  """Returns the score in an archive, or a content that is no archive as it is."""
  if not content.startswith(b'PK'):
    return content
  with zipfile.ZipFile(io.BytesIO(content)) as archive:
    container = ElementTree.fromstring(archive.read('META-INF/container.xml'))
    file = container.find('.//{*}rootfile')
    if file is None:
      raise ValueError('no rootfile')
    return archive.read(file.get('full-path', ''))


class _Reader:
  """Reads the measures of a part one after the other."""

  def __init__(self) -> None:
    self.key = 0
    self.bars: list[list[Note]] = []
    self._has_key = False
    self._divisions = 1
    self._first_ending: int | None = None
    self._voice: str | None = None

  def measure(self, measure: ElementTree.Element) -> None:
    """Reads the notes of the first voice."""
    for ending in measure.findall('barline/ending'):
      self._ending(ending)
    bar: list[Note] = []
    for element in measure:
      if element.tag == 'attributes':
        self._attributes(element)
      elif element.tag == 'note' and self._is_melody(element):
        bar.append(self._note(element))
    self.bars.append(bar)

  def _ending(self, ending: ElementTree.Element) -> None:
    if ending.get('type') != 'start':
      return
    if ending.get('number', '1').startswith('1'):
      self._first_ending = len(self.bars)
    elif self._first_ending is not None:
      del self.bars[self._first_ending :]

  def _attributes(self, element: ElementTree.Element) -> None:
    self._divisions = int(element.findtext('divisions') or self._divisions)
    beats = element.findtext('time/beats')
    if beats and (beats, element.findtext('time/beat-type')) not in (('4', '4'), ('2', '2')):
      raise Unreadable('changes of metre' if any(self.bars) else 'other metres')
    fifths = element.findtext('key/fifths')
    if fifths:
      if self._has_key and int(fifths) != self.key:
        raise Unreadable('changes of key')
      self.key, self._has_key = int(fifths), True

  def _is_melody(self, note: ElementTree.Element) -> bool:
    if note.find('grace') is not None or note.find('chord') is not None:
      return False
    voice = note.findtext('voice') or '1'
    self._voice = self._voice or voice
    return voice == self._voice

  def _note(self, note: ElementTree.Element) -> Note:
    if note.find('time-modification') is not None:
      raise Unreadable('triplets')
    length, rest = divmod(4 * int(note.findtext('duration') or ''), self._divisions)
    if length < 0:
      raise ValueError(length)
    if rest:
      raise Unreadable('notes shorter than a sixteenth')
    step = note.findtext('pitch/step')
    if step is None:
      return None, length
    octave = int(note.findtext('pitch/octave') or '')
    alter = int(float(note.findtext('pitch/alter') or 0))
    return 12 * (octave + 1) + _SEMITONES[step] + alter, length
