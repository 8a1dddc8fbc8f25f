"""Scores under their full names, as numbers that JSON has."""

import json

import numpy as np
import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.measure import named_scores


def test_scores_are_numbers_that_json_has():
  values = {'a': np.float32(0.5), 'b': tf.constant(2.5), 'c': np.int64(3), 'd': 4, 'e': 1e-9}
  scores = named_scores('mine()', values, '[means]')
  assert json.loads(json.dumps(scores)) == {
    f'{name}[means]': float(v) for name, v in values.items()
  }
  assert isinstance(scores['d[means]'], int)  # Counts stay as they were.


@pytest.mark.parametrize('value', [None, 'high', np.zeros(2), [1.0]])
def test_what_is_no_number_is_refused(value):
  with pytest.raises(UsageError, match=r'^mine\(\): its score a is \w+, no number$'):
    named_scores('mine()', {'a': value}, '')
