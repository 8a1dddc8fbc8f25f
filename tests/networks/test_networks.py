"""Networks: published parameter counts, and what every registered network must do."""

import functools

import numpy as np
import pytest

from tests.networks.small import IMAGE_NETWORKS, smallest
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.layers import basic
from tfgan_pipeline.networks.spec import NetworkSpec, features_of
from tfgan_pipeline.replicas import randomness

MNIST = (28, 28, 1)


def build(text: str, image_shape=MNIST, noise_size: int = 20, **needs):
  return registry.network.build(text, NetworkSpec.of_images(image_shape, 10, noise_size, **needs))


@functools.cache
def built(name: str, labelled: bool):
  """Returns (networks, image shape) of the smallest size: plain, or of all roles and told classes.

  Each is built once, and read by several tests.
  """
  with pytest.MonkeyPatch.context() as monkeypatch:
    text, shape = smallest(name, monkeypatch)
    more = dict(
      outputs={'discriminator': 11, 'encoder': 4},
      labelled=frozenset({'generator', 'discriminator'}),
    )
    return build(text, shape, **(more if labelled else {})), shape


def trainable(model) -> int:
  return sum(variable.shape.num_elements() for variable in model.trainable_variables)


@pytest.mark.parametrize(
  'text, noise_size, generator, discriminator',
  [
    ('mlp', 20, (81_184, 81_184), (78_601, 78_601)),
    ('mlp_relu', 100, (114_064, 114_064), (100_609, 100_609)),
    ('dcgan_textbook', 20, (817_824, 804_832), (1_040_385, 1_039_489)),
    ('dcgan_upsampling', 100, (708_097, 707_969), (393_729, 392_833)),
    ('dcgan_interpolation', 100, (328_841, 328_689), (3_265_409, 3_265_409)),
  ],
)
def test_parameter_counts(text, noise_size, generator, discriminator):
  networks = build(text, noise_size=noise_size)
  for role, (total, trained) in (('generator', generator), ('discriminator', discriminator)):
    assert networks[role].count_params() == total, role
    assert trainable(networks[role]) == trained, role


@pytest.mark.parametrize('name', IMAGE_NETWORKS)
def test_contract(name):
  """Checks shapes, dtypes and ranges of images and logits, in training and in inference."""
  networks, shape = built(name, labelled=False)
  noise = tf.random.stateless_normal([4, 20], [1, 2])
  for training in (True, False):
    with randomness.scope(randomness.key(0)):
      images = networks['generator'](noise, training=training)
      logits = networks['discriminator'](images, training=training)
    assert images.shape == (4, *shape) and images.dtype == tf.float32
    assert logits.shape == (4, 1) and logits.dtype == tf.float32
    assert float(tf.reduce_max(tf.abs(images))) <= 1.0
    assert np.ptp(images.numpy()) > 0 and np.ptp(logits.numpy()) > 0


@pytest.mark.parametrize('name', IMAGE_NETWORKS)
def test_every_network_reads_in_several_roles_and_is_told_the_class(name):
  """Checks numbers of outputs, and that another label gives another image and other outputs."""
  networks, shape = built(name, labelled=True)
  noise = tf.random.stateless_normal([3, 20], [1, 2])
  zeros, ones = np.zeros(3, np.int32), np.ones(3, np.int32)
  images = networks['generator']([noise, zeros])
  assert images.shape == (3, *shape)
  assert not np.allclose(images, networks['generator']([noise, ones]))
  logits = networks['discriminator']([images, zeros])
  assert logits.shape == (3, 11) and networks['encoder'](images).shape == (3, 4)
  assert not np.allclose(logits, networks['discriminator']([images, ones]))


@pytest.mark.parametrize('name', IMAGE_NETWORKS)
@pytest.mark.parametrize('labelled', [False, True])
def test_last_layer_of_features_is_the_network(name, labelled):
  """Checks that features differ between images, and that all weights but the last layer's are used.

  One layer with at most five weights, such as a spectral projection head, is left over.
  """
  networks, shape = built(name, labelled)
  reader = networks['discriminator']
  features = features_of(reader)
  images = tf.random.stateless_normal([3, *shape], [1, 2])
  inputs = [images, np.arange(3)] if labelled else images
  values = features(inputs).numpy().reshape(3, -1)
  assert values.shape[1] > 1 and np.ptp(values, axis=0).max() > 0
  ours = {id(weight) for weight in features.weights}
  assert ours < {id(weight) for weight in reader.weights}
  assert len(reader.weights) - len(ours) <= 5


@pytest.mark.parametrize('size', [8, 17, 28, 30, 32, 64, 128])
def test_dcgan_scales(size):
  networks = build('dcgan(filters=4)', (size, size, 3))
  assert networks['generator'].output_shape == (None, size, size, 3)
  maps = [
    layer.output_shape[1] for layer in networks['generator'].layers if len(layer.output_shape) == 4
  ]
  assert maps[0] in (3, 4) and maps[-1] == size


@pytest.mark.parametrize(
  'text, shape, message',
  [
    ('dcgan', (6, 6, 1), '--networks=dcgan: images should be 8x8 or larger, not 6x6'),
    ('dcgan', (64, 7, 1), '--networks=dcgan: images should be 8x8 or larger, not 64x7'),
    ('dcgan_textbook', (32, 32, 1), '--networks=dcgan_textbook: images should be 28x28, not 32x32'),
  ],
)
def test_sizes_that_do_not_fit(text, shape, message):
  with pytest.raises(UsageError) as raised:
    build(text, shape)
  assert str(raised.value).startswith(message)


def test_layers_of_one_shape_start_with_different_weights():
  kernels = [
    layer.kernel.numpy()
    for layer in build('dcgan(filters=8)', (64, 64, 3))['discriminator'].layers
    if hasattr(layer, 'kernel')
  ]
  assert not np.array_equal(kernels[2].ravel()[:50], kernels[3].ravel()[:50])


def test_dropout_keeps_the_mean_and_follows_its_key():
  layer = basic.Dropout(0.25)
  ones = tf.ones([64, 100])

  def masked(*path):
    with randomness.scope(randomness.key(0, *path)):
      return layer(ones, training=True).numpy()

  assert set(np.unique(masked(1))) == {np.float32(0), np.float32(1 / 0.75)}
  assert abs(masked(1).mean() - 1) < 0.03
  assert np.array_equal(masked(1), masked(1))
  assert not np.array_equal(masked(1), masked(2))
  assert np.array_equal(layer(ones, training=False), ones)
