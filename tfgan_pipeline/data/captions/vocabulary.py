"""Words of captions as numbers: 0 for nothing, 1 for a word that is not known, and so on.

    vocabulary = Vocabulary.of(['a red circle', 'a blue ring'])
    vocabulary.encode('a red cube', 5)        # int32 [2, 6, 1, 0, 0]
    vocabulary.unknown('a red cube')          # ['cube']

Words are runs of letters, digits and apostrophes in lower case, in any script.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence
import dataclasses
import functools
import re

import numpy as np

NOTHING, UNKNOWN = 0, 1
FIRST = 2  # Number of the first word.
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words_of(caption: str) -> list[str]:
  """Returns the words of a caption in their order, in lower case."""
  return _WORD.findall(caption.lower().replace('\u2019', "'"))


@dataclasses.dataclass(frozen=True)
class Vocabulary:
  """Numbers of words, as networks read them.

  Attributes:
    words: All known words; word i has the number i + 2.
  """

  words: tuple[str, ...]

  @classmethod
  def of(cls, captions: Iterable[str], *, at_least: int = 1) -> Vocabulary:
    """Returns the words of captions, frequent ones first, and equally frequent ones by alphabet.

    Args:
      captions: All captions of a training split.
      at_least: Number of times that a word has to occur; rarer ones are not known.
    """
    counts = collections.Counter(word for caption in captions for word in words_of(caption))
    common = [word for word, count in counts.items() if count >= at_least]
    return cls(tuple(sorted(common, key=lambda word: (-counts[word], word))))

  @property
  def size(self) -> int:
    """Number of different tokens, those for nothing and for unknown words included."""
    return FIRST + len(self.words)

  @functools.cached_property
  def _numbers(self) -> dict[str, int]:
    return {word: number for number, word in enumerate(self.words, FIRST)}

  def encode(self, caption: str, length: int) -> np.ndarray:
    """Returns the tokens of a caption, int32 [length]: its first words, and 0 behind them."""
    tokens = np.zeros(length, np.int32)
    for place, word in enumerate(words_of(caption)[:length]):
      tokens[place] = self._numbers.get(word, UNKNOWN)
    return tokens

  def encode_all(self, captions: Sequence[Sequence[str]], shape: tuple[int, ...]) -> np.ndarray:
    """Returns the tokens of several captions of each picture, int32 [N, K, length].

    Args:
      captions: Captions of each picture; those beyond the K-th are left out.
      shape: (K, length). Pictures with fewer captions have rows of 0 behind them.
    """
    tokens = np.zeros((len(captions), *shape), np.int32)
    for row, texts in zip(tokens, captions):
      for place, text in zip(row, texts):
        place[:] = self.encode(text, shape[1])
    return tokens

  def decode(self, tokens: np.ndarray) -> str:
    """Returns the words of tokens, int [length], as a text; unknown ones as '?'."""
    names = ('', '?', *self.words)
    return ' '.join(names[token] for token in tokens if token != NOTHING)

  def unknown(self, caption: str) -> list[str]:
    """Returns the words of a caption that are not known, in their order."""
    return [word for word in words_of(caption) if word not in self._numbers]
