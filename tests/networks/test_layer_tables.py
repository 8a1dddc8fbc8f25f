"""Every network layer by layer: a table of each, which detects a change of any number."""

from __future__ import annotations

import inspect
import pathlib

import pytest

from tests.networks.small import IMAGE_NETWORKS
from tests.networks.tables import table
from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks import biggan, sngan
from tfgan_pipeline.networks.blocks.plans import Plan
from tfgan_pipeline.networks.spec import NetworkSpec

GREY, TINY, TOLD = (28, 28, 1), (8, 8, 3), frozenset({'generator', 'discriminator'})
# Residual networks get a plan for 8x8 that there is in this test only.
PLAN, DEEP_PLAN = Plan((3, 2), (4,), (5,)), Plan((3, 2), (4,))
# Name in layer_tables.txt -> (call, image shape, length of the noise, roles that know the class).
CASES = {
  'dcgan': ('dcgan', GREY, 20, ()),
  'dcgan, many halvings': ('dcgan(filters=2, max_filters=5, kernel=5)', (50, 50, 3), 20, ()),
  'dcgan, spectral': ('dcgan(discriminator_norm=spectral)', (16, 16, 1), 20, ()),
  'dcgan_textbook': ('dcgan_textbook', GREY, 20, ()),
  'dcgan_upsampling': ('dcgan_upsampling', GREY, 100, ()),
  'dcgan_celeba': ('dcgan_celeba', (28, 28, 3), 100, ()),
  'dcgan_interpolation': ('dcgan_interpolation', GREY, 100, ()),
  'mlp': ('mlp', GREY, 20, ()),
  'mlp_relu': ('mlp_relu', GREY, 100, ()),
  'mlp_softplus': ('mlp_softplus', GREY, 2, ()),
  'points_mlp': ('points_mlp', (2, 2, 1), 2, ()),
  'sndcgan': ('sndcgan(filters=2)', (16, 24, 3), 128, ()),
  'sngan': ('sngan(filters=8)', TINY, 20, ()),
  'sngan, told the class': ('sngan(filters=8)', TINY, 20, TOLD),
  'sagan': ('sagan(filters=8, attention=4)', TINY, 20, TOLD),
  'biggan': ('biggan(filters=8, attention=8, embedding=6)', TINY, 20, TOLD),
  'biggan_deep': ('biggan_deep(filters=8, attention=4, embedding=6)', TINY, 20, TOLD),
  'r3gan': ('r3gan(filters=16, blocks=1, group=4)', TINY, 20, TOLD),
  'r3gan, other sizes': (
    'r3gan(filters=8, blocks=2, group=2, expansion=3, embedding=5)',
    (64, 64, 1),
    20,
    {'generator'},
  ),
  'gat': ('gat(width=8, depth=2, heads=2)', TINY, 20, TOLD),
  'gat, at every depth': ('gat(8, 3, 4, patch=2, outputs=3, reference_width=4)', TINY, 20, ()),
  'stylegan2': ('stylegan2(filters=8, latent=6, mapping=2)', TINY, 20, TOLD),
  'stylegan2, plain': ('stylegan2(8, 6, 1, residual=False, group=0)', (16, 16, 1), 20, ()),
}
DEFAULTS = {
  'biggan': {'filters': 96, 'attention': 64, 'embedding': 128},
  'biggan_deep': {'filters': 128, 'attention': 64, 'embedding': 128},
  'dcgan': {
    'filters': 64,
    'max_filters': 512,
    'kernel': 4,
    'discriminator_norm': 'batch',
    'minibatch': '',
  },
  'dcgan_celeba': {},
  'dcgan_interpolation': {'filters': 50},
  'dcgan_textbook': {'dropout': 0.3},
  'dcgan_upsampling': {'dropout': 0.25},
  'gat': {
    **{'width': 128, 'depth': 6, 'heads': 4, 'patch': 4, 'outputs': 1, 'reference_width': 128},
  },
  'mlp': {'units': 100, 'dropout': 0.5},
  'mlp_relu': {'units': 128},
  'mlp_softplus': {'units': 500},
  'points_mlp': {'units': 128, 'hidden': 2},
  'r3gan': {'filters': 768, 'blocks': 2, 'group': 16, 'expansion': 2, 'embedding': 64},
  'sagan': {'filters': 64, 'attention': 32},
  'sndcgan': {'filters': 64, 'minibatch': ''},
  'sngan': {'filters': 64, 'minibatch': ''},
  'stylegan2': {'filters': 512, 'latent': 512, 'mapping': 8, 'residual': True, 'group': 4},
}


