"""Networks of captions: sizes, orders of words, empty places, and gradients of word vectors."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.words import WordVectors
from tfgan_pipeline.networks.spec import Kind, NetworkSpec, Port, Role


def spec_of(side=(32, 32, 3)):
  text, image = Port((8,)), Port(side)
  return NetworkSpec(
    {
      'generator': Role(Kind.GENERATOR, {'noise': Port((5,)), 'text': text}, image),
      'discriminator': Role(Kind.READER, {'image': image, 'text': text}, Port((1,))),
      'generator_text': Role(Kind.TEXT_ENCODER, {'caption': Port((6,), 'int32', 9)}, Port((16,))),
    }
  )


@pytest.mark.parametrize('side', [(8, 8, 3), (28, 28, 1), (32, 32, 3), (64, 64, 3), (20, 33, 3)])
def test_text_dcgan_has_the_shapes_of_its_roles(side):
  networks = registry.network.build('text_dcgan(filters=2)', spec_of(side))
  assert set(networks) == {'generator', 'discriminator'}
  image = networks['generator']([np.zeros((2, 5)), np.ones((2, 8))])
  assert image.shape == (2, *side)
  one, other = (networks['discriminator']([image, np.full((2, 8), x)]) for x in (0.0, 1.0))
  assert one.shape == (2, 1) and not np.allclose(one, other)


@pytest.mark.parametrize('kind', ['mean', 'gru'])
def test_encoders_overlook_empty_places_and_the_gru_sees_the_order(kind):
  (encoder,) = registry.network.build(f'text_encoder({kind}, size=4)', spec_of()).values()
  one, swapped, twice = (
    encoder(np.array([row])).numpy()
    for row in ([3, 4, 5, 0, 0, 0], [5, 4, 3, 0, 0, 0], [3, 4, 5, 3, 4, 5])
  )
  assert one.shape == (1, 16)
  assert np.allclose(one, swapped, atol=1e-6) == (kind == 'mean')
  assert np.allclose(one, twice, atol=1e-6) == (kind == 'mean')
  assert np.isfinite(encoder(np.zeros((1, 6), int))).all()


def test_the_gru_is_that_of_its_equations_in_both_directions():
  (encoder,) = registry.network.build('text_encoder(gru, size=4)', spec_of()).values()
  words, gru = encoder.layers[1], encoder.get_layer(index=3)
  tokens = np.array([[2, 7, 3, 0, 0, 0]])
  vectors = words.table.numpy()[tokens[0, :3]]
  states = []
  for direction, order in enumerate((vectors, vectors[::-1])):
    kernel, recurrent, bias = (
      part[direction].numpy() for part in (gru.kernels, gru.recurrent_kernels, gru.biases)
    )
    state = np.zeros(4)
    for vector in order:
      read, own = vector @ kernel + bias, state @ recurrent
      update, reset = 1 / (1 + np.exp(-(read[:8] + own[:8]).reshape(2, 4)))
      state = update * state + (1 - update) * np.tanh(read[8:] + reset * own[8:])
    states.append(state)
  mask = words.compute_mask(tf.constant(tokens))
  found = gru(words(tf.constant(tokens)), mask=mask)
  np.testing.assert_allclose(found, [np.concatenate(states)], atol=1e-5)


def test_gradients_of_word_vectors_are_dense_sums():
  layer = WordVectors(5, 2)
  tokens = tf.constant([[1, 1, 3]])
  with tf.GradientTape() as tape:
    total = tf.reduce_sum(layer(tokens))
  gradient = tape.gradient(total, layer.table)
  assert isinstance(gradient, tf.Tensor)
  np.testing.assert_array_equal(gradient, [[0, 0], [2, 2], [0, 0], [1, 1], [0, 0]])


def test_gradients_of_word_vectors_add_up_in_float32():
  layer = WordVectors(3, 2, dtype=keras.mixed_precision.Policy('mixed_bfloat16'))
  tokens = np.ones((96, 12), np.int32)
  with tf.GradientTape() as tape:
    outputs = layer(tokens)
    loss = tf.reduce_sum(tf.cast(outputs, tf.float32))
  assert outputs.dtype == tf.bfloat16
  gradient = tape.gradient(loss, layer.table)
  np.testing.assert_array_equal(gradient, [[0, 0], [96 * 12] * 2, [0, 0]])
