"""Hyper-parameters of every loss and penalty: published defaults, and bounds to their very end."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.losses.penalties import Penalty

COMPONENTS = [
  (kind, name) for kind in (registry.loss, registry.penalty) for name in kind.components()
]
every_component = pytest.mark.parametrize('kind, name', COMPONENTS, ids=[n for _, n in COMPONENTS])

# What the paper named in each docstring takes, or plain cross-entropy, squares and hinges.
DEFAULTS = {
  'minimax': {'label_smoothing': 0, 'two_sided': False, 'label_noise': 0},
  'modified': {'label_smoothing': 0, 'two_sided': False, 'label_noise': 0},
  'least_squares': {'real_label': 1, 'generated_label': 0},
  'wasserstein': {},
  'wasserstein_hinge': {'real_hinge': 1, 'generated_hinge': 1},
  'relativistic': {},
  'relativistic_pairing': {},
  'consistency': {'real_weight': 10, 'generated_weight': 10, 'flip': True, 'shift': 1 / 8},
  'dragan': {'weight': 10, 'reach': 0.5},
  'feature_matching': {'weight': 1},
  'lecam': {'weight': 0.3, 'decay': 0.99, 'one_sided': False, 'start': 0},
  'orthogonal': {'weight': 1e-4, 'player': 'generator'},
  'r1': {'gamma': 10, 'interval': 1, 'approximate': False, 'step': 0.01},
  'r2': {'gamma': 10, 'interval': 1, 'approximate': False, 'step': 0.01},
  'wasserstein_gradient': {'weight': 10, 'target': 1, 'one_sided': False},
  'weight_decay': {'weight': 1e-4, 'player': 'discriminator'},
}

# Of every parameter that is a number, the least that is taken and the most, None if there is none.
TINY, BELOW_ONE = np.nextafter(0, 1), np.nextafter(1, 0)
BOUNDS = {
  'label_smoothing': (0, 1),
  'label_noise': (0, 1),
  'real_label': (None, None),
  'generated_label': (None, None),
  'real_hinge': (None, None),
  'generated_hinge': (None, None),
  'weight': (0, None),
  'real_weight': (0, None),
  'generated_weight': (0, None),
  'shift': (0, BELOW_ONE),
  'reach': (0, None),
  'decay': (0, BELOW_ONE),
  'start': (0, None),
  'gamma': (0, None),
  'interval': (1, None),
  'step': (TINY, None),
  'target': (TINY, None),
}


def numbers(kind, name):
  """Names of the parameters that are numbers, each with the function that gives the next one."""
  steps = {
    'int': lambda value, up: int(value) + (1 if up else -1),
    'float': lambda value, up: float(np.nextafter(value, np.inf if up else -np.inf)),
  }
  for parameter in kind.components()[name].parameters:
    if parameter.annotation in steps:
      yield parameter.name, steps[parameter.annotation]


@every_component
def test_defaults_are_the_published_ones(kind, name):
  parameters = kind.components()[name].parameters
  assert {parameter.name: parameter.default for parameter in parameters} == DEFAULTS[name]
  kind.build(name)


@every_component
def test_bounds_are_taken_and_what_is_next_to_them_is_refused(kind, name):
  for parameter, step in numbers(kind, name):
    for bound, up in zip(BOUNDS[parameter], (False, True)):
      if bound is None:
        bound = 1e6 if up else -1e6
      else:
        with pytest.raises(UsageError, match=f'--(loss|penalties).* {parameter}='):
          kind.build(f'{name}({parameter}={step(bound, up)!r})')
      kind.build(f'{name}({parameter}={step(step(bound, up), not up)!r})')


def test_a_penalty_counts_at_every_step_unless_it_says_otherwise():
  for name in registry.penalty.components():
    assert registry.penalty.build(name).interval == 1, name
  assert registry.penalty.build('r1(interval=16)').interval == 16
  assert Penalty('generator', lambda model: 0.0).interval == 1


def test_what_penalties_remember_is_not_trained():
  for name in registry.penalty.components():
    for variable in registry.penalty.build(name).variables.values():
      assert not variable.trainable, name
      assert variable.numpy() == 0, name
