"""Distances of melodies from real ones, of features of --extractor=melody: notes and bars.

The features of a tune are counts, in groups of columns that `GROUPS` names.
"""

from __future__ import annotations

import functools

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import lower_is_better
from tfgan_pipeline.metrics.wasserstein import distance, floor

# Columns of each group: how often each value occurs in a tune.
GROUPS = {
  'pitch_classes': 13,  # Bars with 0 to 12 different pitch classes.
  'note_lengths': 16,  # Notes of 1 to 16 sixteenths, or more.
  'intervals': 25,  # Steps from -12 semitones, or more, to 12 between a note and the next.
  'in_key': 2,  # Notes of other keys, and of C major.
  'notes_per_bar': 17,  # Bars with 0 to 16 notes that begin in them.
  'beats': 16,  # Notes that begin in each sixteenth of a bar.
}
WIDTH = sum(GROUPS.values())


@registry.metric
@lower_is_better(
  *('pitch_classes', 'note_lengths', 'intervals', 'in_key', 'notes_per_bar', 'beats', 'empty_bars')
)
def melody(reference: Features, generated: Features, *, seed: int = 0) -> dict[str, float]:
  """Distances of pitch classes, note lengths, intervals and more in bars of tunes, with floors.

  Each is the 1-dimensional Wasserstein distance of the values in all real and in all generated
  tunes. Its floor is that of two random halves of the real tunes, a mean over ten draws; sets of
  which each is twice as large have a floor that is lower by a factor of about 1.4.

  Args:
    reference: Features of real tunes, of --extractor=melody.
    generated: Features of generated tunes, of --extractor=melody.
    seed: Seed of the halves.

  Returns:
    pitch_classes: Distance of the number of different pitch classes in a bar.
    note_lengths: Distance of lengths of notes, in sixteenths.
    intervals: Distance of steps from note to note, in semitones; wider ones count as an octave.
    in_key: Difference of the share of notes that belong to C major.
    notes_per_bar: Distance of the number of notes that begin in a bar.
    beats: Distance of the places in a bar where notes begin, in sixteenths.
    empty_bars: Difference of the share of bars without a note.
    NAME_floor: The floor of each.

  Raises:
    UsageError: The features are others.
  """
  real, fake = (np.asarray(features.pool, np.float64) for features in (reference, generated))
  for width in (real.shape[1], fake.shape[1]):
    if width != WIDTH:
      raise UsageError(f'melody: needs --extractor=melody, and got {width} features')
  scores = {}
  start = 0
  for name, width in GROUPS.items():
    measure = functools.partial(_distance, slice(start, start + width))
    scores[name] = measure(real, fake)
    scores[f'{name}_floor'] = floor(real, measure, seed)
    start += width
  scores['empty_bars'] = _empty_bars(real, fake)
  scores['empty_bars_floor'] = floor(real, _empty_bars, seed)
  return scores


def _distance(columns: slice, one: np.ndarray, other: np.ndarray) -> float:
  return distance(one[:, columns].sum(axis=0), other[:, columns].sum(axis=0))


def _empty_bars(one: np.ndarray, other: np.ndarray) -> float:
  """Returns the difference of the shares of bars without a pitch class."""
  bars = [rows[:, : GROUPS['pitch_classes']].sum(axis=0) for rows in (one, other)]
  return abs(float(bars[0][0] / max(1, bars[0].sum()) - bars[1][0] / max(1, bars[1].sum())))
