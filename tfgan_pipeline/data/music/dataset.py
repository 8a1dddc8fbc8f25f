"""`--dataset="tunes(/data/songs)"`: phrases of melodies in 4/4, rolls of sixteenths by pitches."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
import hashlib
import statistics

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.music.find_tunes import (
  CORPORA,
  EXTENSIONS,
  corpus_folders,
  read_folders,
)
from tfgan_pipeline.data.music.melody import PITCHES, STEPS
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError, did_you_mean, require
from tfgan_pipeline.media.rolls import rolls_of
from tfgan_pipeline.runs import files

_SHARES = {'validation': 0.1, 'test': 0.1}
_TEMPO = 120.0  # Quarter notes a minute, where no file says any.


@registry.dataset
def tunes(
  options: DataOptions,
  *,
  folder: str = '',
  corpus: str = 'folk',
  bars: int = 8,
  transposed: int = 0,
) -> Dataset:
  """Phrases of melodies in 4/4, of files in ABC or MusicXML, or of 3,000 folk tunes of music21.

  A phrase is a roll of 16 steps a bar by 128 pitches with one note a step, so that a note struck
  again is one with the note before. All are transposed to C major, or the mode of it, such as A
  minor, that has no sharps and flats either. Game: `midinet`. Evaluation: --extractor=melody
  --metrics=melody.

  Args:
    options: `data_dir` and the memory limit.
    folder: Folder of .abc, .xml, .musicxml and .mxl files, its folders included, below data_dir or
      by its whole path; may be gs://. Without either the corpus of the package music21 is read.
    corpus: Of music21, 'folk': European folk songs and Irish and Scottish dances, or 'chorales':
      the melodies of Bach's. Some encodings may not be used commercially.
    bars: Bars in a phrase. A longer tune gives phrases one after the other, the last of which may
      overlap the one before; shorter ones are left out.
    transposed: In training, each phrase also so many semitones, one by one, higher and lower.

  Returns:
    'image': uint8 [16 * bars, 128, 1], 255 where a note sounds. 80 % of the tunes are in train, 10
    % each in validation and test.

  Raises:
    UsageError: No tune can be read, an argument is out of range, or music21 is not installed.
  """
  require("dataset 'tunes'", at_least=1, at_most=64, bars=bars)
  require("dataset 'tunes'", at_least=0, at_most=6, transposed=transposed)
  if corpus not in CORPORA:
    raise UsageError(
      f"dataset 'tunes': corpus={corpus} should be one of {', '.join(CORPORA)}"
      f'{did_you_mean(corpus, CORPORA)}'
    )
  folder = files.below(options.data_dir or '', folder)
  if folder and not tf.io.gfile.isdir(folder):
    raise UsageError(f"dataset 'tunes': {folder} is no folder")
  folders = [folder] if folder else corpus_folders(corpus)
  melodies, left_out = read_folders(folders)
  phrases: dict[str, np.ndarray] = {}
  for melody in melodies:
    passages = melody.passages()
    name = hashlib.sha256(b''.join(passage.tobytes() for passage in passages)).hexdigest()
    parts = [_windows(passage, bars) for passage in passages if len(passage) >= bars]
    if name in phrases:
      left_out['written twice'] += 1
    elif not parts:
      left_out[f'shorter than {bars} bars'] += 1
    else:
      phrases[name] = np.concatenate(parts)
  if not phrases:
    raise UsageError(_nothing(', '.join(folders), left_out))
  shape = (STEPS * bars, PITCHES, 1)
  copies = 1 + 2 * transposed
  if not options.fits_memory(copies * sum(map(len, phrases.values())), shape):
    raise UsageError(
      f"dataset 'tunes': the phrases do not fit --memory_limit_gb={options.memory_limit_gb}"
    )
  tempo = statistics.median([melody.tempo for melody in melodies if melody.tempo] or [_TEMPO])
  return Dataset.of_images(
    'tunes',
    shape,
    (),
    _splits(phrases, transposed),
    medium=f'roll(tempo={min(max(tempo, 20.0), 400.0):g})',
    notes=_summary(len(phrases), left_out),
  )


def _windows(passage: np.ndarray, bars: int) -> np.ndarray:
  """Returns phrases int [n, 16 * bars] of a passage [m, 16]; the last one may overlap."""
  starts = list(range(0, len(passage) - bars + 1, bars))
  if starts[-1] + bars < len(passage):
    starts.append(len(passage) - bars)
  return np.stack([passage[start : start + bars].ravel() for start in starts])


def _splits(phrases: Mapping[str, np.ndarray], transposed: int) -> dict[str, MemorySplit]:
  names = list(phrases)
  # A single tune, or a few, are all for training.
  parts = partition(names, [0] * len(names), _SHARES)
  splits = {}
  for part, places in parts.items():
    steps = np.concatenate([phrases[names[place]] for place in places])
    if part == 'train' and transposed:
      shifts = range(-transposed, transposed + 1)
      steps = np.concatenate([_shifted(steps, shift) for shift in shifts])
    splits[part] = MemorySplit({'image': rolls_of(steps)})
  return splits


def _shifted(steps: np.ndarray, shift: int) -> np.ndarray:
  return np.where(steps < 0, steps, np.clip(steps + shift, 0, PITCHES - 1))


def _summary(count: int, left_out: collections.Counter[str]) -> str:
  reasons = ', '.join(f'{number:,} {reason}' for reason, number in left_out.most_common())
  return f'{count:,} tunes' + (f'; left out: {reasons}' if reasons else '')


def _nothing(folder: str, left_out: collections.Counter[str]) -> str:
  if not left_out:
    return f"dataset 'tunes': {folder} has no files {_list(EXTENSIONS)}"
  reasons = ', '.join(f'{number:,} {reason}' for reason, number in left_out.most_common())
  return f"dataset 'tunes': {folder} has no tune in 4/4 that can be read: {reasons}"


def _list(words: Sequence[str]) -> str:
  return f'{", ".join(words[:-1])} or {words[-1]}'
