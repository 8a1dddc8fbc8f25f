"""Ways back of translations: the task that makes the source of an output again.

back = way_back(game, task)                                    # the task b_to_a for a_to_b, or None
given = given_on_the_way_back(game, back, examples, outputs)         # what its `inputs` read
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import StoredValues, tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.told_class import FIELD


def way_back(game: Game, task: Task) -> Task | None:
  """Returns the task whose source is the target of `task`, and the other way round; or None.

  A task between pictures of one field, told which change to make, is its own way back.
  """
  if task.samples_noise:
    return None
  if task.source == task.target:
    return task
  ends = task.target, task.source
  return next((one for one in game.tasks().values() if (one.source, one.target) == ends), None)


def given_on_the_way_back(
  game: Game, back: Task, examples: StoredValues, outputs: np.ndarray | tf.Tensor
) -> dict[str, np.ndarray | tf.Tensor]:
  """Returns stored values [n, ...] by field that a task reads to make examples of outputs again.

  Args:
    game: The game.
    back: The task that leads back.
    examples: Values [n, ...] by field of what the outputs were made of. Their own class is asked
      for on the way back.
    outputs: The outputs as stored, an array or a tensor [n, ...].
  """
  given = {**examples, back.source: outputs}
  label = game.data.label_of(back.target)
  if label in given:
    given[FIELD] = given[label]
  return given
