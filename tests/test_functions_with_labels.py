"""TF-GAN's own conditional example, and other forms of generator inputs, as scripts run them."""

import numpy as np
import pytest

from tests.conftest import checkpoint
from tests.test_models_of_python import script

# TF-GAN's networks for MNIST as its package has them, on digits drawn three times as large.
CONDITIONAL = """
import os, sys
os.environ['TF_USE_LEGACY_KERAS'] = '1'
import numpy as np
from sklearn.datasets import load_digits
from tfgan_pipeline import EvaluationOptions, GANEstimator
from tfgan_pipeline.compat import tf
import tensorflow_gan as tfgan
from tensorflow_gan.examples.mnist import networks

def input_fn(params):
  digits = load_digits()
  images = np.kron(digits.images[:64, :, :, None] / 8 - 1, np.ones((1, 3, 3, 1)))
  images = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1)
  data = tf.data.Dataset.from_tensor_slices((images.astype(np.float32), digits.target[:64]))
  data = data.repeat().shuffle(64).batch(params['batch_size'], drop_remainder=True)
  return data.map(lambda image, label: (
    (tf.random.normal([params['batch_size'], 16]), tf.one_hot(label, 10)), image
  ))

run = GANEstimator.from_functions(
  networks.conditional_generator,
  networks.conditional_discriminator,
  tfgan.losses.modified_generator_loss,
  tfgan.losses.modified_discriminator_loss,
  input_fn,
  params={'batch_size': 4},
  model_dir=sys.argv[1],
  max_steps=int(sys.argv[2]),
  save_every=1,
  sample_every=4,
  reference_images=64,
)
run.train()
assert run.predict(4, labels=[3, 7]).shape == (4, 28, 28, 1)
options = EvaluationOptions(
  extractor='random_projection', metrics='fid', num_samples=32, labels='3', cache_dir=sys.argv[3]
)
print(run.evaluate(options=options)['scores']['fid[random_projection]'])
run.export_saved_model(sys.argv[1] + '/saved')
loaded = tf.saved_model.load(sys.argv[1] + '/saved')
assert loaded.generate(4, 0, [3, 7]).shape == (4, 28, 28, 1)
"""


@pytest.mark.heavy
def test_the_conditional_example_of_tfgan_trains_resumes_and_is_scored_and_exported(
  tmp_path, cache_dir
):
  whole, parts = tmp_path / 'whole', tmp_path / 'parts'
  for model_dir, steps in ((whole, 2), (parts, 1), (parts, 2)):
    script(tmp_path / 'a.py', CONDITIONAL, model_dir, steps, cache_dir)
  one, other = checkpoint(whole, 2), checkpoint(parts, 2)
  assert [name for name in one if not np.array_equal(one[name], other[name])] == []


