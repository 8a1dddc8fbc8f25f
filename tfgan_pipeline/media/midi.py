"""Standard MIDI Files and sound of melodies.

    notes = [(60, 0, 4), (64, 4, 8)]        # Pitch, first step, last step + 1: C, then E.
    midi_file(notes, tempo=120)             # bytes of a .mid file
    wav_file(notes, tempo=120)              # bytes of a .wav file

A step is a sixteenth. Files have format 0 of "Standard MIDI Files 1.0" (MIDI Manufacturers
Association 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
import io
import wave

import numpy as np

Notes = Sequence[tuple[int, int, int]]

_TICKS = 120  # In a sixteenth.
_RATE = 8000  # Samples of sound a second: a note's first four partials, in files that are small.
_PARTIALS = (1.0, 0.5, 0.25, 0.12)


def midi_file(notes: Notes, *, tempo: float) -> bytes:
  """Returns a MIDI file of one track.

  Args:
    notes: Pitch, first step, and the step at which the note ends, of each note.
    tempo: Quarter notes a minute.
  """
  events = [(end * _TICKS, 0, pitch) for pitch, _, end in notes]
  events += [(start * _TICKS, 1, pitch) for pitch, start, _ in notes]
  beat = round(60e6 / tempo).to_bytes(3, 'big')  # Microseconds.
  track = b'\x00\xff\x51\x03' + beat + b'\x00\xff\x58\x04\x04\x02\x18\x08'  # In 4/4.
  now = 0
  for time, is_start, pitch in sorted(events):  # Of one time, ends first.
    track += _variable(time - now) + bytes([0x90, pitch, 80 * is_start])
    now = time
  track += b'\x00\xff\x2f\x00'
  header = (0).to_bytes(2, 'big') + (1).to_bytes(2, 'big') + (4 * _TICKS).to_bytes(2, 'big')
  chunks = (b'MThd', header), (b'MTrk', track)
  return b''.join(name + len(data).to_bytes(4, 'big') + data for name, data in chunks)


def _variable(number: int) -> bytes:
  """Returns a number in groups of seven bits, all but the last with the eighth bit set."""
  groups = [number & 127]
  while number := number >> 7:
    groups.append(number & 127 | 128)
  return bytes(reversed(groups))


def wav_file(notes: Notes, *, tempo: float, steps: int = 0) -> bytes:
  """Returns a sound file, 8 kHz and 16 bits, in which notes are like those of a plucked string.

  Args:
    notes: Pitch, first step, and the step at which the note ends, of each note.
    tempo: Quarter notes a minute.
    steps: Length in steps; by default to the end of the last note.
  """
  step = 15 / tempo * _RATE  # Samples.
  last = max([steps, *(end for _, _, end in notes)])
  sound = np.zeros(round(last * step), np.float64)
  for pitch, start, end in notes:
    first, stop = round(start * step), round(end * step)
    time = np.arange(stop - first) / _RATE
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    tone = sum(
      weight * np.sin(2 * np.pi * number * frequency * time)
      for number, weight in enumerate(_PARTIALS, 1)
      if number * frequency < _RATE / 2
    )
    fade = np.minimum(1, (len(time) - np.arange(len(time))) / (0.01 * _RATE))  # No click.
    attack = np.minimum(1, np.arange(len(time)) / (0.005 * _RATE))
    sound[first:stop] += tone * np.exp(-3 * time) * fade * attack
  content = io.BytesIO()
  with wave.open(content, 'wb') as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(_RATE)
    file.writeframes(np.rint(16_000 * sound / sum(_PARTIALS)).astype('<i2').tobytes())
  return content.getvalue()
