"""TF-GAN as compat.py imports it, on the installed TensorFlow."""

import pytest

from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality, tfgan


def test_tfgan_names_are_there():
  assert tfgan.__version__ == '2.1.0'
  for name in (
    'gan_model',
    'gan_loss',
    'gan_train_ops',
    'acgan_model',
    'infogan_model',
    'cyclegan_model',
    'stargan_model',
  ):
    assert callable(getattr(tfgan, name))
  assert callable(tfgan.losses.wargs.wasserstein_generator_loss)


def test_estimator_works_or_says_why_not():
  version = tuple(map(int, tf.__version__.split('.')[:2]))
  if version < (2, 16):
    assert tfgan.estimator.GANEstimator
    return
  with pytest.raises(AttributeError) as raised:
    tfgan.estimator.GANEstimator  # noqa: B018
  assert str(raised.value) == (
    f'tfgan.estimator.GANEstimator needs tf.estimator, which TensorFlow {tf.__version__} no '
    'longer has (2.15 was the last); use tfgan_pipeline.estimator.GANEstimator instead.'
  )


def test_keras_is_keras_2():
  assert keras.__version__.startswith('2.')
  assert keras.__version__.split('.')[:2] == tf.__version__.split('.')[:2]


def test_tensor_equality_is_restored_after_an_error():
  with pytest.raises(RuntimeError), tf1_tensor_equality():
    raise RuntimeError
  assert bool(tf.constant(1) == tf.constant(1))


def test_gan_loss_runs_with_plain_functions():
  @tf.function(autograph=False)
  def losses():
    with tf1_tensor_equality():
      model = tfgan.gan_model(lambda z: z * 2.0, lambda x, _: x, tf.ones([4, 1]), tf.ones([4, 1]))
      return tfgan.gan_loss(model, add_summaries=False)

  assert [float(value) for value in losses()] == [-2.0, 1.0]
