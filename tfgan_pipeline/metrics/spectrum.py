"""Effective number of the eigenvalues of a matrix, a rank that counts small ones for less."""

from __future__ import annotations

import numpy as np


def effective_number(matrix: np.ndarray) -> float:
  """Returns exp of the entropy of eigenvalues over their sum; 1.0 for a matrix of zeros.

  Roy and Vetterli 2007, who take singular values. k equal eigenvalues beside zeros give k.

  Args:
    matrix: Symmetric and positive semi-definite up to round-off, float64 [D, D].
  """
  # Eigenvalues scale with the matrix; scaled to a trace of 1, their sum does not overflow.
  trace = np.trace(matrix)
  if not trace > 0:
    return 1.0
  shares = np.linalg.eigvalsh(matrix / trace)
  shares = shares[shares > 0]  # Round-off leaves some below zero; 0 log 0 is 0.
  shares /= shares.sum()
  return float(np.exp(-np.sum(shares * np.log(shares))))
