"""Functions of a trained game that other formats can hold: tensors with names in, floats out.

They draw no random numbers: a task that samples noise is given the noise. Outputs are float32 in
[-1, 1], not rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.sampling.exports.translation import translation_functions

_SAMPLES = 8  # Examples of a task that samples noise.
_PICTURES = 2  # Examples of a task that reads pictures.


def input_spec(game: Game, task: Task) -> Inputs:
  """Returns specs [None, ...] of the inputs of a task that samples noise."""
  return tf.nest.map_structure(
    lambda value: tf.TensorSpec([None, *value.shape[1:]], value.dtype), game.inputs(task, [0], 0)
  )


def float_functions(game: Game, networks: Networks, *, any_size: bool = True) -> dict[str, Any]:
  """Returns a function by task, from tensors with names to {target: float32 [n, ...]}.

  A task that samples noise reads 'noise', float32 [n, D], and, if its generator is told classes,
  'label', int32 [n], or if it reads captions, 'caption', int32 [n, length]. Any other task reads
  what its signature in a SavedModel reads, see translation.py.

  Args:
    game: The game, which makes the inputs.
    networks: The networks by role, with their weights.
    any_size: Whether pictures of other sizes than that of training are taken where networks do.
  """
  return {
    name: _noise_function(game, networks, task)
    if task.samples_noise
    else translation_functions(game, networks, task, stored=False, any_size=any_size)[1]
    for name, task in game.tasks().items()
  }


def _noise_function(game: Game, networks: Networks, task: Task) -> Any:
  spec = input_spec(game, task)
  names = game.input_names(task)
  parts = [
    tf.TensorSpec(part.shape, part.dtype, name)
    for name, part in zip(names, tf.nest.flatten(spec), strict=True)
  ]
  return tf.function(
    lambda *parts: {task.target: game.run(task, networks, tf.nest.pack_sequence_as(spec, parts))},
    autograph=False,
    input_signature=parts,
  )


def example_inputs(game: Game, task: Task, function: Any) -> dict[str, np.ndarray]:
  """Returns inputs [n, ...] by name that show what a function of `float_functions` does.

  They are those of samples 0 to 7 of seed 0, or pictures of random pixels, of the size of training,
  with class 0.

  Args:
    game: The game.
    task: The task of the function.
    function: The function.
  """
  names = [spec.name for spec in function.input_signature]
  if task.samples_noise:
    parts = tf.nest.flatten(game.inputs(task, range(_SAMPLES), 0))
    return {name: part.numpy() for name, part in zip(names, parts, strict=True)}
  pixels = np.random.RandomState(0).randint(0, 256, (_PICTURES, *game.data[task.source].shape))
  inputs = {task.source: pixels.astype(game.data[task.source].dtype)}
  for spec in function.input_signature[1:]:
    inputs[spec.name] = np.zeros([_PICTURES, *spec.shape[1:]], spec.dtype.as_numpy_dtype)
  return inputs
