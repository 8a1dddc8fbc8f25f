"""`--dataset=waves`: series that are drawn by formulas, for trials of games on series."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import require
from tfgan_pipeline.media import series

_SHARES = {'train': 0.8, 'validation': 0.1, 'test': 0.1}
_RATE = 64  # Steps a second, of beats.
# Centre, width (both in seconds from the highest point of a beat) and height of its waves.
_BEAT = (
  (-0.2, 0.03, 0.15),
  (-0.04, 0.012, -0.12),
  (0, 0.015, 1),
  (0.04, 0.014, -0.2),
  (0.25, 0.05, 0.3),
)


@registry.dataset
def waves(options: DataOptions, *, length: int = 128, count: int = 6000) -> Dataset:
  """Series of one channel: two sines with a little noise, or heart beats as an ECG shows them.

  Frequencies, phases, heights and the distances of beats are random. The label says which of both
  a series is. Networks: `dcgan_series`. Evaluation: --extractor=signals --metrics=signals.

  Args:
    options: Ignored.
    length: Steps of a series.
    count: Number of series; 80 % are in train, 10 % each in validation and test.

  Raises:
    UsageError: An argument is out of range.
  """
  del options
  require("dataset 'waves'", at_least=16, at_most=4096, length=length)
  require("dataset 'waves'", at_least=20, at_most=100_000, count=count)
  random = np.random.RandomState(0)  # NumPy promises that its numbers never change.
  labels = np.arange(count) % 2
  draw = (_sines, _beats)
  values = np.stack([draw[label](random, length) for label in labels])
  values += 0.01 * random.standard_normal(values.shape)
  images = series.to_images(values[..., np.newaxis])
  splits, start = {}, 0
  for name, share in _SHARES.items():
    rows = slice(start, start := start + round(share * count))
    splits[name] = MemorySplit({'image': images[rows], 'label': labels[rows]})
  shape = (length, 2, 1)
  return Dataset.of_images('waves', shape, ('sines', 'beats'), splits, medium='series')


def _sines(random: np.random.RandomState, length: int) -> np.ndarray:
  """Draws a sum of two sines of 2 to 12 periods."""
  time = np.arange(length) / length
  value = np.zeros(length)
  for height in (0.6, 0.3):
    periods, phase = random.uniform(2, 12), random.uniform(0, 2 * np.pi)
    value += height * random.uniform(0.5, 1) * np.sin(2 * np.pi * periods * time + phase)
  return value


def _beats(random: np.random.RandomState, length: int) -> np.ndarray:
  """Draws beats at 60 to 100 a minute whose distances differ a little."""
  time = np.arange(length) / _RATE
  distance, height = random.uniform(0.6, 1.0), random.uniform(0.6, 0.9)
  value, now = np.full(length, -0.1), random.uniform(-1, 0)
  while now < time[-1] + 1:
    for centre, width, part in _BEAT:
      value += height * part * np.exp(-0.5 * ((time - now - centre) / width) ** 2)
    now += distance * random.normal(1, 0.04)
  return value