def read_tables() -> dict[str, list[str]]:
  """Reads the layers of every network, by a name such as 'dcgan, generator'."""
  text = pathlib.Path(__file__).with_name('layer_tables.txt').read_text()
  parts = (part.split(']', 1) for part in text.split('\n[')[1:])
  return {name: ' '.join(lines.split()).split(', ') for name, lines in parts}


EXPECTED = read_tables()


def build(name: str):
  call, shape, noise, told = CASES[name]
  return registry.network.build(
    call, NetworkSpec.of_images(shape, 10, noise, labelled=frozenset(told))
  )


@pytest.fixture(autouse=True)
def plan_for_8(monkeypatch):
  for plans, plan in ((sngan.PLANS, PLAN), (biggan.PLANS, PLAN), (biggan.DEEP_PLANS, DEEP_PLAN)):
    monkeypatch.setitem(plans, 8, plan)


@pytest.mark.parametrize('name', CASES)
def test_layers(name):
  for role, network in build(name).items():
    assert table(network).split('\n') == EXPECTED[f'{name}, {role}']


def test_every_network_has_a_table_and_the_documented_defaults():
  assert {call.split('(')[0] for call, *_ in CASES.values()} == set(IMAGE_NETWORKS)
  assert set(EXPECTED) == {f'{name}, {role}' for name in CASES for role in TOLD}
  found = {}
  for name in IMAGE_NETWORKS:
    parameters = inspect.signature(registry.network.function(name)).parameters.values()
    found[name] = {one.name: one.default for one in parameters if one.default is not one.empty}
  assert found == DEFAULTS


@pytest.mark.parametrize(
  'name, least',
  [
    ('biggan', dict(filters=1, embedding=1)),
    ('biggan_deep', dict(filters=1, embedding=1)),
    ('dcgan', dict(filters=1, max_filters=1, kernel=1)),
    ('dcgan_interpolation', dict(filters=2)),
    ('gat', dict(width=1, depth=1, heads=1, patch=2, outputs=1, reference_width=1)),
    ('mlp', dict(units=1, dropout=0)),
    ('mlp_relu', dict(units=1)),
    ('mlp_softplus', dict(units=1)),
    ('points_mlp', dict(units=1, hidden=1)),
    ('r3gan', dict(filters=1, blocks=1, group=1, expansion=1, embedding=1)),
    ('sagan', dict(filters=1)),
    ('sndcgan', dict(filters=1)),
    ('sngan', dict(filters=1)),
    ('stylegan2', dict(filters=1, latent=1, mapping=1)),
  ],
)
def test_bounds_of_arguments(name, least):
  """Least arguments are accepted, or refused for the images alone; one less is refused by name."""
  function = registry.network.function(name)
  spec = NetworkSpec.of_images(GREY if 'interpolation' in name else (9, 10, 3), 10, 4)
  try:
    assert set(function(spec, **least)) == TOLD
  except UsageError as error:
    assert 'images should be' in str(error)
  for argument, value in least.items():
    with pytest.raises(ValueError, match=f'{argument}={value - 1} should be at least {value}'):
      function(spec, **{**least, argument: value - 1})


@pytest.mark.parametrize('name', IMAGE_NETWORKS)
def test_sides_are_checked_one_by_one(name):
  """Refuses shapes of which only the height or only the width does not fit."""
  call, shape, noise, _ = next(case for case in CASES.values() if case[0].split('(')[0] == name)
  for place in (0, 1):
    other = tuple(side + (number == place) for number, side in enumerate(shape))
    if name not in ('dcgan', 'mlp', 'mlp_relu', 'mlp_softplus'):
      with pytest.raises(UsageError, match=f'--networks={name}: .*images should be'):
        registry.network.build(call, NetworkSpec.of_images(other, 10, noise))
