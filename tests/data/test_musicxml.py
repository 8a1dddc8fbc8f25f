"""Melodies in MusicXML, packed and not."""

import io
import zipfile

import pytest

from tests.data.tune_files import musicxml, note
from tfgan_pipeline.data.music.melody import Unreadable
from tfgan_pipeline.data.music.musicxml import read_musicxml

_CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def bars_of(*measures: str, **attributes) -> list:
  return read_musicxml('a.xml', musicxml(*measures, **attributes).encode()).bars


def packed(text: str, name: str = 'score.xml') -> bytes:
  stream = io.BytesIO()
  with zipfile.ZipFile(stream, 'w') as archive:
    archive.writestr('META-INF/container.xml', _CONTAINER.format(name))
    archive.writestr('score.xml', text)
  return stream.getvalue()


def test_the_first_voice_of_the_first_part():
  voice = '<voice>{}</voice>'.format
  chord = note('G', 5, 8).replace('<note>', '<note><chord/>')
  grace = '<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>'
  first = note('C', 4, 8, voice(1)) + chord + grace + note('F', 4, 8, voice(1), alter=1)
  second = '<backup><duration>16</duration></backup>' + note('C', 3, 16, voice(2))
  assert bars_of(first + second, note('R', 0, 16, voice(1))) == [
    [(60, 8), (66, 8)],
    [(None, 16)],
  ]


def test_key_tempo_and_divisions():
  text = musicxml('<sound tempo="84"/>' + note('B', 4, 4, alter=-1), divisions=1, fifths=-2)
  for content in (text.encode(), packed(text)):
    melody = read_musicxml('a.mxl', content)
    assert (melody.key, melody.tempo, melody.bars) == (-2, 84, [[(70, 16)]])


def test_the_last_ending():
  ending = '<barline><ending number="{}" type="start"/></barline>'.format
  bars = bars_of(
    *(note(step, 4, 16) for step in 'C'), ending(1) + note('D', 4, 16), ending(2) + note('E', 4, 16)
  )
  assert bars == [[(60, 16)], [(64, 16)]]


@pytest.mark.parametrize(
  'content, reason',
  [
    (musicxml(note('C', 4, 12), beats='3'), 'other metres'),
    (musicxml(note('C', 4, 4, '<time-modification/>')), 'triplets'),
    (musicxml(note('C', 4, 1), divisions=8), 'shorter than a sixteenth'),
    (
      musicxml(note('C', 4, 16), '<attributes><key><fifths>1</fifths></key></attributes>'),
      'changes of key',
    ),
    (
      musicxml(note('C', 4, 16), '<attributes><time><beats>3</beats></time></attributes>'),
      'changes of metre',
    ),
    (musicxml(''), 'no notes'),
    (musicxml(note('H', 4, 16)), 'no MusicXML'),
    (musicxml(note('C', 4, 16), divisions=0), 'no MusicXML'),
    ('<opus/>', 'no MusicXML'),
    ('no XML', 'no MusicXML'),
    (packed('<a/>', 'other.xml'), 'no MusicXML'),
    (b'PK damaged', 'no MusicXML'),
  ],
)
def test_what_is_left_out(content, reason):
  with pytest.raises(Unreadable, match=reason):
    read_musicxml('a.xml', content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
  'content',
  [
    b'<?xml version="1.0" encoding="foo"?><score-partwise/>',
    packed(musicxml(note('C', 4, 16)))[:-60] + b'0' * 60,
    packed(musicxml(note('C', 4, 16)), 'other.xml'),
  ],
)
def test_what_is_damaged_is_left_out(content):
  with pytest.raises(Unreadable, match='files that are no MusicXML'):
    read_musicxml('a.mxl', content)


@pytest.mark.parametrize('tempo', ['fast', 'nan', 'inf'])
def test_a_tempo_that_is_no_number_is_not_told(tempo):
  text = musicxml(f'<sound tempo="{tempo}"/>' + note('C', 4, 16))
  assert read_musicxml('a.xml', text.encode()).tempo == 0
