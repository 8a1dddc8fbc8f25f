"""Shape of the reference features, on which all distances to them depend."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import sample_factor
from tfgan_pipeline.metrics.neighbours.nearest import radii
from tfgan_pipeline.metrics.spectrum import effective_number


@registry.metric
def reference_geometry(reference: Features, generated: Features, *, k: int = 5) -> dict[str, float]:
  """Effective rank of the real features, and mean log distance to their k-th nearest other.

  Both tell an extractor that has learnt from one that has not, and why scores of two extractors or
  two data sets are no neighbours: the first falls where features collapse to few directions, the
  second is the scale that neighbourhoods have.

  Args:
    reference: N real samples.
    generated: Not used.
    k: Rank of the neighbour among the other real samples.

  Returns:
    reference_effective_rank: exp of the entropy of the eigenvalues of the covariance, over their
      sum; between 1 and D.
    reference_log_distance: Mean over samples of the natural logarithm of the distance to the k-th
      nearest other sample; left out where all are at distance 0.
    reference_zero_distances: Number of samples with k duplicates, which have no logarithm and are
      left out of the mean; only where there are any.

  Raises:
    UsageError: k is not between 1 and N - 1.
  """
  del generated
  factor = sample_factor(reference.pool)[1]
  # A A^T has the nonzero eigenvalues of the covariance A^T A, and is smaller where N < D.
  scores = {'reference_effective_rank': effective_number(factor @ factor.T)}
  squares = radii(reference, k)[:, -1]
  positive = squares[squares > 0]
  if len(positive):
    scores['reference_log_distance'] = float(np.log(positive).mean() / 2)
  if len(positive) < len(squares):
    scores['reference_zero_distances'] = float(len(squares) - len(positive))
  return scores
