"""Class that a translator is told besides the picture, as in StarGAN."""

from __future__ import annotations

from tfgan_pipeline.data.fields import Field
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task

# Field of `given` with the class asked for: int32 [n], or [n, K] of 0 and 1 for K attributes.
FIELD = 'label_asked'


def told_field(game: Game, task: Task) -> Field | None:
  """Returns the field whose classes a task is told; None for a task that is told none.

  A task that reads pictures is told a class if its network reads more than a picture. The classes
  are those of the data's field label_asked, or else of the label of the picture that is read.
  """
  if task.samples_noise or len(game.roles()[task.roles[0]].reads) < 2:
    return None
  return game.data[FIELD if FIELD in game.data else game.data.label_of(task.source)]
