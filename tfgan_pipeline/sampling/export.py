"""Export of a game's networks as a SavedModel, which TensorFlow alone can load and sample.

loaded = tf.saved_model.load(path)
pictures = loaded.generate(16, 0)               # count, seed -> uint8 [16, H, W, C]
names = open(loaded.classes.asset_path.numpy()).read().splitlines()     # of a data set with labels
outputs = loaded.a_to_b(images)                 # in a game with the task a_to_b: uint8 -> uint8
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
import tempfile

from tfgan_pipeline.compat import tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.runs.atomic_files import writing


def export_tasks(game: Game, networks: Networks, path: str) -> str:
  """Writes a SavedModel with a function and a signature for each task, under the task's name.

  The function of a task that samples noise takes (count, seed), such as `generate(count, seed)`.
  Its samples equal `GeneratorSampler.images(range(count), seed)` with moving or standing averages,
  except for rounding, since batches differ. The function of any other task maps stored examples
  [n, ...] of the task's source to outputs. The signature 'serving_default' is that of the first
  task. If the first task samples noise, the module can be called as well, as `loaded(noise)` or,
  for generators that read classes, `loaded([noise, labels])`, for float32 samples in [-1, 1]. The
  names of the classes of the field 'label', a line each, are the file assets/classes.txt, and of
  another field assets/FIELD_classes.txt.

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
  with writing(path), tempfile.TemporaryDirectory() as folder:
    for name, field in game.data.items():
      if field.classes:
        setattr(module, _classes_name(name), _names_asset(folder, name, field.classes))
    tf.saved_model.save(module, path, signatures=signatures)
  return path


def _classes_name(field: str) -> str:
  return 'classes' if field == 'label' else f'{field}_classes'


def _names_asset(folder: str, field: str, names: Sequence[str]) -> tf.saved_model.Asset:
  """Returns a text file with the name of a class in each line, which a SavedModel takes along."""
  path = os.path.join(folder, f'{_classes_name(field)}.txt')
  with open(path, 'w', encoding='utf-8') as file:
    file.writelines(' '.join(name.split()) + '\n' for name in names)
  return tf.saved_model.Asset(path)


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
