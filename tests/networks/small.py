"""Every registered network in a size that tests can afford."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.networks import biggan, sngan
from tfgan_pipeline.networks.blocks.plans import Plan
from tfgan_pipeline.training.spectral_norms import measure, values_of

# Networks from images to images and to maps of numbers; test_translators.py has their tests.
TRANSLATION = ('patchgan', 'resnet_translator', 'unet')
# Networks to larger images; test_super_resolution_networks.py has their tests.
SUPER_RESOLUTION = ('msrresnet', 'rrdbnet', 'srgan_discriminator', 'srresnet')
# Networks that are told a class; test_stargan_networks.py has their tests.
TOLD = ('stargan',)
# Networks of music and of series, which test_midinet.py and test_dcgan_series.py test.
IN_TIME = ('midinet', 'dcgan_series')
# Networks that read captions; test_text_networks.py has their tests.
TEXT = ('text_dcgan', 'text_encoder')
# Networks of games that make images from noise.
IMAGE_NETWORKS = [
  name
  for name in registry.network.components()
  if name not in (*TRANSLATION, *SUPER_RESOLUTION, *TOLD, *IN_TIME, *TEXT)
]

_COLOUR = (32, 32, 3)
_SMALL = {
  'points_mlp': ('points_mlp', (2, 2, 1)),
  'sngan': ('sngan(filters=4)', _COLOUR),
  'sndcgan': ('sndcgan(filters=4)', _COLOUR),
  'sagan': ('sagan(filters=4, attention=16)', _COLOUR),
  'biggan': ('biggan(filters=4, attention=16, embedding=8)', _COLOUR),
  'biggan_deep': ('biggan_deep(filters=8, attention=16, embedding=8)', _COLOUR),
  'gat': ('gat(width=8, depth=2, heads=2)', (16, 16, 3)),
  'r3gan': ('r3gan(filters=16, blocks=1, group=8)', (16, 16, 3)),
  'stylegan2': ('stylegan2(filters=8, latent=8, mapping=2)', (16, 16, 3)),
}


def small(name: str) -> tuple[str, tuple[int, int, int]]:
  """Returns (call string, image shape) of a network; by default its own name and 28x28 grey."""
  assert name in registry.network.components()
  return _SMALL.get(name, (name, (28, 28, 1)))


def smallest(name: str, monkeypatch) -> tuple[str, tuple[int, int, int]]:
  """Returns (call string, image shape) of a network that is quick to trace.

  Residual networks get a plan for 8x8, which exists in tests only; their layers are those of 32x32.
  """
  plan = Plan((2, 2), (2,), (2,))
  for plans in (sngan.PLANS, biggan.PLANS, biggan.DEEP_PLANS):
    monkeypatch.setitem(plans, 8, plan)
  text, shape = small(name)
  text, side = text.replace('attention=16', 'attention=4'), 8
  return (text, (side, side, 1)) if shape[2] == 3 else (text, shape)


def spectral_norms(role, network):
  """Returns the spectral norms of a network as health has them."""
  measured = {name: tensor.numpy() for name, tensor in measure(role, network).items()}
  return values_of(role, network, measured)
