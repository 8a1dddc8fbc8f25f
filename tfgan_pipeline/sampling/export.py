"""The generator as a SavedModel, which TensorFlow alone can load and sample:

loaded = tf.saved_model.load(path)
pictures = loaded.generate(16, 0)   # count, seed -> uint8 [16, H, W, C]
"""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.runs.atomic_files import writing


def export_generator(game: Game, generator: keras.Model, path: str) -> str:
  """Writes `generate(count, seed)`, and a call that maps inputs to float32 images in [-1, 1].

  The images are those of `GeneratorSampler.images(range(count), seed)` by moving or standing
  averages, but for rounding: their values are computed in another batch. Where the class is chosen,
  the call is `loaded([noise, labels])`.

  Args:
    game: Makes the inputs.
    generator: The network, with its weights.
    path: The folder to write; may be gs://.

  Returns:
    The path.

  Raises:
    WriteError: The folder cannot be written.
  """
  scalar = tf.TensorSpec([], tf.int32)
  medium = game.data['image'].medium
  any_inputs = tf.nest.map_structure(
    lambda value: tf.TensorSpec([None, *value.shape[1:]], value.dtype), game.inputs([0], 0)
  )
  module = tf.Module()
  module.generator = generator
  module.generate = tf.function(
    lambda count, seed: medium.to_stored(
      game.generate(generator, game.inputs(tf.range(count), seed))
    ),
    input_signature=[scalar, scalar],
    autograph=False,
  )
  module.__call__ = tf.function(
    lambda inputs: game.generate(generator, inputs),
    autograph=False,
    input_signature=[any_inputs],
  )
  with writing(path):
    tf.saved_model.save(module, path)
  return path