SMALL = """
import sys
import numpy as np
from sklearn.datasets import load_digits
from tfgan_pipeline import EvaluationOptions, GANEstimator
from tfgan_pipeline.compat import tf
import tensorflow_gan as tfgan

layers = tf.compat.v1.layers

def generator_fn(inputs):
  noise, labels = inputs['noise'], inputs['labels']
  assert labels.dtype == tf.int64
  net = tfgan.features.condition_tensor_from_onehot(layers.dense(noise, 16), tf.one_hot(labels, 5))
  net = layers.batch_normalization(net, training=True)  # As TF-GAN's examples, in any mode.
  return tf.reshape(layers.dense(net, 64, tf.tanh), [-1, 8, 8, 1])

def discriminator_fn(images, inputs):
  getter = tfgan.features.spectral_normalization_custom_getter(training=True)
  with tf.compat.v1.variable_scope('sn', custom_getter=getter):
    net = layers.dense(layers.flatten(images), 8, tf.nn.relu)
  net = tfgan.features.condition_tensor_from_onehot(net, tf.one_hot(inputs['labels'], 5))
  return layers.dense(net, 1)

def discriminator_loss_fn(model, add_summaries=False):
  assert model.generator_inputs['labels'].dtype == tf.int64
  return tfgan.losses.modified_discriminator_loss(model, add_summaries=add_summaries)

def input_fn():
  digits = load_digits(n_class=5)
  data = (digits.images[..., None] / 8 - 1, digits.target)
  data = tf.data.Dataset.from_tensor_slices(data).repeat().shuffle(64).batch(8)
  return data.map(lambda image, label: (
    {'noise': tf.random.normal([8, 4]), 'labels': tf.cast(label, tf.int64)}, image
  ))

def run(name, steps):
  estimator = GANEstimator.from_functions(
    generator_fn, discriminator_fn, tfgan.losses.modified_generator_loss, discriminator_loss_fn,
    input_fn, model_dir=f'{sys.argv[1]}/{name}', max_steps=steps, save_every=1, log_every=1,
    reference_images=100,
  )
  estimator.train()
  return estimator

def weights(name):
  reader = tf.train.load_checkpoint(f'{sys.argv[1]}/{name}/checkpoints/ckpt-000002')
  names = set(reader.get_variable_to_shape_map()) - {'_CHECKPOINTABLE_OBJECT_GRAPH'}
  return {name: reader.get_tensor(name) for name in names}

whole = run('whole', 2)
run('parts', 1)
run('parts', 2)
one, other = weights('whole'), weights('parts')
assert len(one) > 20
assert [name for name in one if not np.array_equal(one[name], other[name])] == []
assert not np.array_equal(whole.predict(4, labels=[3]), whole.predict(4, labels=['4']))
options = EvaluationOptions(
  extractor='random_projection', metrics='fid', num_samples=32, labels='3', cache_dir=sys.argv[2]
)
assert '3' in str(whole.evaluate(options=options)['definition']['labels'])
whole.export_saved_model(sys.argv[1] + '/saved')
loaded = tf.saved_model.load(sys.argv[1] + '/saved')
assert loaded.generate(4, 0, [3, 4]).shape == (4, 8, 8, 1)
"""


def test_functions_that_read_a_label_train_resume_exactly_and_are_asked_for_classes(
  tmp_path, cache_dir
):
  done = script(tmp_path / 'a.py', SMALL, tmp_path, cache_dir)
  assert 'equal batches each time: a resumed run is exact; samples are drawn with' in done.stderr


@pytest.fixture(scope='module')
def form():
  from tfgan_pipeline.estimator.generator_inputs import Form

  return Form


FORMS = {
  'a tensor': (lambda noise, label: noise, 'noise:8'),
  'TF-GAN': (lambda noise, label: (noise, np.eye(4, dtype=np.float32)[label]), 'one_hot:4'),
  'a dictionary': (lambda noise, label: {'z': noise, 'y': label.astype(np.int64)}, 'label:0:int64'),
  'a column': (lambda noise, label: {'y': label[:, None], 'z': noise}, 'label:1'),
  'two noises': (lambda noise, label: (noise, label, noise[:, :3] * 2), 'noise:3'),
  'integers': (lambda noise, label: (np.eye(4, dtype=np.int32)[label], noise), 'one_hot:4:int32'),
}


@pytest.mark.parametrize('name', FORMS)
def test_functions_get_the_form_that_their_input_fn_gives(form, name):
  from tfgan_pipeline.compat import tf

  make, words = FORMS[name]
  noise = np.random.RandomState(0).randn(5, 8).astype(np.float32)
  inputs = tf.nest.map_structure(tf.constant, make(noise, np.int32([0, 3, 1, 1, 2])))
  found = form.of(inputs)
  assert words in found.text and form(found.text) == found
  parts = found.unpack(inputs)
  assert ('label' in parts) == found.has_label == (name != 'a tensor')
  again = found.pack(list(parts.values()))
  tf.nest.assert_same_structure(again, inputs)
  for one, other in zip(tf.nest.flatten(again), tf.nest.flatten(inputs)):
    assert one.dtype == other.dtype and np.array_equal(one, other)
