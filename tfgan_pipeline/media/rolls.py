"""Medium `roll`: melodies as rolls of steps by pitches, drawn, and written as MIDI files.

    rolls = rolls_of(pitches)       # int [N, T], -1 for silence -> uint8 [N, T, 128, 1]
    pitches = pitches_of(rolls)
    notes_of(pitches[0])            # [(60, 0, 4), ...]: pitch, first step, step of the end

A step is a sixteenth. One note sounds at a time, and steps of equal pitch are one note: a note that
is struck again cannot be told from one that is held.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.media.images import Image, grid, png
from tfgan_pipeline.media.midi import midi_file, wav_file

PITCHES = 128
BAR = 16  # Steps.
_MOST = 16  # Rolls in a picture.
_QUIET = -0.8  # Loudness, in [-1, 1], of a silent pitch.
_HEARD = 64  # Steps of a sound in a report.
_PAPER, _BAR_LINE, _BLACK_KEYS, _NOTE = 255, 190, 238, 30  # Grey.
_BLACK = (1, 3, 6, 8, 10)  # Semitones above C.
_SIDE = 4  # Pixels of a step, and of a pitch.


def rolls_of(pitches: np.ndarray) -> np.ndarray:
  """Converts pitches int [N, T], -1 for silence, to rolls uint8 [N, T, 128, 1] of 0 and 255."""
  rolls = (pitches[..., np.newaxis] == np.arange(PITCHES)).astype(np.uint8)
  return (rolls * np.uint8(255))[..., np.newaxis]


def pitches_of(rolls: np.ndarray) -> np.ndarray:
  """Converts rolls uint8 [N, T, 128, 1] to pitches int [N, T]: the loudest above 127, or -1."""
  loudest = rolls[..., 0].argmax(axis=-1)
  return np.where(rolls[..., 0].max(axis=-1) > 127, loudest, -1)


def notes_of(pitches: np.ndarray) -> list[tuple[int, int, int]]:
  """Returns pitch, first step, and the step of the end of each note in pitches int [T]."""
  borders = np.flatnonzero(np.diff(pitches)) + 1
  starts = [0, *borders.tolist()]
  ends = [*borders.tolist(), len(pitches)]
  return [
    (int(pitches[start]), start, end) for start, end in zip(starts, ends) if pitches[start] >= 0
  ]


@registry.medium
def roll(*, tempo: float = 120.0) -> Medium:
  """Melodies uint8 [steps, 128, 1], drawn as rolls and written as MIDI files.

  Args:
    tempo: Quarter notes a minute, of which a step is a fourth.
  """
  require("medium 'roll'", at_least=20, at_most=400, tempo=tempo)
  return Roll(tempo)


class Roll(Image):
  """Medium of melodies, uint8 [steps, 128, 1] with at most one pitch of 255 in a step."""

  extension = '.mid'
  is_picture = False

  def __init__(self, tempo: float):
    self.tempo = tempo

  def to_stored(self, values: tf.Tensor) -> tf.Tensor:
    """Converts float [n, T, 128, 1] in [-1, 1]: the loudest pitch sounds, or none.

    The loudest has to be above -0.8, a tenth of the range: MidiNet takes it in any case, and knows
    no rests, of which an uncertain step would have many if it had to be above the middle.
    """
    loudest = tf.one_hot(tf.argmax(values[..., 0], axis=-1), PITCHES, axis=-1) > 0
    sounds = tf.logical_and(loudest, values[..., 0] > _QUIET)
    return tf.cast(tf.where(sounds, 255, 0), tf.uint8)[..., tf.newaxis]

  def grid_size(self, shape: Sequence[int]) -> int:
    return _MOST

  def picture(self, samples: np.ndarray, *, columns: int = 0) -> np.ndarray:
    """Draws rolls below each other, time to the right, high pitches above, bars between lines."""
    pitches = pitches_of(samples)
    sounding = pitches[pitches >= 0]
    low, high = (int(sounding.min()), int(sounding.max())) if len(sounding) else (60, 71)
    low, high = low - 1, max(high + 1, low + 12)
    keys = np.arange(high, low - 1, -1)
    paper = np.where(np.isin(keys % 12, _BLACK), _BLACK_KEYS, _PAPER)
    tiles = np.repeat(paper[np.newaxis, :, np.newaxis], samples.shape[1], axis=2)
    tiles = np.where(pitches[:, np.newaxis] == keys[:, np.newaxis], _NOTE, tiles)
    tiles = tiles.repeat(_SIDE, axis=1).repeat(_SIDE, axis=2)
    tiles[..., :: BAR * _SIDE] = _BAR_LINE
    return grid(tiles[..., np.newaxis].astype(np.uint8), columns=columns or 1, gap=4)

  def encode(self, sample: np.ndarray) -> bytes:
    return midi_file(notes_of(pitches_of(sample[np.newaxis])[0]), tempo=self.tempo)

  def shows(self, content: bytes, sample: np.ndarray) -> bool:
    return content == self.encode(sample)

  def beside(self, sample: np.ndarray) -> dict[str, bytes]:
    """Returns the sound of one stored sample, '.wav', and its picture, '.png'."""
    return {'.wav': self._wav(sample), '.png': png(self.picture(sample[np.newaxis]))}

  def sound(self, sample: np.ndarray) -> bytes:
    return self._wav(sample[:_HEARD])

  def _wav(self, sample: np.ndarray) -> bytes:
    notes = notes_of(pitches_of(sample[np.newaxis])[0])
    return wav_file(notes, tempo=self.tempo, steps=len(sample))
