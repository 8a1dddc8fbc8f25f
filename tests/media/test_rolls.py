"""Rolls of melodies: notes, pictures, MIDI files and sound."""

import io
import wave

import numpy as np
import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.fields import medium_named
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.midi import midi_file, wav_file
from tfgan_pipeline.media.rolls import notes_of, pitches_of, rolls_of

PITCHES = np.array([60] * 4 + [-1] * 4 + [64] * 2 + [62] * 6)
NOTES = [(60, 0, 4), (64, 8, 10), (62, 10, 16)]


def test_pitches_notes_and_rolls():
  rolls = rolls_of(PITCHES[np.newaxis])
  assert rolls.shape == (1, 16, 128, 1) and rolls.sum() == 255 * 12
  np.testing.assert_array_equal(pitches_of(rolls), PITCHES[np.newaxis])
  assert notes_of(PITCHES) == NOTES
  assert notes_of(np.full(16, -1)) == []


def test_of_several_pitches_the_loudest_sounds_if_above_a_tenth():
  values = np.full((1, 3, 128, 1), -0.9, np.float32)
  values[0, 0, [60, 61], 0] = 0.5, 0.7
  values[0, 1, 70, 0] = -0.81
  values[0, 2, 5, 0] = -0.79
  stored = medium_named('roll').to_stored(tf.constant(values)).numpy()
  np.testing.assert_array_equal(pitches_of(stored), [[61, -1, 5]])


def events_of(content: bytes) -> list[tuple[int, bytes]]:
  """Reads the events of a MIDI file of one track: ticks, and the bytes of the event."""
  assert content[:8] == b'MThd\0\0\0\x06' and content[14:18] == b'MTrk'
  track, events, now = content[22:], [], 0
  assert int.from_bytes(content[18:22], 'big') == len(track)
  while track:
    length = 0
    while True:
      byte, track = track[0], track[1:]
      length = length << 7 | byte & 127
      if byte < 128:
        break
    now += length
    size = 3 if track[0] != 0xFF else 3 + track[2]
    events.append((now, track[:size]))
    track = track[size:]
  return events


def test_a_midi_file_has_the_notes_at_their_times():
  content = medium_named('roll(tempo=90)').encode(rolls_of(PITCHES[np.newaxis])[0])
  assert content[8:14] == bytes([0, 0, 0, 1, 1, 224])  # One track, 480 ticks a quarter.
  (_, tempo), (_, metre), *notes, (_, end) = events_of(content)
  assert tempo[:3] == b'\xff\x51\x03' and int.from_bytes(tempo[3:], 'big') == 666_667
  assert metre[:4] == b'\xff\x58\x04\x04' and end == b'\xff\x2f\0'
  assert [(time, *note) for time, note in notes] == [
    *((0, 0x90, 60, 80), (480, 0x90, 60, 0), (960, 0x90, 64, 80)),
    *((1200, 0x90, 64, 0), (1200, 0x90, 62, 80), (1920, 0x90, 62, 0)),
  ]


def test_sound_has_the_pitch_and_the_length():
  content = wav_file([(69, 0, 8), (81, 8, 16)], tempo=60, steps=20)
  with wave.open(io.BytesIO(content)) as file:
    assert file.getnframes() == 5 * file.getframerate()
    sound = np.frombuffer(file.readframes(file.getnframes()), '<i2')
    rate = file.getframerate()
  for start, frequency in ((0, 440), (2, 880)):
    spectrum = np.abs(np.fft.rfft(sound[start * rate : (start + 2) * rate]))
    assert abs(spectrum.argmax() / 2 - frequency) < 2
  assert np.abs(sound[: 4 * rate]).max() > 5000 and not sound[4 * rate :].any()
  assert len(wav_file([], tempo=120, steps=16)) > 16_000


def test_what_lies_beside_a_file():
  medium = medium_named('roll')
  sample = rolls_of(PITCHES[np.newaxis])[0]
  beside = medium.beside(sample)
  assert beside['.wav'][:4] == b'RIFF' and beside['.png'][1:4] == b'PNG' and len(beside) == 2
  assert medium.shows(medium.encode(sample), sample)
  assert not medium.shows(midi_file([], tempo=120), sample)


def test_a_picture_has_a_row_for_each_tune_and_a_line_for_each_bar():
  medium = medium_named('roll')
  picture = medium.picture(rolls_of(np.tile(PITCHES, (3, 2))))
  height = (picture.shape[0] - 4) // 3
  rows = picture[4:, 4:-4, 0]
  assert picture.shape[1] == 32 * 4 + 8
  assert (rows[: height - 4, 0] == 190).all() and (rows[: height - 4, 64] == 190).all()
  dark = (rows[: height - 4] == 30).any(axis=0)  # Where something sounds.
  np.testing.assert_array_equal(dark[1:64], np.repeat(PITCHES >= 0, 4)[1:])
  np.testing.assert_array_equal(rows[: height - 4], rows[height : 2 * height - 4])


def test_a_tempo_out_of_range():
  with pytest.raises(UsageError, match='tempo=10'):
    medium_named('roll(tempo=10)')
