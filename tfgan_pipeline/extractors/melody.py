"""Extractor for melodies: counts of what their notes do, for --metrics=melody."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.media.rolls import BAR, Roll, notes_of, pitches_of
from tfgan_pipeline.metrics.melody import GROUPS
from tfgan_pipeline.runs.digests import digest

_KEY = (0, 2, 4, 5, 7, 9, 11)  # Pitch classes of C major.


@registry.extractor
def melody(context: ExtractorContext) -> Extractor:
  """Counts of pitch classes, note lengths and intervals in tunes, for --metrics=melody.

  Args:
    context: Data set of the run that is scored.

  Raises:
    UsageError: The data are no tunes.
  """
  context.require_medium('melody', Roll, 'melodies, as tunes')

  def count(rolls: np.ndarray) -> tuple[np.ndarray, None]:
    return np.stack([counts_of(pitches) for pitches in pitches_of(rolls)]), None

  fingerprint = digest(f'counts of notes {sorted(GROUPS.items())}, version 1')
  return Extractor('melody', fingerprint, count, continuous=False)


def counts_of(pitches: np.ndarray) -> np.ndarray:
  """Returns the counts of a tune, float32 [D] in the groups of metrics/melody.py.

  Args:
    pitches: Pitch of each step, int [T], -1 for silence.
  """
  notes = notes_of(pitches)
  classes = [len(set(bar[bar >= 0] % 12)) for bar in pitches.reshape(-1, BAR)]
  lengths = [min(end - start, GROUPS['note_lengths']) - 1 for _, start, end in notes]
  steps = np.diff([pitch for pitch, _, _ in notes])
  begun = np.bincount([start // BAR for _, start, _ in notes], minlength=len(pitches) // BAR)
  values = {
    'pitch_classes': classes,
    'note_lengths': lengths,
    'intervals': np.clip(steps, -12, 12) + 12,
    'in_key': [pitch % 12 in _KEY for pitch, _, _ in notes],
    'notes_per_bar': begun,
    'beats': [start % BAR for _, start, _ in notes],
  }
  counts = [np.bincount(np.asarray(values[name], int), minlength=k) for name, k in GROUPS.items()]
  return np.concatenate(counts).astype(np.float32)
