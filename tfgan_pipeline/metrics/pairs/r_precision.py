"""R-precision: how often a picture's own caption is the nearest of a hundred."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.metrics.features import needs
from tfgan_pipeline.metrics.pairs.captions import Captions
from tfgan_pipeline.metrics.ranking import higher_is_better


@registry.pair_metric
@higher_is_better('r_precision')
@needs('captions')
def r_precision(
  captions: Captions,
  outputs: np.ndarray,
  *,
  candidates: int = 100,
  steps: int = 1500,
  seed: int = 0,
) -> dict[str, float]:
  """Share of pictures whose own caption fits best among 100 (Xu et al. 2018, arXiv:1711.10485).

  What fits is decided by two small encoders of pictures and captions, trained on the real train
  split and cached: scores compare runs on the same data with each other, and with nothing
  published. Wrong captions are drawn among those of the other pictures with other words.

  Args:
    captions: Captions of N pictures.
    outputs: Pictures made of them, uint8 [N, H, W, C].
    candidates: Captions to choose from, the right one included.
    steps: Training steps of the encoders, at most.
    seed: Seed of the encoders, and of the choice of wrong captions.

  Returns:
    r_precision: Share of pictures, between 0 and 1; 1 / candidates by chance.

  Raises:
    UsageError: There are not as many different captions.
  """
  require('r_precision', at_least=2, candidates=candidates)
  require('r_precision', at_least=1, steps=steps)
  require('r_precision', at_least=0, below=2**32, seed=seed)
  texts = np.array(captions.texts)
  different, number = np.unique(texts, return_inverse=True)
  if len(different) < candidates:
    raise UsageError(
      f'r_precision: there are {len(different)} different captions, and candidates={candidates}; '
      'score more samples, or take fewer candidates'
    )
  of_captions, of_outputs = captions.codes(outputs, steps, seed)
  row_of = np.unique(texts, return_index=True)[1]  # A row with each of the different captions.
  likeness = of_outputs @ of_captions[row_of].T  # [N, different]
  random, hits = np.random.RandomState(seed), 0
  for own, row in zip(number, likeness):
    others = random.choice(len(different) - 1, candidates - 1, replace=False)
    others += others >= own  # All but its own.
    hits += row[own] > row[others].max()
  return {'r_precision': float(hits / len(texts))}
