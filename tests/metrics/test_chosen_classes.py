"""Agreement with labels that were asked for, and purity of learnt codes, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.classes.chosen import code_purity, label_agreement
from tfgan_pipeline.metrics.features import Features

REAL = Features(np.zeros((2, 1)))


def seen_as(classes: list[int], **chosen) -> Features:
  """Returns samples that the extractor takes for the given ones of 4 classes."""
  logits = np.eye(4)[classes] - 0.5
  chosen = {name: np.array(values) for name, values in chosen.items()}
  return Features(np.zeros((len(classes), 1)), logits, **chosen)


def test_label_agreement():
  samples = seen_as([0, 0, 1, 1, 2, 3], labels=[0, 0, 1, 0, 1, 3])
  assert label_agreement(REAL, samples) == {
    'label_agreement': pytest.approx(4 / 6),
    'label_agreement_worst': 0.5,  # Of class 1.
  }


def test_code_purity_is_blind_to_the_order_of_codes():
  samples = seen_as([3, 3, 1, 2, 2, 2], codes=[0, 0, 0, 2, 2, 2])  # Nothing is made with code 1.
  assert code_purity(REAL, samples) == {'code_purity': pytest.approx(5 / 6), 'code_classes': 2}


def test_pure_codes_may_all_be_of_one_class():
  samples = seen_as([1, 1, 1, 1], codes=[0, 1, 2, 3])
  assert code_purity(REAL, samples) == {'code_purity': 1, 'code_classes': 1}


@pytest.mark.parametrize(
  'metric, samples, message',
  [
    (label_agreement, seen_as([0, 1], codes=[0, 1]), 'labels are needed'),
    (code_purity, seen_as([0, 1], labels=[0, 1]), 'codes are needed'),
    (label_agreement, seen_as([0, 1], labels=[0, 4]), 'class 4 was asked for.*knows 4'),
    (code_purity, Features(np.zeros((2, 1)), codes=np.array([0, 1])), 'logits are needed'),
  ],
)
def test_what_is_missing_is_said(metric, samples, message):
  with pytest.raises(UsageError, match=message):
    metric(REAL, samples)
