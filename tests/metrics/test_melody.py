"""Scores of melodies: distances by hand, floors, and what the extractor counts."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.melody import counts_of
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.melody import GROUPS
from tfgan_pipeline.metrics.wasserstein import distance

SCALE = np.repeat([60, 62, 64, 65, 67, 69, 71, 72], 2)  # Eighths.


def groups_of(pitches) -> dict[str, list[int]]:
  """Returns the values that are counted, by group, each as often as it was."""
  counts, start, found = counts_of(np.asarray(pitches)), 0, {}
  for name, width in GROUPS.items():
    part = counts[start : start + width].astype(int)
    found[name] = np.repeat(np.arange(width), part).tolist()
    start += width
  return found


def score(real, fake, **arguments) -> dict[str, float]:
  features = [
    Features(np.stack([counts_of(np.asarray(p)) for p in tunes])) for tunes in (real, fake)
  ]
  return registry.metric.function('melody')(*features, **arguments)


def test_what_is_counted():
  tune = [*SCALE, *[-1] * 16, *[61] * 8, *[80] * 4, *[-1] * 4]
  assert groups_of(tune) == {
    'pitch_classes': [0, 2, 7],
    'note_lengths': [1] * 8 + [3, 7],
    'intervals': sorted(step + 12 for step in [2, 2, 1, 2, 2, 2, 1, -11, 12]),
    'in_key': [0, 0] + [1] * 8,
    'notes_per_bar': [0, 2, 8],
    'beats': sorted([*range(0, 16, 2), 0, 8]),
  }
  assert groups_of([60] * 32)['note_lengths'] == [15]  # Longer ones count as a whole note.


def test_distances_by_hand():
  whole, scale, silent = [[60] * 16] * 4, [SCALE] * 4, [[-1] * 16] * 4
  scores = score(whole, scale)
  assert scores['pitch_classes'] == 6 and scores['note_lengths'] == 14
  assert scores['notes_per_bar'] == 7 and scores['in_key'] == 0 and scores['beats'] == 7
  assert score(scale, [SCALE + 12] * 4)['intervals'] == 0
  assert score(scale, [SCALE + 1] * 4)['in_key'] == pytest.approx(6 / 8)
  assert score(scale, silent)['empty_bars'] == 1
  assert score(whole + silent, scale)['empty_bars'] == 0.5
  assert distance(np.array([1, 0, 0, 1]), np.array([0, 3, 0, 0])) == pytest.approx(0.5 + 1)


def test_floors_are_of_halves_of_the_real_tunes():
  random = np.random.RandomState(0)
  real = random.choice([60, 62, 64, 67], (60, 128))
  scores = score(real, real[:4])
  floors = {name: value for name, value in scores.items() if name.endswith('_floor')}
  assert {name.removesuffix('_floor') for name in floors} == scores.keys() - floors.keys()
  assert score(real, [SCALE] * 9).items() >= floors.items()
  assert score(real, real[:4], seed=1)['intervals_floor'] != floors['intervals_floor']
  assert 0 < floors['intervals_floor'] < 0.5
  same = score(real, real)
  assert all(same[name] == 0 for name in scores.keys() - floors.keys())


def test_other_features_and_a_bad_seed_are_refused():
  pool = np.zeros((4, 6))
  with pytest.raises(UsageError, match='needs --extractor=melody, and got 6 features'):
    registry.metric.build('melody', Features(pool), Features(pool))
  with pytest.raises(UsageError, match='seed=-1'):
    score([SCALE] * 2, [SCALE] * 2, seed=-1)
