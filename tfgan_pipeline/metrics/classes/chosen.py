"""Whether generated samples are of the class, or show the code, that was asked for."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features, needs
from tfgan_pipeline.metrics.ranking import higher_is_better


@registry.metric
@higher_is_better('label_agreement', 'label_agreement_worst')
@needs('labels')
def label_agreement(reference: Features, generated: Features) -> dict[str, float]:
  """Share of generated samples that the extractor takes for the class that was asked for.

  The classification accuracy of ACGAN's evaluation (Odena et al. 2017, arXiv:1610.09585, section
  4.2). The extractor's own accuracy bounds what it can see: `tfgan-classifier` prints it.

  Args:
    reference: Not needed.
    generated: M generated samples with logits, and as labels what was asked for.

  Returns:
    label_agreement: Between 0 and 1.
    label_agreement_worst: Of the class that has least of it.

  Raises:
    UsageError: There are no labels or no logits, or labels that the logits do not have.
  """
  del reference
  asked, logits = _asked(generated.labels, 'labels'), generated.require_logits()
  if asked.max() >= logits.shape[1]:
    raise UsageError(
      f'a sample of class {asked.max()} was asked for, and the extractor knows {logits.shape[1]}'
    )
  right = logits.argmax(axis=1) == asked
  return {
    'label_agreement': float(right.mean()),
    'label_agreement_worst': float(min(right[asked == label].mean() for label in np.unique(asked))),
  }


@registry.metric
@higher_is_better('code_purity', 'code_classes')
@needs('codes')
def code_purity(reference: Features, generated: Features) -> dict[str, float]:
  """Whether the categories of a code that was learnt without labels are classes.

  Each category stands for the class that most of its samples are taken for. The share of samples
  that are of their category's class is the purity of a clustering (Manning et al. 2008,
  Introduction to Information Retrieval, section 16.3), here with the extractor as the judge.

  Args:
    reference: Not needed.
    generated: M generated samples with logits, and with the codes that they were made of.

  Returns:
    code_purity: Between 0 and 1. Categories that all stand for one class are pure too, so see:
    code_classes: How many classes categories stand for.

  Raises:
    UsageError: There are no codes or no logits.
  """
  del reference
  codes, logits = _asked(generated.codes, 'codes'), generated.require_logits()
  counts = np.zeros((codes.max() + 1, logits.shape[1]))
  np.add.at(counts, (codes, logits.argmax(axis=1)), 1)
  stands_for = counts[counts.sum(axis=1) > 0].argmax(axis=1)
  return {
    'code_purity': float(counts.max(axis=1).sum() / len(generated)),
    'code_classes': float(len(np.unique(stands_for))),
  }


def _asked(values: np.ndarray | None, name: str) -> np.ndarray:
  if values is None:
    raise UsageError(f'{name} are needed: the generator was not asked for any')
  return values
