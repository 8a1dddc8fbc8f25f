"""Every network on rectangles: made to measure, or refused with the sizes that it takes."""

import pytest

from tests.networks.small import IMAGE_NETWORKS, smallest
from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.layers.attention import SelfAttention
from tfgan_pipeline.networks.spec import NetworkSpec

TOLD = frozenset({'generator', 'discriminator'})
# Made for one size, which a layer table of theirs shows.
FIXED = {
  'dcgan_celeba': '28x28',
  'dcgan_interpolation': '28x28',
  'dcgan_textbook': '28x28',
  'dcgan_upsampling': '28x28',
  'points_mlp': '2x2x1',
}


def build(text, shape):
  return registry.network.build(text, NetworkSpec.of_images(shape, 10, 20, labelled=TOLD))


@pytest.mark.parametrize('name', IMAGE_NETWORKS)
def test_rectangles_are_made_or_refused_with_the_sizes_there_are(name, monkeypatch):
  """Checks a wide picture in RGBA and a tall one in grey."""
  text, (side, *_) = smallest(name, monkeypatch)
  for shape in ((side, 2 * side, 4), (3 * side, side, 1)):
    if name in FIXED:
      with pytest.raises(UsageError) as raised:
        build(text, shape)
      message = str(raised.value)
      assert message.startswith(f'--networks={name}: images should be ') and '\n' not in message
      assert FIXED[name] in message and message.split('not ')[1].startswith(f'{shape[0]}x')
      continue
    networks = build(text, shape)
    assert networks['generator'].output_shape == (None, *shape)
    assert networks['discriminator'].input_shape[0] == (None, *shape)
    assert networks['discriminator'].output_shape == (None, 1)


@pytest.mark.parametrize(
  'text, shape, message',
  [
    (
      'sngan',
      (30, 64, 3),
      'sngan: the shorter side of images should be one of 32, 48, 64, 128, 256',
    ),
    (
      'sngan',
      (64, 72, 3),
      'sngan: beside a side of 64 the longer one of images should be a multip',
    ),
    (
      'sagan',
      (100, 48, 3),
      'sagan: beside a side of 48 the longer one of images should be a multi',
    ),
    ('stylegan2', (20, 64, 3), 'stylegan2: the shorter side of images should be 4 times a power'),
    (
      'r3gan',
      (16, 18, 3),
      'r3gan: beside a side of 16 the longer one of images should be a multip',
    ),
    ('sndcgan', (30, 64, 3), 'sndcgan: sides of images should be multiples of 8, not 30x64'),
    ('dcgan', (7, 64, 3), 'dcgan: images should be 8x8 or larger, not 7x64'),
  ],
)
def test_sides_that_cannot_be_halved_are_refused(text, shape, message):
  with pytest.raises(UsageError) as raised:
    build(text, shape)
  assert str(raised.value).startswith(f'--networks={message}')
  assert str(raised.value).endswith(f'{shape[0]}x{shape[1]}') or text == 'dcgan'


def test_each_side_of_dcgan_is_halved_by_itself():
  networks = build('dcgan(filters=2)', (30, 45, 3))
  maps = [layer.output_shape[1:3] for layer in networks['generator'].layers[-1].layers]
  sizes = [shape for shape in maps if len(shape) == 2]
  assert list(dict.fromkeys(sizes)) == [(4, 6), (8, 12), (16, 24), (15, 23), (30, 46), (30, 45)]


def test_attention_is_by_the_shorter_side(monkeypatch):
  smallest('sagan', monkeypatch)
  for side, expected in (
    (4, {'discriminator': [(4, 8), (4, 8)]}),
    (8, {'generator': [(8, 16)]}),
    (16, {}),
  ):
    networks = build(f'sagan(filters=4, attention={side})', (8, 16, 3))
    for role, network in networks.items():
      attends = [layer for layer in network.layers if isinstance(layer, SelfAttention)]
      assert [layer.output_shape[1:3] for layer in attends] == expected.get(role, [])
