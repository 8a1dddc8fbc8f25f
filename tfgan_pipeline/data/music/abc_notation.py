"""Reader of tunes in ABC notation, version 2.1 (abcnotation.com/wiki/abc:standard:v2.1).

    for text in tunes_of(content):
      melody = read_abc(text)

One voice is read: of notes that sound together the highest; repeats are played once, with the last
of several endings; grace notes, decorations and names of chords are passed over.
"""

from __future__ import annotations

import dataclasses
import re

from tfgan_pipeline.data.music.melody import Melody, Note, Unreadable

_TICKS = 384  # In a sixteenth: divides by 2 seven times.
_FIELD = re.compile(r'^([A-Za-z+]):\s*(.*)$')
_SEMITONES: dict[str, int] = {'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}
_SHARPS = 'FCGDAEB'  # In the order in which signatures have them.
_FIFTHS: dict[str, int] = {
  note: place - 1 for place, note in enumerate(_SHARPS)
}  # Sharps of the major key on each note.
_MODES = {
  **{'': 0, 'maj': 0, 'ion': 0, 'mix': -1, 'dor': -2, 'm': -3, 'min': -3},
  **{'aeo': -3, 'phr': -4, 'loc': -5, 'lyd': 1},
}
_SHIFTS = {'': None, '^': 1, '^^': 2, '_': -1, '__': -2, '=': 0}
_NOTE = re.compile(
  r"(?P<accidental>\^{1,2}|_{1,2}|=)?(?P<letter>[A-Ga-gzxZ])(?P<octave>[,']*)"
  r'(?P<length>\d*(?:/\d*)*)'
)
_TOKEN = re.compile(
  r"""(?P<tuplet>\(\d)
  | (?P<field>\[(?P<name>[A-Za-z]):(?P<value>[^\]]*)\])
  | \[(?P<chord>[^\]\[|:"]*[A-Ga-gzx][^\]\[|:"]*)\](?P<times>\d*(?:/\d*)*)
  | (?P<ending>(?:[:|]+\s*)?\[(?P<number>\d)[\d,.-]* | [:|]*\|[:|]*\s?(?P<bare>\d)[\d,.-]*)
  | (?P<bar>\[?\|[:|\]]* | :+[|\]]*[:|\]]*)
  | (?P<note>(?:\^{1,2}|_{1,2}|=)?[A-Ga-gzxZ][,']*\d*(?:/\d*)*)
  | (?P<broken>>+|<+)
  | (?P<passed>"[^"]*" | ![^!\n]*! | \+[^+\n]*\+ | \{[^}]*\} | [\s`\\()~.$*;!H-Wh-wy-])""",
  re.VERBOSE,
)


def tunes_of(content: str) -> list[str]:
  """Returns the text of each tune of a file, from its X: to the next."""
  starts = [match.start() for match in re.finditer(r'^X:', content, re.MULTILINE)]
  return [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)])]


def read_abc(text: str) -> Melody:
  """Reads a tune in 4/4 or 2/2.

  Args:
    text: One tune, from X: on.

  Raises:
    Unreadable: The tune is in another metre, changes it, has triplets, several voices, notes
      shorter than a sixteenth, or signs that are no ABC.
  """
  header, body = _split(text)
  if _metre(header.get('M', '')) not in ('4/4', '2/2'):
    raise Unreadable('other metres')
  if 'K' not in header:
    raise Unreadable('no key')
  reader = _Reader(key=_key(header['K']), unit=_unit(header.get('L', '1/8')))
  for line in body:
    field = _FIELD.match(line)
    if field:
      reader.field(*field.groups())
    else:
      reader.music(line)
  reader.end_bar()
  if not any(reader.bars):
    raise Unreadable('no notes')
  tempo = _tempo(header.get('Q', ''), reader.unit)
  return Melody(header.get('T', ''), reader.first_key, reader.bars, tempo)


def _split(text: str) -> tuple[dict[str, str], list[str]]:
  """Returns the fields of a tune's header, which K: ends, and the lines behind it."""
  lines = [line.split('%')[0].rstrip() for line in text.splitlines()]
  header: dict[str, str] = {}
  for place, line in enumerate(lines):
    field = _FIELD.match(line)
    if field:
      header.setdefault(*field.groups())
      if field[1] == 'K':
        return header, lines[place + 1 :]
  return header, []


def _metre(value: str) -> str:
  value = value.strip()
  return {'C': '4/4', 'C|': '2/2'}.get(value, value)


def _unit(value: str) -> int:
  """Returns the ticks of a note without a length, of a field such as L:1/8."""
  match = re.fullmatch(r'\s*(\d+)/(\d+)\s*', value)
  if not match or not int(match[2]):
    raise Unreadable('lengths that are no ABC')
  return 16 * _TICKS * int(match[1]) // int(match[2])


def _tempo(value: str, unit: int) -> float:
  """Returns quarter notes a minute of a field such as Q:1/4=120 or Q:120; 0 if it has none."""
  match = re.search(r'(?:(\d+)/(\d+)\s*=\s*)?(\d+)\s*(?:"|$)', value.strip())
  if not match:
    return 0.0
  beat = 4 * int(match[1]) / max(1, int(match[2])) if match[1] else unit / (4 * _TICKS)
  return beat * int(match[3])


