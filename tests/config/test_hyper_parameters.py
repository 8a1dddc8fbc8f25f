"""Every component refuses hyper-parameters that are out of range."""

import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError, require

KINDS = (registry.penalty, registry.discriminator_augmentation, registry.optimizer)
NUMBERS = [
  pytest.param(kind, name, parameter, id=f'{name}-{parameter.name}')
  for kind in KINDS
  for name, component in kind.components().items()
  for parameter in component.parameters
  if parameter.annotation in ('int', 'float')
]


@pytest.mark.parametrize('kind, name, parameter', NUMBERS)
def test_minus_two_is_refused_by_name(kind, name, parameter):
  value = '-2' if parameter.annotation == 'int' else '-2.0'
  with pytest.raises(UsageError, match=f'{parameter.name}={value}:? should be (at least|above)'):
    kind.build(f'{name}({parameter.name}={value})')


@pytest.mark.parametrize(
  'kind, text',
  [
    (registry.penalty, 'wasserstein_gradient(target=0.0)'),
    (registry.penalty, 'consistency(shift=2.0)'),
    (registry.penalty, 'r1(gamma=1e999)'),
    (registry.discriminator_augmentation, 'adaptive_augment(target=5.0)'),
    (registry.discriminator_augmentation, 'fixed_augment(p=1.5)'),
    (registry.optimizer, 'adam(beta_1=1.0)'),
    (registry.optimizer, 'rmsprop(rho=2.0)'),
  ],
)
def test_above_its_range(kind, text):
  with pytest.raises(UsageError, match='should be'):
    kind.build(text)


def test_schedules():
  for text in ('exponential(steps=5, factor=-1.0)', 'linear(steps=0)', 'cosine(steps=5, start=-1)'):
    with pytest.raises(UsageError, match='schedule: .* should be'):
      registry.schedule.build(text, 0.1)


def test_all_bounds():
  require('--flag', at_least=0, at_most=1, zero=0, one=1)
  for bounds, value, wanted in (
    (dict(at_least=0), -1, 'at least 0'),
    (dict(above=0, below=1), 1, 'above 0 and less than 1'),
    (dict(above=0), 0.0, 'above 0'),
    (dict(at_most=2), 3, 'at most 2'),
    (dict(at_least=0), float('nan'), 'at least 0'),
    ({}, float('inf'), 'finite'),
  ):
    with pytest.raises(UsageError) as raised:
      require('--flag', value=value, **bounds)
    assert str(raised.value) == f'--flag: value={value} should be {wanted}'
