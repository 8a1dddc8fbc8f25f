"""Inception Score: how certain a classifier is of each sample, and how varied its answers are.

    inception_score(reference, generated)       # looks at generated.logits only

The pool features and the reference play no part: a generator that copies one image per class gets
the highest score possible.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.cautions import warns
from tfgan_pipeline.metrics.features import Features, needs_logits
from tfgan_pipeline.metrics.ranking import higher_is_better

# Samples per split and class from which the class frequencies of a split are fairly well known; a
# split of 1,000 samples, as in evaluations of 10,000, is taken for enough of any number of classes.
_FEW_PER_CLASS, _ENOUGH = 10, 1000


def _few_per_split(reference: Features, generated: Features, *, splits: int, **_: object) -> str:
  del reference
  size = len(generated) // splits
  if size >= min(_FEW_PER_CLASS * generated.require_logits().shape[1], _ENOUGH):
    return ''
  return (
    f'of splits of {size} samples, which cannot score above {size} and score too low; take more '
    'samples, or splits=1'
  )


@registry.metric
@warns(_few_per_split)
@higher_is_better('inception_score')
@needs_logits
def inception_score(
  reference: Features, generated: Features, *, splits: int = 10, seed: int = 0
) -> dict[str, float]:
  """Inception Score: mean and standard deviation over splits of the generated samples.

  Salimans et al. 2016 (arXiv:1606.03498), section 4: exp(mean KL(p(y|x) || p(y))), between 1 and K,
  and never above the number of samples in a split: splits of one sample score exactly 1.

  Args:
    reference: Not used.
    generated: M samples with logits [M, K].
    splits: Number of parts, each scored by itself; their sizes differ by one sample at most.
    seed: Seed of the permutation before the split, drawn by numpy's PCG64.

  Returns:
    inception_score: Mean over the splits.
    inception_score_std: Standard deviation over the splits, ddof=0.

  Raises:
    UsageError: There are no logits or fewer samples than splits, or an argument is out of range.
  """
  del reference
  logits = generated.require_logits()
  if not 1 <= splits <= len(logits):
    raise UsageError(
      f'splits={splits} should be between 1 and the number of samples, {len(logits)}'
    )
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  order = np.random.Generator(np.random.PCG64(seed)).permutation(len(logits))
  ends = np.arange(splits + 1) * len(logits) // splits  # The paper's code splits so.
  scores = [_score(logits[order[start:stop]]) for start, stop in zip(ends, ends[1:])]
  return {'inception_score': float(np.mean(scores)), 'inception_score_std': float(np.std(scores))}


def _score(logits: np.ndarray) -> float:
  """Returns exp(mean KL(p(y|x) || p(y))) of logits [M, K].

  Everything is computed from logarithms, as p log p of an underflowed p would be NaN.
  """
  log_p = log_probabilities(logits)
  log_marginal = _log_sum_exp(log_p, axis=0) - np.log(len(log_p))
  divergence = np.sum(np.exp(log_p) * (log_p - log_marginal), axis=1)
  return float(np.exp(divergence.mean()))


def log_probabilities(logits: np.ndarray) -> np.ndarray:
  """Returns log p(y|x), float64 [M, K], of logits [M, K]."""
  logits = logits.astype(np.float64)
  return logits - _log_sum_exp(logits, axis=1)


def _log_sum_exp(values: np.ndarray, *, axis: int) -> np.ndarray:
  largest = values.max(axis=axis, keepdims=True)
  return largest + np.log(np.exp(values - largest).sum(axis=axis, keepdims=True))
