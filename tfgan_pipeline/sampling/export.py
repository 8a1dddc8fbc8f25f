"""The networks of a game as a SavedModel, which TensorFlow alone can load and sample:

loaded = tf.saved_model.load(path)
pictures = loaded.generate(16, 0)               # count, seed -> uint8 [16, H, W, C]
outputs = loaded.a_to_b(images)                 # of a game with such a task: uint8 -> uint8
"""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline.compat import tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.runs.atomic_files import writing


def export_tasks(game: Game, networks: Networks, path: str) -> str:
  """Writes a function and a signature for each task, by its name; 'serving_default' is the first.

  Of a task that samples noise it is `generate(count, seed)`, and there is a call besides that maps
  inputs to float32 samples in [-1, 1], `loaded(noise)` or, where the class is chosen,
  `loaded([noise, labels])`. Samples are those of `GeneratorSampler.images(range(count), seed)` by
  moving or standing averages, but for rounding: their values are computed in another batch. Of
  other tasks the function maps stored examples [n, ...] of the source to outputs.

  Args:
    game: Makes the inputs.
    networks: By role, with their weights.
    path: The folder to write; may be gs://.

  Returns:
    The path.

  Raises:
    WriteError: The folder cannot be written.
  """
  module = tf.Module()
  module.networks = networks
  if 'generator' in networks:  # As it was called when it was the only one.
    module.generator = networks['generator']
  signatures = {}
  for task in game.tasks().values():
    make = _samples if task.samples_noise else _outputs
    signatures[task.name] = make(game, networks, task)
    setattr(module, task.name, signatures[task.name])
  signatures['serving_default'] = signatures[game.task().name]
  if game.task().samples_noise:
    module.__call__ = _values(game, networks, game.task())
  with writing(path):
    tf.saved_model.save(module, path, signatures=signatures)
  return path


def _samples(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """count int32 [], seed int32 [] -> stored samples [count, ...]."""
  medium, scalar = game.data[task.target].require_medium(), tf.TensorSpec([], tf.int32)

  @tf.function(autograph=False, input_signature=[scalar, scalar])
  def sample(count: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    inputs = game.inputs(task, tf.range(count), seed)
    return medium.to_stored(game.run(task, networks, inputs))

  return sample


def _values(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """Inputs [n, ...] -> float32 samples [n, ...] in [-1, 1]."""
  any_inputs = tf.nest.map_structure(
    lambda value: tf.TensorSpec([None, *value.shape[1:]], value.dtype), game.inputs(task, [0], 0)
  )
  return tf.function(
    lambda inputs: game.run(task, networks, inputs), autograph=False, input_signature=[any_inputs]
  )


def _outputs(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """Stored examples [n, ...] -> stored outputs [n, ...]; example i has number i and seed 0."""
  source, medium = game.data[task.source], game.data[task.target].require_medium()
  spec = tf.TensorSpec([None, *source.shape], source.dtype, task.source)

  @tf.function(autograph=False, input_signature=[spec])
  def translate(examples: tf.Tensor) -> tf.Tensor:
    indices = tf.range(tf.shape(examples)[0])
    inputs = game.inputs(task, indices, 0, {task.source: examples})
    return medium.to_stored(game.run(task, networks, inputs))

  return translate
