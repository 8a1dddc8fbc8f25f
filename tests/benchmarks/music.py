"""Distances of tunes from held-out real ones: of a MidiNet, of a Markov chain, of other real tunes.

    python -m tests.benchmarks.music /tmp/folk docs/data/music.csv

The Markov chain is of the first order: each note, a pitch and a length, is drawn from those that
follow an equal note in the train split, and so knows lengths and intervals, and nothing of bars.
All are compared with the test split by --metrics=melody; the floor is that of its halves.
"""

from __future__ import annotations

import collections
import sys

import numpy as np

from tests.benchmarks import csv_rows
from tfgan_pipeline import registry
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.extractors.melody import counts_of
from tfgan_pipeline.media.rolls import notes_of, pitches_of
from tfgan_pipeline.metrics.features import Features

SCORES = (
  *('pitch_classes', 'note_lengths', 'empty_bars', 'intervals'),
  *('in_key', 'notes_per_bar', 'beats'),
)
COLUMNS = ('tunes', *SCORES)
COUNT = 1000


def markov_tunes(pitches: np.ndarray, count: int) -> np.ndarray:
  """Draws tunes, pitches int [count, T], of a chain fitted to tunes [N, T]."""
  following = collections.defaultdict(list)
  for tune in pitches:
    last = None
    for note in with_rests(tune):
      following[last].append(note)
      last = note
  random, tunes = np.random.RandomState(0), []
  for _ in range(count):
    tune: list[int] = []
    note = None
    while len(tune) < pitches.shape[1]:
      choice = following[note] or following[None]
      note = choice[random.randint(len(choice))]
      tune += [note[0]] * note[1]
    tunes.append(tune[: pitches.shape[1]])
  return np.array(tunes)


def with_rests(tune: np.ndarray) -> list[tuple[int, int]]:
  """Returns pitch and length of notes and rests; a rest has the pitch -1."""
  return [(pitch - 1, end - start) for pitch, start, end in notes_of(tune + 1)]


def features_of(pitches: np.ndarray) -> Features:
  return Features(np.stack([counts_of(tune) for tune in pitches]))


def rows_of(model_dir: str) -> list[dict[str, object]]:
  """Returns a row of distances for each kind of tunes."""
  estimator = GANEstimator.of_run(model_dir)
  real = {name: pitches_of(split.images) for name, split in estimator.dataset.splits.items()}
  reference = features_of(real['test'])
  kinds = {
    'real, of the validation split': real['validation'],
    'MidiNet, trained weights': pitches_of(estimator.predict(COUNT, weights='raw')),
    'MidiNet, moving average': pitches_of(estimator.predict(COUNT)),
    'Markov chain': markov_tunes(real['train'], COUNT),
  }
  rows = []
  for name, pitches in kinds.items():
    scores = registry.metric.build('melody', reference, features_of(pitches))
    rows.append({'tunes': name, **{score: round(scores[score], 4) for score in SCORES}})
  floor = {score: round(scores[f'{score}_floor'], 4) for score in SCORES}
  return [{'tunes': 'halves of the test split', **floor}, *rows]


if __name__ == '__main__':
  csv_rows.update(sys.argv[2], COLUMNS, rows_of(sys.argv[1]))
