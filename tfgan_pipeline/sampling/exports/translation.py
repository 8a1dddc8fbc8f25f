"""Functions of a SavedModel that translate pictures, of any size where the networks allow it."""

from __future__ import annotations

import logging
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import first_line
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.told_class import FIELD, told_field
from tfgan_pipeline.networks.sizes import of_any_size, ratio_of, stride_of
from tfgan_pipeline.networks.spec import Networks

_log = logging.getLogger(__name__)


def translation_functions(
  game: Game, networks: Networks, task: Task, *, stored: bool = True, any_size: bool = True
) -> tuple[Any, Any]:
  """Returns a function of stored examples that makes outputs, and a signature of it.

  Example i takes the random numbers of number i and seed 0. Sides are padded by reflection to
  multiples of what the networks halve them by, and outputs are cropped; networks that reduce
  pictures to a pixel, or whose layers need to know the size, keep the size of training.

  Args:
    game: The game, which makes the inputs.
    networks: The networks by role, with their weights.
    task: Task that reads a field of examples.
    stored: Whether outputs are stored as examples are; else they are float32 in [-1, 1].
    any_size: Whether to take other sizes than that of training where the networks do.

  Returns:
    A function of examples uint8 [n, H, W, C], and for each further field that the task is told, an
    array [n, ...], by position or name. The signature names its inputs, which are fields, and its
    output, which is the task's target.
  """
  source = game.data[task.source]
  are_pictures = all(
    game.data[name].require_medium().is_picture for name in (task.source, task.target)
  )
  if (
    any_size
    and are_pictures
    and ratio_of(source.shape, game.data[task.target].shape)
    and (stride := max(stride_of(networks[role]) for role in task.roles)) < min(source.shape[:2])
  ):
    try:
      shape = (None, None, source.shape[2])
      return _functions(game, of_any_size(networks), task, shape, stride, stored)
    except Exception as error:  # Layers that need a size raise a dozen kinds.
      if stored:  # Once for an export, which asks for both.
        _log.info(
          'the network of %s takes %dx%d pixels alone, and so does its export (%s)',
          *(task.name, *source.shape[:2], first_line(error)),
        )
  return _functions(game, networks, task, source.shape, 1, stored)


def _functions(
  game: Game,
  networks: Networks,
  task: Task,
  shape: tuple[int | None, ...],
  stride: int,
  stored: bool,
) -> tuple[Any, Any]:
  source, target = game.data[task.source], game.data[task.target]
  medium, told = target.require_medium(), told_field(game, task)
  specs = [tf.TensorSpec([None, *shape], source.dtype, task.source)]
  if told is not None:
    specs.append(tf.TensorSpec([None, *told.shape], told.dtype, FIELD))

  def make(examples: tf.Tensor, asked: tf.Tensor | None = None) -> tf.Tensor:
    given = {} if asked is None else {FIELD: asked}
    indices = tf.range(tf.shape(examples)[0])
    padded, place = _padded(examples, stride)
    inputs = game.inputs(task, indices, 0, {**given, task.source: padded})
    outputs = game.run(task, networks, inputs)
    if None in shape:
      ratio = ratio_of(source.shape, target.shape)
      top, left = tf.unstack(place * ratio)
      bottom, right = tf.unstack((place + tf.shape(examples)[1:3]) * ratio)
      outputs = outputs[:, top:bottom, left:right]
    return medium.to_stored(outputs) if stored else outputs

  options = {'autograph': False, 'input_signature': specs}
  function = tf.function(make, **options)
  named = tf.function(lambda examples, asked=None: {task.target: make(examples, asked)}, **options)
  function.get_concrete_function()
  return function, named


def _padded(examples: tf.Tensor, stride: int) -> tuple[tf.Tensor, tf.Tensor]:
  """Returns examples [n, H, W, C] amid their reflection, and the place of the first pixel."""
  if stride == 1:
    return examples, tf.zeros([2], tf.int32)
  # Of no negative numbers, whose remainders ONNX takes otherwise.
  room = (stride - tf.shape(examples)[1:3] % stride) % stride
  first = room // 2
  around = tf.concat([[[0, 0]], tf.stack([first, room - first], 1), [[0, 0]]], 0)
  return tf.pad(examples, around, 'REFLECT'), first
