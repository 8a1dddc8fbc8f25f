"""Translators and readers of patches: counts of their authors, receptive fields, and traps."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tests.networks.small import TRANSLATION
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import build_networks
from tfgan_pipeline.networks.layers.basic import batch_statistics, dropout_in_inference
from tfgan_pipeline.networks.layers.instance_norm import InstanceNorm
from tfgan_pipeline.networks.layers.padding import ReflectionPadding
from tfgan_pipeline.networks.spec import Kind, NetworkSpec, Port, Role
from tfgan_pipeline.replicas import randomness

SMALL = {
  'unet': 'unet(filters=4)',
  'resnet_translator': 'resnet_translator(filters=4, blocks=2)',
  'patchgan': 'patchgan(filters=4, layers=2)',
}


def roles(side, channels: int = 3, images: int = 1, target=None):
  sides = (side, side) if isinstance(side, int) else side
  image = Port((*sides, channels))
  names = ('image', 'source')[:images]
  return {
    'generator': Role(Kind.TRANSLATOR, {'image': image}, target or image),
    'discriminator': Role(
      Kind.PATCH_READER, {name: image for name in names}, Port((None, None, 1))
    ),
  }


def build(text: str, side=32, **options):
  (network,) = registry.network.build(text, NetworkSpec(roles(side, **options))).values()
  return network


def trained(network) -> int:
  return sum(variable.shape.num_elements() for variable in network.trainable_variables)


def random_images(*shape):
  return tf.random.stateless_uniform(shape, [1, 2], -1, 1)


@pytest.mark.parametrize(
  'text, side, images, count',
  [
    ('unet', 256, 1, 54_413_955),
    ('unet', 128, 1, 41_828_995),
    ('resnet_translator', 256, 1, 11_378_179),
    ('resnet_translator', 128, 1, 7_837_699),
    ('resnet_translator(blocks=6)', 256, 1, 7_837_699),
    ('patchgan(layers=0)', 256, 2, 9_024),
    ('patchgan(layers=1)', 256, 2, 139_585),
    ('patchgan(layers=2)', 256, 2, 666_433),
    ('patchgan', 256, 2, 2_768_705),
    ('patchgan(layers=4)', 256, 2, 6_964_033),
    ('patchgan(layers=5)', 256, 2, 11_159_361),
    ('patchgan(norm=instance)', 256, 1, 2_764_737),
  ],
)
def test_counts_of_the_authors(text, side, images, count):
  network = build(text, side, images=images)
  assert trained(network) == count
  assert ('norm=instance' in text) <= (network.count_params() == count)


@pytest.mark.parametrize('layers, field', [*enumerate((1, 16, 34, 70, 142, 286))])
def test_receptive_fields(layers, field):
  """Looks at which pixels a logit in the middle changes with, along one side."""
  side = 4 * field if field > 1 else 8
  network = build(
    f'patchgan(filters=1, layers={layers}, norm=none)', (side, 32 * 2**layers), channels=1
  )
  image = tf.Variable(random_images(1, side, 32 * 2**layers, 1))
  with tf.GradientTape() as tape:
    logits = network(image)
    one = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
  rows = np.flatnonzero(np.abs(tape.gradient(one, image).numpy()).sum((0, 2, 3)))
  assert np.ptp(rows) + 1 == field


def test_a_map_of_patches_is_that_of_the_reference():
  assert build('patchgan', 256).output_shape == (None, 30, 30, 1)
  assert build('patchgan(layers=0)', 64).output_shape == (None, 64, 64, 1)


@pytest.mark.parametrize('precision', ['float32', 'mixed_bfloat16'])
@pytest.mark.parametrize('norm', ['batch', 'instance', 'none'])
@pytest.mark.parametrize('name', TRANSLATION)
def test_contract(name, norm, precision):
  """Checks shapes, ranges and dtypes, and that outputs depend on their own input alone."""
  data = Fields(
    image_a=Fields.of_images((32, 64, 1))['image'], image_b=Fields.of_images((32, 64, 3))['image']
  )
  text = SMALL[name].replace(')', f', norm={norm})')
  others = {'patchgan': 'unet(filters=2)'}.get(name, 'patchgan(filters=2, layers=1)')
  networks = build_networks(
    tiny_experiment('', networks=f'{text}, {others}', model='pix2pix'), data, precision=precision
  )
  assert {variable.dtype for network in networks.values() for variable in network.variables} == {
    tf.float32
  }
  source, target = random_images(3, 32, 64, 1), random_images(3, 32, 64, 3)
  outputs = networks['generator_ab'](source)
  assert outputs.shape == target.shape and outputs.dtype == tf.float32
  assert 0 < np.ptp(outputs) and np.abs(outputs).max() <= 1
  np.testing.assert_allclose(
    networks['generator_ab'](source[1:2])[0], outputs[1], atol=1e-2 if 'b' in precision else 1e-6
  )
  logits = networks['discriminator_b']([target, source])
  assert logits.dtype == tf.float32 and logits.shape[0] == 3 and np.ptp(logits) > 0
  assert not np.allclose(logits, networks['discriminator_b']([target, source[::-1]]))


@pytest.mark.parametrize('norm', ['batch', 'instance'])
def test_a_single_picture_reaches_the_output_through_the_innermost_map(norm):
  """Checks the bottleneck of 1x1 at batch 1, where a normalisation would make everything 0."""
  network = build(f'unet(filters=2, norm={norm})', 16)
  inner = next(layer for layer in network.layers if layer.output_shape[1:3] == (1, 1))
  image = tf.Variable(random_images(1, 16, 16, 3))
  with tf.GradientTape() as tape:
    with batch_statistics(), randomness.scope(randomness.key(0)):
      output = network(image, training=True)
    value = tf.reduce_sum(output * random_images(1, 16, 16, 3))
  assert np.abs(tape.gradient(value, inner.kernel)).max() > 0


def test_batch_normalisation_of_a_single_1x1_map_forgets_the_picture():
  """Shows the trap that the test above is about: what a norm at the bottleneck would give."""
  norm = keras.layers.BatchNormalization()
  maps = random_images(2, 1, 1, 4)
  for one in (maps[:1], maps[1:]):
    np.testing.assert_array_equal(norm(one, training=True), np.zeros([1, 1, 1, 4]))


def test_dropout_stands_from_the_fifth_halving_on_and_can_be_kept_in_inference():
  network = build('unet(filters=2)', 128)
  rates = [layer.rate for layer in network.layers if type(layer).__name__ == 'Dropout']
  assert rates == [0.5, 0.5]
  image = random_images(1, 128, 128, 3)

  def output(number, keeps):
    with randomness.scope(randomness.key(0, number)):
      if not keeps:
        return network(image).numpy()
      with dropout_in_inference():
        return network(image).numpy()

  assert np.array_equal(output(1, True), output(1, True))
  assert not np.array_equal(output(1, True), output(2, True))
  assert np.array_equal(output(1, False), output(2, False))


def test_instance_norm_is_its_formula_and_keeps_no_statistics():
  images = random_images(3, 6, 5, 4).numpy() * 3 + 1
  layer = InstanceNorm(affine=True)
  found = layer(images, training=True).numpy()
  mean, deviation = images.mean((1, 2), keepdims=True), images.std((1, 2), keepdims=True)
  np.testing.assert_allclose(found, (images - mean) / np.sqrt(deviation**2 + 1e-5), atol=1e-5)
  np.testing.assert_array_equal(found, layer(images, training=False))
  assert [weight.name for weight in layer.non_trainable_weights] == []
  np.testing.assert_array_equal(layer.scale, 1)
  np.testing.assert_array_equal(layer.shift, 0)
  layer.scale.assign([2.0] * 4), layer.shift.assign([1.0] * 4)
  np.testing.assert_allclose(layer(images), 2 * found + 1, atol=1e-5)
  assert InstanceNorm()(images).shape == images.shape and InstanceNorm()(images) is not images
  with pytest.raises(UsageError, match='1x1 maps would make all of them 0'):
    InstanceNorm()(images[:, :1, :1])


def test_reflection_does_not_repeat_the_border():
  row = tf.constant([[1.0, 2.0, 3.0, 4.0]] * 4)[None, :, :, None]
  assert ReflectionPadding(2)(row)[0, 3, :, 0].numpy().tolist() == [3, 2, 1, 2, 3, 4, 3, 2]


def test_enlargement_by_resizing_has_as_many_weights():
  both = [build(f'resnet_translator(filters=4, enlarge={way})') for way in ('transposed', 'resize')]
  assert len({trained(network) for network in both}) == 1
  kinds = [[type(layer).__name__ for layer in network.layers] for network in both]
  assert 'Conv2DTranspose' in kinds[0] and 'Conv2DTranspose' not in kinds[1]


@pytest.mark.parametrize(
  'text, side, message',
  [
    (
      'unet',
      30,
      r'--networks=unet\(depth=0\): sides of images should be multiples of 4, not 30x30',
    ),
    ('unet(depth=4)', (24, 32), r'multiples of 16, not 24x32'),
    ('unet(filters=0)', 32, 'filters=0 should be at least 1'),
    ('unet(depth=-1)', 32, 'depth=-1 should be at least 0'),
    ('unet(norm=group)', 32, 'norm=group should be one of batch, instance, none'),
    ('resnet_translator', 30, 'sides of images should be multiples of 4, from 8 on'),
    ('resnet_translator(enlarge=deconv)', 32, 'enlarge=deconv should be one of transposed, resize'),
    ('resnet_translator(blocks=-1)', 32, 'blocks=-1 should be at least 0'),
    (
      'patchgan(layers=4)',
      32,
      r'patchgan\(layers=4\): images should have sides of at least 64, no',
    ),
    ('patchgan(layers=-1)', 32, 'layers=-1 should be at least 0'),
    ('patchgan(norm=x)', 32, 'norm=x should be one of batch'),
  ],
)
def test_what_does_not_fit_is_refused(text, side, message):
  with pytest.raises(UsageError, match=message):
    build(text, side)


def test_translators_between_sizes_and_readers_of_two_sizes_are_refused():
  for name in ('unet', 'resnet_translator'):
    with pytest.raises(UsageError, match='equal|of one size'):
      build(name, 32, target=Port((64, 64, 3)))
  spec = roles(32, images=2)
  spec['discriminator'].reads['source'] = Port((16, 16, 3))
  with pytest.raises(UsageError, match='its images have the sizes'):
    registry.network.build('patchgan(layers=1)', NetworkSpec(spec))
