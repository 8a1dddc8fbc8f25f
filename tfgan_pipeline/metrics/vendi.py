"""Vendi score: the effective number of different samples in a set."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import higher_is_better
from tfgan_pipeline.metrics.spectrum import effective_number
from tfgan_pipeline.metrics.unit_rows import unit_blocks


@registry.metric
@higher_is_better('vendi')
def vendi(reference: Features, generated: Features) -> dict[str, float]:
  """Effective number of different samples, from the angles between features; beside that of reals.

  Friedman and Dieng 2022 (arXiv:2210.02410): exp of the entropy of the eigenvalues of K / M, with K
  the matrix of cosines between features. M equal samples score 1, k equally large groups that are
  orthogonal to one another score k. Noise varies too: read the score beside one of quality.

  Args:
    reference: N real samples.
    generated: M generated samples.

  Returns:
    vendi: Score of the generated samples, between 1 and the least of M and D.
    vendi_reference: Score of the real samples, which a good generator comes near.

  Raises:
    UsageError: The two sets differ in width, or a feature vector is zero.
  """
  reference.require_same_width(generated)
  return {'vendi': _score(generated.pool), 'vendi_reference': _score(reference.pool)}


def _score(pool: np.ndarray) -> float:
  if len(pool) <= pool.shape[1]:
    rows = np.concatenate(list(unit_blocks(pool)))
    return effective_number(rows @ rows.T)
  # X^T X has the nonzero eigenvalues of X X^T, and takes O(D^2) memory.
  return effective_number(sum((rows.T @ rows for rows in unit_blocks(pool)), np.zeros(())))
