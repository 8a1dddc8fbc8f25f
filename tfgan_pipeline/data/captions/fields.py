"""The field `caption` of a dataset: the captions of each picture, as tokens.

    field = caption_field(train_captions, shown=test_captions)
    tokens = Vocabulary(field.words).encode_all(captions, field.shape)      # int32 [N, K, length]

The vocabulary and some captions to show are part of the field, and so of experiment.json: sampling,
evaluation and exports need no data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.data.captions.vocabulary import NOTHING, Vocabulary, words_of
from tfgan_pipeline.data.fields import Field

CAPTION = 'caption'  # Name of the field.
LONGEST = 48  # Words of a caption that are read, at most.
MOST = 8  # Captions of a picture that are read, at most.
SHOWN = 512  # Captions that are recorded, at most.


def caption_field(
  captions: Sequence[Sequence[str]], shown: Sequence[Sequence[str]], *, at_least: int = 1
) -> Field:
  """Returns the field of captions int32 [K, length], with the vocabulary of the training split.

  Args:
    captions: Captions of each picture of the training split.
    shown: Captions of each picture whose first ones are sampled where no others are asked for, such
      as those of the test split.
    at_least: Number of times that a word has to occur to be known.
  """
  texts = [text for row in captions for text in row]
  length = max(len(words_of(text)) for text in texts)
  shape = (min(MOST, max(map(len, captions))), min(LONGEST, max(1, length)))
  first = list(dict.fromkeys(row[0] for row in shown))
  places = np.arange(min(SHOWN, len(first))) * len(first) // min(SHOWN, len(first))
  examples = tuple(first[place] for place in places)
  words = Vocabulary.of(texts, at_least=at_least).words
  return Field(shape, 'int32', words=words, examples=examples)


def vocabulary_of(field: Field) -> Vocabulary:
  """Returns the vocabulary of a field of captions."""
  return Vocabulary(field.words)


def first_captions(tokens: np.ndarray) -> np.ndarray:
  """Returns the first caption of each picture, int32 [N, length], of tokens [N, K, length]."""
  return tokens[:, 0]


def captions_of(field: Field, tokens: np.ndarray) -> list[str]:
  """Returns captions as texts, of tokens int32 [N, length]."""
  vocabulary = vocabulary_of(field)
  return [vocabulary.decode(row) for row in tokens]


def is_empty(tokens: np.ndarray) -> np.ndarray:
  """Returns bool [...] of tokens [..., length], True where there is no word."""
  return (tokens == NOTHING).all(axis=-1)