def _key(value: str) -> int:
  """Returns the sharps of a key such as G, Bbmaj or 'A dorian'; flats are negative."""
  if value.strip()[:2] in ('HP', 'Hp'):
    return 2  # Of the great highland bagpipe.
  if value.strip() in ('', 'none'):
    return 0
  match = re.match(r'\s*([A-G])([#b]?)\s*([A-Za-z]*)', value)
  mode = match[3].lower()[:3] if match and '=' not in value else ''
  if not match or (mode[:1] != 'm' and mode not in _MODES and mode not in ('exp', 'cle', 'tre')):
    raise Unreadable('keys that are no ABC')
  sharps = _FIFTHS[match[1]] + 7 * {'#': 1, 'b': -1, '': 0}[match[2]] + _MODES.get(mode, 0)
  if not -7 <= sharps <= 7:
    raise Unreadable('keys that are no ABC')
  return sharps


@dataclasses.dataclass
class _Reader:
  """Reads lines of music one after the other."""

  key: int
  unit: int

  def __post_init__(self) -> None:
    self.first_key = self.key
    self.bars: list[list[Note]] = []
    self._bar: list[tuple[int | None, int]] = []  # Pitches and ticks.
    self._accidentals: dict[str, int] = {}
    self._next_factor = (1, 1)
    self._first_ending: int | None = None  # Number of bars before it.

  def field(self, name: str, value: str) -> None:
    """Reads a field between or within lines of music."""
    if name == 'K' and _key(value) != self.key:
      raise Unreadable('changes of key')
    if name == 'L':
      self.unit = _unit(value)
    if name == 'M' and _metre(value) not in ('4/4', '2/2'):
      raise Unreadable('changes of metre')
    if name == 'V' and self.bars and not value.strip().startswith('1'):
      raise Unreadable('several voices')

  def music(self, line: str) -> None:
    """Reads a line of notes, bar lines and signs."""
    place = 0
    while place < len(line):
      token = _TOKEN.match(line, place)
      if not token:
        raise Unreadable('signs that are no ABC')
      place = token.end()
      if token['tuplet']:
        raise Unreadable('triplets')
      if token['field']:
        self.field(token['name'], token['value'])
      elif token['chord']:
        self._chord(token['chord'], token['times'])
      elif token['ending']:
        self._ending(int(token['number'] or token['bare']))
      elif token['bar']:
        self.end_bar()
      elif token['note']:
        self._note(token['note'])
      elif token['broken']:
        self._broken(token['broken'])

  def _ending(self, number: int) -> None:
    """Begins an ending; the one before it is taken back."""
    self.end_bar()
    if number > 1 and self._first_ending is not None:
      del self.bars[self._first_ending :]
    if number == 1:
      self._first_ending = len(self.bars)

  def _chord(self, text: str, times: str) -> None:
    signs = list(_NOTE.finditer(re.sub('![^!]*!', '', text)))  # Decorations are no notes.
    if not signs:
      raise Unreadable('signs that are no ABC')
    notes = [match for match in signs if match['letter'] not in 'zxZ']
    pitches = [self._pitch(note) for note in notes]
    numerator, denominator = _ratio((notes or signs)[0]['length'])
    more, less = _ratio(times)
    self._append(max(pitches, default=None), numerator * more, denominator * less)

  def _note(self, text: str) -> None:
    note = _NOTE.fullmatch(text)
    assert note
    numerator, denominator = _ratio(note['length'])
    if note['letter'] == 'Z':  # Whole bars.
      for _ in range(numerator):
        self.end_bar()
        self.bars.append([(None, 16)])
      return
    pitch = None if note['letter'] in 'zx' else self._pitch(note)
    self._append(pitch, numerator, denominator)

  def _pitch(self, note: re.Match[str]) -> int:
    letter = note['letter'].upper()
    shift = _SHIFTS[note['accidental'] or '']
    if shift is not None:
      self._accidentals[letter] = shift
    octave = note['octave'].count("'") - note['octave'].count(',') + note['letter'].islower()
    own = self._accidentals.get(letter, self._signature(letter))
    return 60 + 12 * octave + _SEMITONES[letter] + own

  def _signature(self, letter: str) -> int:
    place = _SHARPS.index(letter)
    return int(place < self.key) - int(6 - place < -self.key)

  def _append(self, pitch: int | None, numerator: int, denominator: int) -> None:
    more, less = self._next_factor
    self._next_factor = (1, 1)
    ticks, rest = divmod(self.unit * numerator * more, denominator * less)
    if rest:
      raise Unreadable('notes shorter than a sixteenth')
    self._bar.append((pitch, ticks))

  def _broken(self, signs: str) -> None:
    """Makes the note before longer and the next one shorter, or the other way round."""
    if not self._bar:
      raise Unreadable('signs that are no ABC')
    pitch, ticks = self._bar[-1]
    part = 2 ** len(signs)
    long, short = (2 * part - 1, part), (1, part)
    first, self._next_factor = (long, short) if signs[0] == '>' else (short, long)
    self._bar[-1] = pitch, ticks * first[0] // first[1]

  def end_bar(self) -> None:
    """Ends a bar, at which accidentals end too."""
    self._accidentals = {}
    bar, self._bar = self._bar, []
    if any(ticks % _TICKS for _, ticks in bar):
      raise Unreadable('notes shorter than a sixteenth')
    if bar:
      self.bars.append([(pitch, ticks // _TICKS) for pitch, ticks in bar])


def _ratio(length: str) -> tuple[int, int]:
  """Returns a length such as 3/2, /, // or 4 as numerator and denominator."""
  whole, *parts = length.split('/')
  denominator = 1
  for part in parts:
    denominator *= int(part or 2)
  if not denominator:
    raise Unreadable('lengths that are no ABC')
  return int(whole or 1), denominator
