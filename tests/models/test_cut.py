"""CUT: its loss by NumPy, the places of its patches, and the maps that they are cut from."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.test_translation_games import game_of, step_of
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.cut import encoder_of
from tfgan_pipeline.replicas import randomness


def encoded(translator, images):
  """Returns the pixels, and the outputs of all convolutions but the last, by Keras."""
  steps = [layer for layer in translator.layers if layer.__class__.__name__ == 'Conv2D']
  maps = keras.Model(translator.input, [layer.output for layer in steps[:-1]])(images)
  return [images, *maps]  # Pixels, the first convolution, two halvings, two of the block.


def projected(network, maps):
  """Returns lists of patches [n, H * W, C] projected by the weights of a projection, by NumPy."""
  results, weights = [], network.get_weights()
  for place, values in enumerate(maps):
    kernel, bias, *_ = weights[2 * place :]
    last_kernel, last_bias, *_ = weights[2 * (len(maps) + place) :]
    rows = np.asarray(values, np.float64).reshape(len(values), -1, values.shape[-1])
    rows = np.maximum(rows @ kernel + bias, 0) @ last_kernel + last_bias
    squares = np.square(rows).sum(axis=-1, keepdims=True)
    results.append(rows / np.sqrt(np.maximum(squares, 1e-6)))  # The ReLU may leave nothing.
  return results


def test_the_loss_of_cut_is_its_formula():
  game = game_of('cut', model='cut(units=8, nce_weight=3.0, adversarial_weight=2.0)')
  (values,), (loss,), (observed,) = step_of(game, 'least_squares')
  translator, projection = game.networks['generator_ab'], game.networks['projection_ab']

  # All positions are fewer than patches, so that their order does not matter.
  def nce(images, outputs):
    terms = []
    chosen = [
      [maps[place] for place in (0, 2, 3, 4, 5)]  # Not the first convolution.
      for maps in (encoded(translator, outputs), encoded(translator, images))
    ]
    for queries, keys in zip(*(projected(projection, maps) for maps in chosen)):
      for query, key in zip(queries, keys):
        powers = np.exp(query @ key.T / 0.07)
        terms.append(np.log(powers.sum(1) / np.diag(powers)).mean())
    return np.mean(terms)

  real, fake = (values[f'discriminator_{kind}_outputs'] for kind in ('real', 'gen'))
  expected = {
    'nce': nce(values['generator_inputs'], values['generated_data']),
    'nce_identity': nce(values['real_data'], translator(values['real_data'])),
  }
  for name, value in expected.items():
    np.testing.assert_allclose(observed[name], value, rtol=1e-4)
  total = np.square(fake - 1).mean() + 3 * sum(expected.values())
  np.testing.assert_allclose(loss.generator_loss, total, rtol=1e-4)
  judged = (np.square(real - 1).mean() + np.square(fake).mean()) / 2
  np.testing.assert_allclose(loss.discriminator_loss, judged, rtol=1e-5)


def test_patches_of_cut_have_one_place_in_inputs_and_outputs_on_all_replicas():
  game = game_of('cut', model='cut(units=64, patches=20, identity=False, nce_weight=10.0)')
  random = np.random.RandomState(0)
  images = tf.constant(random.uniform(-1, 1, (2, 16, 16, 3)), tf.float32)

  @tf.function(autograph=False)
  def pairs(replica):
    with randomness.scope(randomness.key(0), replica, 2):
      (model,) = game.models({'image_a': images, 'image_b': images})
      assert 'nce_identity' not in game.observations(model)
      return model.patches

  with tf1_tensor_equality():
    found = pairs(tf.constant(0))
    for one, other in zip(
      tf.nest.flatten(found), tf.nest.flatten(pairs(tf.constant(1))), strict=True
    ):
      np.testing.assert_array_equal(one, other)
  translator, projection = game.networks['generator_ab'], game.networks['projection_ab']
  chosen = [
    [encoded(translator, values)[place] for place in (0, 2, 3, 4, 5)]
    for values in (translator(images), images)
  ]
  for (queries, keys), outputs, inputs in zip(
    found, *(projected(projection, maps) for maps in chosen), strict=True
  ):
    assert queries.shape == keys.shape == (2, min(20, outputs.shape[1]), 64)
    gaps = np.square(keys[0].numpy()[:, None] - inputs[0][None]).sum(-1)
    places = gaps.argmin(1)
    assert len(set(places)) == len(places) < 256
    for image in range(2):
      np.testing.assert_allclose(keys[image], inputs[image][places], atol=1e-4)
      np.testing.assert_allclose(queries[image], outputs[image][places], atol=1e-4)


def test_cut_chooses_the_maps_of_the_paper_and_those_of_other_translators():
  sides = 'shapes(size=32, count=40)'

  def maps(networks):
    game = game_of('cut', networks=networks, dataset=f'domains(a="{sides}", b="{sides}")')
    return [tuple(one.shape[1:]) for one in encoder_of(game.networks['generator_ab']).outputs]

  head = ', patchgan(filters=2, layers=1)'
  assert maps(f'resnet_translator(filters=2, blocks=9){head}') == [
    *((32, 32, 3), (16, 16, 4), (8, 8, 8), (8, 8, 8), (8, 8, 8))
  ]
  assert maps(f'unet(filters=2){head}') == [*((32, 32, 3), (16, 16, 2), (8, 8, 4), (4, 4, 8))]
  stack = [keras.Input((16, 16, 3)), keras.layers.Conv2D(3, 3, padding='same')]
  with pytest.raises(UsageError, match='^--networks: the generator_ab has no convolution but'):
    encoder_of(keras.Sequential(stack, name='generator_ab'))
