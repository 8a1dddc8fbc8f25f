"""Export of a game's networks as a SavedModel, which TensorFlow alone can load and sample.

loaded = tf.saved_model.load(path)
pictures = loaded.generate(16, 0)               # count, seed -> uint8 [16, H, W, C]
pictures = loaded.generate(16, 0, ['cat', 'dog'])     # classes in turn, by name or by number
facts = json.loads(loaded.about().numpy())      # step, weights, classes, noise, scores
names = open(loaded.classes.asset_path.numpy()).read().splitlines()     # of a data set with labels
outputs = loaded.a_to_b(images)                 # in a game with the task a_to_b: uint8 -> uint8
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
import os
import tempfile
from typing import Any

from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.errors import listed
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.sampling.export_translation import translation_functions

_SCALAR = tf.TensorSpec([], tf.int32)


def export_tasks(game: Game, networks: Networks, path: str, about: Mapping[str, Any]) -> str:
  """Writes a SavedModel with a function and a signature for each task, under the task's name.

  The function of a task that samples noise takes (count, seed), such as `generate(count, seed)`,
  and classes that samples take in turn, by number, int [K], or by name, string [K]. Its samples
  equal those of `GeneratorSampler.batches(count, seed)` with moving or standing averages, except
  for rounding, since batches differ. Wrong classes raise InvalidArgumentError, in a line that has
  those that exist. The function of any other task maps stored examples to outputs, see
  export_translation.py. The signature 'serving_default' is that of the first
  task. If the first task samples noise, the module can be called as well, as `loaded(noise)` or,
  for generators that read classes, `loaded([noise, labels])`, for float32 samples in [-1, 1]. The
  names of the classes of the field 'label', a line each, are the file assets/classes.txt, and of
  another field assets/FIELD_classes.txt. The function `about` returns `about` as JSON, which is the
  file assets.extra/about.json, too.

  Args:
    game: The game, which makes the inputs.
    networks: The networks by role, with their weights.
    path: The folder to write; may be gs://.
    about: Facts about the networks, see export_facts.py.

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
    if task.samples_noise:
      function = _make_sampling_function(game, networks, task)
      signatures[task.name] = function.get_concrete_function(_SCALAR, _SCALAR)
    else:
      function, signatures[task.name] = translation_functions(game, networks, task)
    setattr(module, task.name, function)
  signatures['serving_default'] = signatures[game.task().name]
  if game.task().samples_noise:
    module.__call__ = _make_float_function(game, networks, game.task())
  text = json.dumps(about, indent=2)
  module.about = tf.function(lambda: tf.constant(text), input_signature=[])
  with writing(path), tempfile.TemporaryDirectory() as folder:
    for name, field in game.data.items():
      if field.classes:
        setattr(module, _classes_name(name), _names_asset(folder, name, field.classes))
    tf.saved_model.save(module, path, signatures=signatures)
    files.make_folder(os.path.join(path, 'assets.extra'))
    atomic_files.write(os.path.join(path, 'assets.extra/about.json'), text + '\n')
  return path


def _classes_name(field: str) -> str:
  return 'classes' if field == 'label' else f'{field}_classes'


def _names_asset(folder: str, field: str, names: Sequence[str]) -> tf.saved_model.Asset:
  """Returns a text file with the name of a class in each line, which a SavedModel takes along."""
  path = os.path.join(folder, f'{_classes_name(field)}.txt')
  with open(path, 'w', encoding='utf-8') as file:
    file.writelines(' '.join(name.split()) + '\n' for name in names)
  return tf.saved_model.Asset(path)


def _make_sampling_function(game: Game, networks: Networks, task: Task) -> Any:
  """Returns a function of (count, seed, labels) that makes stored samples [count, ...].

  Count and seed are scalars int32. Labels are the classes that samples take in turn, int32, int64
  or string [K], or left out.
  """
  medium = game.data[task.target].require_medium()
  names = game.data.label_names if game.labels([0]) is not None else ()
  make, spec = _make_float_function(game, networks, task), _spec(game, task)

  @tf.function(autograph=False)
  def sample(count: tf.Tensor, seed: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
    indices, given = tf.range(count), {}
    if labels is not None:
      numbers = _class_numbers(labels, names)
      given['label'] = tf.gather(numbers, indices % tf.size(numbers))
    inputs = game.inputs(task, indices, seed, given)
    inputs = tf.nest.map_structure(lambda part, its: tf.ensure_shape(part, its.shape), inputs, spec)
    return medium.to_stored(make(inputs))

  sample.get_concrete_function(_SCALAR, _SCALAR, None)
  for dtype in (tf.int32, tf.int64, tf.string):
    sample.get_concrete_function(_SCALAR, _SCALAR, tf.TensorSpec([None], dtype))
  return sample


def _class_numbers(labels: tf.Tensor, names: Sequence[str]) -> tf.Tensor:
  """Returns the numbers, int32 [K], of classes given by number or name; refuses others."""
  refusal = 'labels: the generator is not told any'
  if names:
    refusal = f'labels: there are classes 0 to {len(names) - 1}: {listed(names)}; not'
  if labels.dtype == tf.string:
    equal = tf.equal(labels[:, None], tf.constant(names, tf.string, [len(names)]))
    # A column more, since there may be no classes.
    numbers = tf.argmax(tf.pad(tf.cast(equal, tf.int32), [[0, 0], [0, 1]]), 1)
    known = tf.reduce_any(equal, 1)
  else:
    known, numbers = (labels >= 0) & (labels < len(names)), labels
  every_known = tf.debugging.Assert(tf.reduce_all(known), [refusal, labels[~known]])
  any_given = tf.debugging.Assert(tf.size(labels) > 0, ['labels: name a class, or leave them out'])
  with tf.control_dependencies([every_known, any_given]):
    return tf.identity(tf.cast(numbers, tf.int32))  # A cast that changes nothing would not wait.


def _spec(game: Game, task: Task) -> Inputs:
  """Returns specs [None, ...] of a task's inputs."""
  return tf.nest.map_structure(
    lambda value: tf.TensorSpec([None, *value.shape[1:]], value.dtype), game.inputs(task, [0], 0)
  )


def _make_float_function(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """Returns a function of inputs [n, ...] that makes float32 samples [n, ...] in [-1, 1]."""
  return tf.function(
    lambda inputs: game.run(task, networks, inputs),
    autograph=False,
    input_signature=[_spec(game, task)],
  )
