"""SavedModel of a game's networks, which TensorFlow alone can load and sample.

loaded = tf.saved_model.load(path)
pictures = loaded.generate(16, 0)               # count, seed -> uint8 [16, H, W, C]
pictures = loaded.generate(16, 0, ['cat', 'dog'])     # classes in turn, by name or by number
pictures = loaded.generate(16, 0, ['a red circle'])   # captions in turn, of a run that reads some
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

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.captions.fields import CAPTION
from tfgan_pipeline.errors import listed
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.sampling.exports.caption_reader import read_captions
from tfgan_pipeline.sampling.exports.float_functions import input_spec
from tfgan_pipeline.sampling.exports.translation import translation_functions

_SCALAR = tf.TensorSpec([], tf.int32)


def save(game: Game, networks: Networks, path: str, about: Mapping[str, Any]) -> None:
  """Writes a SavedModel with a function and a signature for each task, under the task's name.

  The function of a task that samples noise takes (count, seed), such as `generate(count, seed)`,
  and classes that samples take in turn, by number, int [K], or by name, string [K]. Its samples
  equal those of `GeneratorSampler.batches(count, seed)` with moving or standing averages, except
  for rounding, since batches differ. Wrong classes raise InvalidArgumentError, in a line that has
  those that exist. Of a generator that reads captions, it takes captions in their place, string
  [K], or their tokens, int32 [K, length]. The function of any other task maps stored examples to
  outputs, see translation.py.

  Signatures name their inputs and their output, which is the task's target, such as 'image'. That
  of a task that samples noise reads 'count' and 'seed', int32 [], and, if its generator is told
  classes, 'labels', int32 [K], or captions, 'captions', string [K]. The signature 'serving_default'
  is the first task's, without these. If the first task samples noise, the module can be called as
  well, as `loaded(noise)`, or for generators that read classes `loaded([noise, labels])` and for
  those that read captions `loaded([noise, tokens])`, for float32 samples in [-1, 1].
  The names of the classes of the field 'label', a line each, are the file assets/classes.txt, and
  of another field assets/FIELD_classes.txt. The words of captions are assets/caption_words.txt; the
  first one is token 2. The function `about` returns `about` as JSON.

  Args:
    game: The game, which makes the inputs.
    networks: The networks by role, with their weights.
    path: The folder to write; may be gs://.
    about: Facts about the networks, see facts.py.
  """
  module = tf.Module()
  module.networks = networks
  if 'generator' in networks:  # The name in files of earlier versions.
    module.generator = networks['generator']
  signatures = {}
  for task in reversed([*game.tasks().values()]):  # The first one's comes last, as the default.
    if task.samples_noise:
      function = _make_sampling_function(game, networks, task)
      default, signatures[task.name] = _sampling_signatures(game, task, function)
    else:
      function, default = translation_functions(game, networks, task)
      signatures[task.name] = default
    signatures['serving_default'] = default
    setattr(module, task.name, function)
  if game.task().samples_noise:
    module.__call__ = _make_float_function(game, networks, game.task())
  text = json.dumps(about, indent=2)
  module.about = tf.function(lambda: tf.constant(text), input_signature=[])
  with tempfile.TemporaryDirectory() as folder:
    write_class_names(game, folder)
    for name in files.names_in(folder):
      asset = tf.saved_model.Asset(os.path.join(folder, name))
      setattr(module, name.removesuffix('.txt'), asset)
    tf.saved_model.save(module, path, signatures=signatures)


def write_class_names(game: Game, folder: str) -> None:
  """Writes the names of classes, a line each, to classes.txt and FIELD_classes.txt in a folder."""
  for name, field in game.data.items():
    if field.classes or field.words:
      files.make_folder(folder)
      kind = 'classes' if field.classes else 'words'
      file = 'classes.txt' if name == 'label' else f'{name}_{kind}.txt'
      lines = [' '.join(text.split()) + '\n' for text in field.classes or field.words]
      atomic_files.write(os.path.join(folder, file), ''.join(lines))


def _sampling_signatures(game: Game, task: Task, sample: Any) -> tuple[Any, Any]:
  """Returns signatures of (count, seed), and of (count, seed, labels) if classes are told."""
  scalars = [tf.TensorSpec([], tf.int32, name) for name in ('count', 'seed')]

  def signature(*specs: tf.TensorSpec) -> Any:
    return tf.function(
      lambda *given: {task.target: sample(*given)}, autograph=False, input_signature=specs
    )

  plain = signature(*scalars)
  if game.captions([0]) is not None:
    return plain, signature(*scalars, tf.TensorSpec([None], tf.string, 'captions'))
  if game.labels([0]) is None:
    return plain, plain
  return plain, signature(*scalars, tf.TensorSpec([None], tf.int32, 'labels'))


def _make_sampling_function(game: Game, networks: Networks, task: Task) -> Any:
  """Returns a function of (count, seed, labels) that makes stored samples [count, ...].

  Count and seed are scalars int32. Labels are the classes that samples take in turn, int32, int64
  or string [K], or left out.
  """
  medium = game.data[task.target].require_medium()
  names = game.data.label_names if game.labels([0]) is not None else ()
  field = game.data[CAPTION] if game.captions([0]) is not None else None
  make, spec = _make_float_function(game, networks, task), input_spec(game, task)

  @tf.function(autograph=False)
  def sample(count: tf.Tensor, seed: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
    indices, given = tf.range(count), {}
    if labels is not None and field:
      tokens = read_captions(field, labels) if labels.dtype == tf.string else labels
      given[CAPTION] = tf.gather(tokens, indices % tf.shape(tokens)[0])
    elif labels is not None:
      numbers = _class_numbers(labels, names)
      given['label'] = tf.gather(numbers, indices % tf.size(numbers))
    inputs = game.inputs(task, indices, seed, given)
    inputs = tf.nest.map_structure(lambda part, its: tf.ensure_shape(part, its.shape), inputs, spec)
    return medium.to_stored(make(inputs))

  sample.get_concrete_function(_SCALAR, _SCALAR, None)
  if field:
    tokens = tf.TensorSpec([None, field.shape[1]], tf.int32)
    for texts in (tokens, tf.TensorSpec([None], tf.string)):
      sample.get_concrete_function(_SCALAR, _SCALAR, texts)
    return sample
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


def _make_float_function(game: Game, networks: Networks, task: Task) -> Callable[..., tf.Tensor]:
  """Returns a function of inputs [n, ...] that makes float32 samples [n, ...] in [-1, 1]."""
  return tf.function(
    lambda inputs: game.run(task, networks, inputs),
    autograph=False,
    input_signature=[input_spec(game, task)],
  )
