"""Files of tunes for tests."""

from __future__ import annotations

import pathlib
import random

_NOTES = ['C', 'D', 'E', 'F', 'G', 'A', 'B', 'c', 'd', 'e', "c'", 'z']


def abc(*lines: str, metre: str = '4/4', key: str = 'C', unit: str = '1/8', number: int = 1) -> str:
  """Returns a tune in ABC."""
  head = [f'X:{number}', f'T:Tune {number}', f'M:{metre}', f'L:{unit}', f'K:{key}']
  return '\n'.join([*head, *lines]) + '\n'


def write_tunes(folder: pathlib.Path, count: int = 20, bars: int = 9) -> pathlib.Path:
  """Writes a file of tunes of random eighths, quarters and rests; returns the folder."""
  chance = random.Random(0)
  folder.mkdir(parents=True, exist_ok=True)
  texts = []
  for number in range(1, count + 1):
    lines = []
    for _ in range(bars):
      lengths = [chance.choice([1, 2]) for _ in range(8)]
      while sum(lengths) > 8:
        lengths.pop()
      lengths[-1] += 8 - sum(lengths)
      lines.append(''.join(f'{chance.choice(_NOTES)}{length}' for length in lengths) + ' |')
    texts.append(abc(*lines, number=number, key=chance.choice(['C', 'G', 'Dm'])))
  (folder / 'tunes.abc').write_text('\n'.join(texts))
  return folder


_XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "partwise.dtd">
<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">{measures}</part>
<part id="P2"><measure number="1"/></part></score-partwise>"""


def musicxml(*measures: str, divisions: int = 4, fifths: int = 0, beats: str = '4') -> str:
  """Returns a score of one part; the first measure gets the attributes."""
  attributes = (
    f'<attributes><divisions>{divisions}</divisions><key><fifths>{fifths}</fifths></key>'
    f'<time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>'
  )
  first, *others = measures
  bars = [attributes + first, *others]
  return _XML.format(measures=''.join(f'<measure>{bar}</measure>' for bar in bars))


def note(step: str, octave: int, duration: int, more: str = '', alter: int = 0) -> str:
  """Returns a note of MusicXML; step 'R' is a rest."""
  pitch = f'<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>'
  return f'<note>{"<rest/>" if step == "R" else pitch}<duration>{duration}</duration>{more}</note>'
