"""Scores of normal pictures that no training has seen, by which others are judged.

normals = Normals(scores)
normals.p_values([3.2])           # [0.02]: of 100 normal pictures, one is as strange
normals.threshold(0.05)           # scores above it raise false alarms at a rate of 5 %
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tfgan_pipeline.errors import UsageError, require


class Normals:
  """Distribution of the scores of held-out normal pictures.

  Args:
    scores: Scores float [n], n > 0.

  Attributes:
    scores: The scores, rising, float64 [n].
  """

  def __init__(self, scores: npt.ArrayLike):
    self.scores = np.sort(np.asarray(scores, np.float64))

  def p_values(self, scores: npt.ArrayLike) -> np.ndarray:
    """Returns conformal p-values, float64 [m]: (k + 1) / (n + 1), k normal scores not below.

    A normal picture has a p-value of `rate` or less with a probability of `rate` at most, whatever
    the distribution (Vovk, Gammerman and Shafer 2005, section 2.4), if it and the held-out ones are
    exchangeable.
    """
    below = np.searchsorted(self.scores, np.asarray(scores, np.float64), side='left')
    return (len(self.scores) - below + 1) / (len(self.scores) + 1)

  def threshold(self, rate: float) -> float:
    """Returns the score above which p-values are at most `rate`.

    Raises:
      UsageError: The rate is no share, or there are too few normal pictures for it.
    """
    require('--false_alarms', above=0, below=1, rate=rate)
    count = len(self.scores)
    # A p-value of k + 1 or fewer of n + 1 parts; 1e-9 mends products such as 0.07 * 100.
    above = math.floor(rate * (count + 1) + 1e-9) - 1
    if above < 0:
      raise UsageError(
        f'--false_alarms={rate:g}: needs {math.ceil(1 / rate) - 1} normal pictures held out, and '
        f'there are {count}; more --normals, if the data has them, or a higher rate'
      )
    return float(self.scores[count - 1 - above])
