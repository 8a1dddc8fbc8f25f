"""Classes of numbered samples in given proportions.

    turns = ClassTurns([90, 10])
    turns[range(10)]                # [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]

The class of a sample depends on its number alone, so a thousand samples are the first of ten
thousand. Every count of samples has the proportions as nearly as whole samples can.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class ClassTurns:
  """Endless sequence of classes, the next always the one that is most owed a sample.

  The method of Webster and Sainte-Lague: after as many samples as the counts add up to, the classes
  have exactly these counts. Equal counts give the classes by turns, 0 to K - 1.

  Args:
    counts: Examples of each class, integers [K], one at least above 0.
  """

  def __init__(self, counts: Sequence[int] | np.ndarray):
    self.counts = np.asarray(counts, np.int64)
    self._made = np.zeros(len(self.counts), np.int64)
    self._turns: list[int] = []

  @property
  def are_uniform(self) -> bool:
    """Whether all classes have equally many samples."""
    return bool((self.counts == self.counts[0]).all())

  def __getitem__(self, numbers: Sequence[int]) -> np.ndarray:
    """Returns the classes of samples by number, int32 [len(numbers)]."""
    missing = max(numbers, default=-1) + 1 - len(self._turns)
    for _ in range(missing):
      turn = int(np.argmax(self.counts / (2 * self._made + 1)))  # Of equals the first.
      self._made[turn] += 1
      self._turns.append(turn)
    return np.array([self._turns[number] for number in numbers], np.int32)
