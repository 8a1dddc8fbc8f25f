"""Reader of captions inside a SavedModel: texts to tokens, by TensorFlow alone.

tokens = read_captions(game.data['caption'], tf.constant(['a large red circle']))     # int32 [1, L]
"""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.captions.fields import vocabulary_of
from tfgan_pipeline.data.captions.vocabulary import FIRST, NOTHING, UNKNOWN
from tfgan_pipeline.data.fields import Field
from tfgan_pipeline.errors import listed


def read_captions(field: Field, texts: tf.Tensor) -> tf.Tensor:
  """Returns the tokens of captions, int32 [K, length], as `Vocabulary.encode` has them.

  A caption without a known word raises InvalidArgumentError, in a line that has some.

  Args:
    field: The field of captions, with its vocabulary.
    texts: The captions, string [K].
  """
  known = vocabulary_of(field).words
  text = tf.strings.regex_replace(tf.strings.lower(texts, 'utf-8'), '\u2019', "'")
  text = tf.strings.regex_replace(text, r"[^\pL\pN']", ' ')
  text = tf.strings.regex_replace(text, r"'+( |$)|(^| )'+", ' ')  # Apostrophes within words stay.
  tokens = tf.ragged.map_flat_values(_numbers, tf.strings.split(text), tf.constant(known))
  tokens = tokens.to_tensor(NOTHING, shape=[None, field.shape[1]])
  refusal = f'caption: there are {len(known)} words: {listed(known)}; none is in'
  has_any = tf.reduce_any(tokens >= FIRST, axis=1)
  check = tf.debugging.Assert(tf.reduce_all(has_any), [refusal, texts[~has_any]])
  with tf.control_dependencies([check]):
    return tf.identity(tokens)


def _numbers(words: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
  """Returns the tokens of words, int32 [n]."""
  equal = tf.equal(words[:, tf.newaxis], known)
  place = tf.argmax(tf.cast(equal, tf.int32), axis=1, output_type=tf.int32)
  return tf.where(tf.reduce_any(equal, axis=1), place + FIRST, UNKNOWN)
