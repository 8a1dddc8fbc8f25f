"""Hyper-parameters of every metric: published defaults, and bounds to their very end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.kinds import METRICS
from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError

COMPONENTS = [
  *((registry.metric, name) for name in METRICS),
  *((registry.image_metric, name) for name in registry.image_metric.components()),
]
every_metric = pytest.mark.parametrize('kind, name', COMPONENTS, ids=[n for _, n in COMPONENTS])

# Those of the papers or of the code that their tables were made with, named in each docstring.
DEFAULTS = {
  'class_histogram': {},
  'code_purity': {},
  'fid': {'ddof': 1},
  'fid_infinity': {'points': 15, 'seed': 0, 'ddof': 1},
  'inception_score': {'splits': 10, 'seed': 0},
  'intra_class_fid': {'worst': 3, 'ddof': 1},
  'kid': {'subsets': 100, 'subset_size': 1000, 'seed': 0, 'kernel': 'polynomial'},
  'label_agreement': {},
  'memorised': {},
  'signals': {'seed': 0},
  'mifid': {'epsilon': 0.1},
  'mind': {'directions': 1000, 'seed': 0},
  'mode_coverage': {'deviations': 3},
  'ms_ssim': {'pairs': 1000, 'seed': 0},
  'prdc': {'k': 5},
  'precision_recall': {'k': 3},
  'reference_geometry': {'k': 5},
  'sliced_wasserstein': {
    'images': 8192,
    'patches': 64,
    'projections': 512,
    'normalise': 'channel',
    'seed': 0,
  },
  'vendi': {},
}

# Two sets of so many samples, and what each number may be for them: the least and the most, which
# is None where there is none.
REAL, FAKE = 40, 30
BOUNDS = {
  'ddof': (0, 1),
  'points': (3, FAKE // 2),
  'seed': (0, None),
  'kid seed': (0, 2**32 - 1),
  'splits': (1, FAKE),
  'worst': (0, None),
  'subsets': (1, None),
  'subset_size': (2, None),
  'deviations': (float(np.nextafter(0, 1)), None),
  'k': (1, FAKE - 1),
  'reference_geometry k': (1, REAL - 1),
  'epsilon': (float(np.nextafter(0, 1)), None),
  'pairs': (1, None),
  'images': (1, None),
  'patches': (1, None),
  'projections': (1, None),
  'directions': (1, None),
}


@pytest.fixture
def score(sample, chosen):
  """A function that scores two small sets by a call string."""
  features = chosen(sample(0, REAL)), chosen(sample(1, FAKE))
  images = np.random.default_rng(0).integers(0, 256, (2, 5, 11, 11, 1), np.uint8)

  def score(kind, text):
    return kind.build(text, *(features if kind is registry.metric else images))

  return score


@every_metric
def test_defaults_are_the_published_ones(kind, name):
  parameters = kind.components()[name].parameters
  assert {parameter.name: parameter.default for parameter in parameters} == DEFAULTS[name]


@every_metric
def test_bounds_are_taken_and_what_is_next_to_them_is_refused(kind, name, score):
  for parameter in kind.components()[name].parameters:
    if parameter.annotation == 'str':
      continue
    least, most = BOUNDS.get(f'{name} {parameter.name}', BOUNDS.get(parameter.name))
    step = 1 if parameter.annotation == 'int' else least
    for taken, refused in (least, least - step), (most, most and most + step):
      if taken is not None:
        score(kind, f'{name}({parameter.name}={taken})')
        with pytest.raises(UsageError, match=f'{parameter.name}={refused}'):
          score(kind, f'{name}({parameter.name}={refused})')


@pytest.mark.parametrize(
  'metric, field', [('label_agreement', 'labels'), ('code_purity', 'codes'), ('fid', None)]
)
def test_metrics_say_which_field_of_generated_samples_they_need(metric, field):
  assert getattr(registry.metric.function(metric), 'needs', None) == field


def test_only_the_distance_within_classes_needs_labels_of_real_images():
  needing = [
    name
    for name in registry.metric.components()
    if getattr(registry.metric.function(name), 'needs_real_labels', False)
  ]
  assert needing == ['intra_class_fid']
