"""Tunes in ABC: what is read, and what is left out for which reason."""

import pytest

from tests.data.tune_files import abc
from tfgan_pipeline.data.music.abc_notation import read_abc, tunes_of
from tfgan_pipeline.data.music.melody import Melody, Unreadable

C, D, E, F, G, A, B = 60, 62, 64, 65, 67, 69, 71


def bars_of(*lines: str, **header: str) -> list:
  return read_abc(abc(*lines, **header)).bars


@pytest.mark.parametrize(
  'line, notes',
  [
    ('C D2 E/ F// G3/2', [(C, 2), (D, 4), (E, 1), None, (G, 3)]),
    ("C, C c c' c,", [(48, 2), (C, 2), (72, 2), (84, 2), (60, 2)]),
    ('^C C =C C _B', [(61, 2), (61, 2), (C, 2), (C, 2), (70, 2)]),
    ('^^F __B z x2', [(67, 2), (69, 2), (None, 2), (None, 4)]),
    ('C>D E<F G>>A', [(C, 3), (D, 1), (E, 1), (F, 3), None, None]),
    ('C- C (D E) ~F .G vA', [(C, 2), (C, 2), (D, 2), (E, 2), (F, 2), (G, 2), (A, 2)]),
    ('"Am"C {gef}D !trill!E "^text"F', [(C, 2), (D, 2), (E, 2), (F, 2)]),
    ('[CEG]2 [E2c2] [L:1/16] C', [(G, 4), (72, 4), (C, 1)]),
    ('C % D E', [(C, 2)]),
    ('[!fermata!C]2 [z4] [zE]2 C', [(C, 4), (None, 8), (E, 4), (C, 2)]),
    ('C`D\\', [(C, 2), (D, 2)]),
  ],
)
def test_notes(line, notes):
  if None in notes:  # Shorter than a sixteenth.
    with pytest.raises(Unreadable, match='shorter than a sixteenth'):
      bars_of(line)
    return
  assert bars_of(line) == [notes]


def test_accidentals_end_at_the_bar_line_and_count_in_all_octaves():
  assert bars_of('^F f F, | F', key='F') == [[(66, 2), (78, 2), (54, 2)], [(F, 2)]]


@pytest.mark.parametrize(
  'key, sharps, pitches',
  [
    ('C', 0, [F, B]),
    ('G', 1, [66, B]),
    ('F#', 6, [66, B]),
    ('Bb', -2, [F, 70]),
    ('Am', 0, [F, B]),
    ('D minor', -1, [F, 70]),
    ('Edor', 2, [66, B]),
    ('A Mixolydian', 2, [66, B]),
    ('F Lyd', 0, [F, B]),
    ('HP', 2, [66, B]),
    ('none', 0, [F, B]),
    ('G clef=treble', 1, [66, B]),
  ],
)
def test_keys(key, sharps, pitches):
  melody = read_abc(abc('FB', key=key))
  assert (melody.key, [pitch for pitch, _ in melody.bars[0]]) == (sharps, pitches)


def test_repeats_are_played_once_with_the_last_ending():
  one, two = [(C, 16)], [(D, 16)]
  assert bars_of('|: C8 :|: D8 :|') == [one, two]
  for line in (
    'C8 |1 E8 :|2 D8 |]',
    'C8 [1 E8 :| [2 D8 ||',
    'C8 |[1 E8 | F8 :|[2 D8',
    'C8|1E8:|2D8',
  ):
    assert bars_of(line) == [one, two], line
  assert bars_of('C8 :| D8 |1 E8 :|2 F8 ||') == [one, two, [(F, 16)]]
  assert bars_of('C8 | Z2 | D8') == [one, [(None, 16)], [(None, 16)], two]


@pytest.mark.parametrize(
  'text, reason',
  [
    (abc('C', metre='3/4'), 'other metres'),
    (abc('C', metre=''), 'other metres'),
    ('X:1\nM:C\nL:1/8\nC D', 'no key'),
    (abc('(3CDE'), 'triplets'),
    (abc('C | [M:3/4] D'), 'changes of metre'),
    (abc('C |', 'M:6/8', 'D'), 'changes of metre'),
    (abc('C |', 'K:G', 'D'), 'changes of key'),
    (abc('V:1', 'C |', 'V:2', 'D'), 'several voices'),
    (abc('C & D'), 'signs that are no ABC'),
    (abc('> C'), 'signs that are no ABC'),
    (abc('C', unit='x'), 'lengths that are no ABC'),
    (abc('C/0'), 'lengths that are no ABC'),
    (abc('C', key='H'), 'keys that are no ABC'),
    (abc('|:  :|'), 'no notes'),
  ],
)
def test_what_is_left_out(text, reason):
  with pytest.raises(Unreadable, match=reason):
    read_abc(text)


@pytest.mark.parametrize('metre', ['4/4', 'C', '2/2', 'C|'])
def test_metres_of_four_quarters(metre):
  assert bars_of('C8', metre=metre) == [[(C, 16)]]


@pytest.mark.parametrize(
  'tempo, expected',
  [('1/4=90', 90), ('"Fast" 1/4=100', 100), ('3/8=60', 90), ('120', 60), ('"Slow"', 0), ('', 0)],
)
def test_tempo_in_quarter_notes(tempo, expected):
  assert read_abc(abc('C').replace('L:', f'Q:{tempo}\nL:')).tempo == expected


def test_a_file_has_many_tunes():
  texts = tunes_of('% A book\n' + abc('C', number=1) + '\n' + abc('D', number=2))
  assert [read_abc(text).title for text in texts] == ['Tune 1', 'Tune 2']


def test_passages_are_whole_bars_in_c_major():
  upbeat, whole, part, rest = [(G, 4)], [(G, 16)], [(A, 10)], [(B, 6)]
  passages = Melody('', 1, [upbeat, whole, part, rest, whole, part, whole, [(D, 12)]]).passages()
  c, d, e, g = 72, 74, 76, 67  # Up a fourth: G is C now, and D is G.
  assert [passage.tolist() for passage in passages] == [
    [[c] * 16, [d] * 10 + [e] * 6, [c] * 16],
    [[c] * 16, [g] * 12 + [-1] * 4],
  ]
  with pytest.raises(Unreadable, match='beyond those of MIDI'):
    Melody('', 1, [[(123, 16)]]).passages()
