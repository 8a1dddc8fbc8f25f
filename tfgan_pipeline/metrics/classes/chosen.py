"""Agreement of generated samples with the class or code that they were requested with."""

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
  """Share of generated samples that the extractor takes for the class that was requested.

  The classification accuracy in ACGAN's evaluation (Odena et al. 2017, arXiv:1610.09585, section
  4.2). The score cannot exceed what the extractor recognises: `tfgan-classifier` prints its
  accuracy.

  Args:
    reference: Not used.
    generated: M generated samples with logits, and with the requested classes as labels.

  Returns:
    label_agreement: Share over all samples, between 0 and 1.
    label_agreement_worst: Share within the class that has the lowest.

  Raises:
    UsageError: There are no labels or no logits, or a label has no logit.
  """
  del reference
  classes, logits = _require_values(generated.labels, 'labels'), generated.require_logits()
  if classes.max() >= logits.shape[1]:
    raise UsageError(
      f'a sample of class {classes.max()} was asked for, and the extractor knows {logits.shape[1]}'
    )
  hits = logits.argmax(axis=1) == classes
  return {
    'label_agreement': float(hits.mean()),
    'label_agreement_worst': float(
      min(hits[classes == label].mean() for label in np.unique(classes))
    ),
  }


@registry.metric
@higher_is_better('code_purity', 'code_classes')
@needs('codes')
def code_purity(reference: Features, generated: Features) -> dict[str, float]:
  """Agreement between the categories of a code learnt without labels and the classes of samples.

  Each category stands for the class that most of its samples are taken for. The share of samples
  that are of their category's class is the purity of a clustering (Manning et al. 2008,
  Introduction to Information Retrieval, section 16.3), here with the extractor as the judge.

  Args:
    reference: Not used.
    generated: M generated samples with logits, and with the codes that they were made from.

  Returns:
    code_purity: Purity, between 0 and 1. It is high, too, if all categories stand for one class,
      which code_classes shows.
    code_classes: Number of different classes that categories stand for.

  Raises:
    UsageError: There are no codes or no logits.
  """
  del reference
  codes, logits = _require_values(generated.codes, 'codes'), generated.require_logits()
  # [categories, classes]
  counts = np.zeros((codes.max() + 1, logits.shape[1]))
  np.add.at(counts, (codes, logits.argmax(axis=1)), 1)
  category_classes = counts[counts.sum(axis=1) > 0].argmax(axis=1)
  return {
    'code_purity': float(counts.max(axis=1).sum() / len(generated)),
    'code_classes': float(len(np.unique(category_classes))),
  }


def _require_values(values: np.ndarray | None, name: str) -> np.ndarray:
  """Returns `values`; raises UsageError if there are none."""
  if values is None:
    raise UsageError(f'{name} are needed: the generator was not asked for any')
  return values
