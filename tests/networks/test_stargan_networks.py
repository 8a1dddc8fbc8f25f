"""StarGAN's networks: counts of their authors, what outputs depend on, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.sizes import of_any_size, stride_of
from tfgan_pipeline.networks.spec import Kind, NetworkSpec, Port, Role


def build(text: str, sides, classes: int = 5, channels: int = 3):
  image = Port((*sides, channels))
  reads = {'image': image, **({'classes': Port((classes,))} if classes else {})}
  roles = {
    'generator': Role(Kind.TRANSLATOR, reads, image),
    'discriminator': Role(
      Kind.PATCH_READER,
      {'image': image},
      Port((None, None, 1 + classes)),
    ),
  }
  return registry.network.build(text, NetworkSpec(roles))


def random_images(*shape):
  return tf.random.stateless_uniform(shape, [1, 2], -1, 1)


@pytest.mark.parametrize('side, count', [(128, 44_762_048), (256, 44_884_928)])
def test_counts_of_the_authors(side, count):
  networks = build('stargan', (side, side))
  assert networks['generator'].count_params() == 8_430_528
  assert networks['discriminator'].count_params() == count
  assert networks['discriminator'].output_shape == (None, side // 64, side // 64, 6)


@pytest.mark.parametrize('precision', ['float32', 'mixed_bfloat16'])
@pytest.mark.parametrize(
  'sides, classes, layers', [((32, 32), 5, 5), ((64, 64), 1, 6), ((16, 24), 3, 3), ((8, 8), 0, 2)]
)
def test_outputs_depend_on_their_own_picture_and_classes(sides, classes, layers, precision):
  keras.mixed_precision.set_global_policy(precision)
  try:
    networks = build(f'stargan(filters=4, blocks=1, layers={layers})', sides, classes)
  finally:
    keras.mixed_precision.set_global_policy('float32')
  images, vectors = random_images(3, *sides, 3), tf.eye(3, max(classes, 1))
  generator, reader = networks['generator'], networks['discriminator']
  outputs = generator([images, vectors] if classes else images)
  assert outputs.shape == images.shape and outputs.dtype == tf.float32
  assert 0 < np.ptp(outputs) and np.abs(outputs).max() <= 1
  if classes:
    assert not np.allclose(outputs, generator([images, 1 - vectors]))
  logits = reader(images)
  height, width = (side // 2**layers for side in sides)
  assert logits.shape == (3, height, width, 1 + classes) and logits.dtype == tf.float32
  assert np.ptp(logits[..., 0]) > 0
  ofclasses = logits[..., 1:]
  np.testing.assert_array_equal(ofclasses, np.broadcast_to(ofclasses[:, :1, :1], ofclasses.shape))
  assert {variable.dtype for variable in generator.variables + reader.variables} == {tf.float32}


def test_the_translator_takes_pictures_of_other_sizes():
  networks = build('stargan(filters=2, blocks=1, layers=2)', (16, 16))
  assert stride_of(networks['generator']) == 4
  larger = of_any_size(networks)['generator']([random_images(2, 24, 32, 3), tf.eye(2, 5)])
  assert larger.shape == (2, 24, 32, 3)


@pytest.mark.parametrize(
  'text, sides, message',
  [
    ('stargan', (32, 32), r'stargan\(layers=6\): sides .* multiples of 64, not 32x32; .*fewer'),
    ('stargan(layers=2)', (30, 32), 'stargan: sides of images should be multiples of 4, not 30x32'),
    ('stargan(layers=2)', (4, 8), 'should be equal, and at least 8, not 4x8 and 4x8'),
    ('stargan(filters=0)', (64, 64), 'filters=0 should be at least 1'),
    ('stargan(layers=0)', (64, 64), 'layers=0 should be at least 1'),
    ('stargan(blocks=-1)', (64, 64), 'blocks=-1 should be at least 0'),
  ],
)
def test_what_does_not_fit_is_refused(text, sides, message):
  with pytest.raises(UsageError, match=message):
    build(text, sides)
