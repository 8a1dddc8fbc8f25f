"""Melodies in 4/4, as readers return them: bars of notes, in sixteenths.

melody = Melody('Jig', key=1, bars=[[(67, 8), (None, 8)]])    # G for half a bar, then silence
melody.in_c_major().steps()     # [array of 16 pitches for each bar, ...]
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

STEPS = 16  # Sixteenths in a bar.
PITCHES = 128  # Of MIDI; 60 is the C in the middle of a piano.
SILENCE = -1  # Pitch of a step without a note.

Note = tuple[int | None, int]  # Pitch, None for a rest, and sixteenths.


class Unreadable(Exception):
  """A tune that is left out; the message is the reason, as in '3 of triplets'."""


@dataclasses.dataclass(frozen=True)
class Melody:
  """One voice in 4/4.

  Attributes:
    title: Name for people.
    key: Sharps of the key signature; flats are negative.
    bars: Notes of each bar, as written, so that the first bar may be an upbeat.
    tempo: Quarter notes a minute; 0 if the file does not say.
  """

  title: str
  key: int
  bars: Sequence[Sequence[Note]]
  tempo: float = 0.0

  @property
  def shift(self) -> int:
    """Semitones up, from -6 to 5, to the key without sharps and flats."""
    return (-7 * self.key + 6) % 12 - 6

  def passages(self) -> list[np.ndarray]:
    """Returns pitches int [bars, 16] of stretches of whole bars, -1 for silence, in C major.

    The key without sharps and flats may as well be A minor, or another mode. An upbeat is left out,
    and bars that a sign of repetition cuts in two are put together; any other bar that is not of 16
    sixteenths ends a stretch. The last bar is filled up with silence.

    Raises:
      Unreadable: A pitch is beyond those of MIDI.
    """
    bars = [list(bar) for bar in self.bars if bar]
    passages: list[list[list[int]]] = [[]]
    place = 0
    while place < len(bars):
      bar = bars[place]
      place += 1
      if place < len(bars) and _length(bar) + _length(bars[place]) == STEPS:
        bar = bar + bars[place]
        place += 1
      if place == len(bars) and place > 1 and _length(bar) < STEPS:
        bar = [*bar, (None, STEPS - _length(bar))]
      if _length(bar) == STEPS:
        passages[-1].append([pitch for note in bar for pitch in self._steps(note)])
      else:
        passages.append([])
    return [np.array(passage) for passage in passages if passage]

  def _steps(self, note: Note) -> list[int]:
    pitch, length = note
    if pitch is None:
      return [SILENCE] * length
    if not 0 <= pitch + self.shift < PITCHES:
      raise Unreadable('pitches beyond those of MIDI')
    return [pitch + self.shift] * length


def _length(bar: Sequence[Note]) -> int:
  return sum(length for _, length in bar)
