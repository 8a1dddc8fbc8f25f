"""Export of a game's networks as a SavedModel, which TensorFlow alone can load and sample.

loaded = tf.saved_model.load(path)
pictures = loaded.generate(16, 0)               # count, seed -> uint8 [16, H, W, C]
outputs = loaded.a_to_b(images)                 # in a game with the task a_to_b: uint8 -> uint8
"""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline.compat import tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.runs.atomic_files import writing


def export_tasks(game: Game, networks: Networks, path: str) -> str:
  """Writes a SavedModel with a function and a signature for each task, under the task's name.

  The function of a task that samples noise takes (count, seed), such as `generate(count, seed)`.
  Its samples equal `GeneratorSampler.images(range(count), seed)` up to rounding, since batches
  differ, unless the sampler has batch_norm='batch'. The function of any other task maps stored
  examples [n, ...] of the task's source to outputs. The signature 'serving_default' is that of the
  first task. If the first task samples noise, the module can be called as well, as `loaded(noise)`
  or, for generators that read classes, `loaded([noise, labels])`, for float32 samples in [-1, 1].

  Args:
    game: The game, which makes the inputs.
    networks: The networks by role, with their weights.
    path: The folder to write; may be gs://.

  Returns:
    The path.

  Raises:
    WriteError: The folder cannot be written.
  """
  module = tf.Module()
  module.networks = networks
  if 'generator' in networks:  # The name in files of earlier versions.
    module.generator = networks['generator']
  signatures = {}
  for task in game.tasks().values():
    make_function = _make_sampling_function if task.samples_noise else _make_translation_function
    signatures[task.name] = make_function(game, networks, task)
    setattr(module, task.name, signatures[task.name])
  signatures['serving_default'] = signatures[game.task().name]
  if game.task().samples_noise:
    module.__call__ = _make_float_function(game, networks, game.task())
  with writing(path):
    tf.saved_model.save(module, path, signatures=signatures)
  return path


def _make_sampling_function(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """Returns a function of scalars int32 (count, seed) that makes stored samples [count, ...]."""
  medium, scalar = game.data[task.target].require_medium(), tf.TensorSpec([], tf.int32)

  @tf.function(autograph=False, input_signature=[scalar, scalar])
  def sample(count: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    inputs = game.inputs(task, tf.range(count), seed)
    return medium.to_stored(game.run(task, networks, inputs))

  return sample


def _make_float_function(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """Returns a function of inputs [n, ...] that makes float32 samples [n, ...] in [-1, 1]."""
  any_inputs = tf.nest.map_structure(
    lambda value: tf.TensorSpec([None, *value.shape[1:]], value.dtype), game.inputs(task, [0], 0)
  )
  return tf.function(
    lambda inputs: game.run(task, networks, inputs), autograph=False, input_signature=[any_inputs]
  )


def _make_translation_function(
  game: Game, networks: Networks, task: Task
) -> Callable[..., tf.Tensor]:
  """Returns a function of stored examples [n, ...] that makes stored outputs [n, ...].

  Example i takes the random numbers of number i and seed 0.
  """
  source, medium = game.data[task.source], game.data[task.target].require_medium()
  spec = tf.TensorSpec([None, *source.shape], source.dtype, task.source)

  @tf.function(autograph=False, input_signature=[spec])
  def translate(examples: tf.Tensor) -> tf.Tensor:
    indices = tf.range(tf.shape(examples)[0])
    inputs = game.inputs(task, indices, 0, {task.source: examples})
    return medium.to_stored(game.run(task, networks, inputs))

  return translate
