"""Pictures of a game's tasks while it is trained: real examples and samples of fixed inputs.

pictures = TaskPictures(experiment, state)
outputs, drawn = pictures.samples(shown)       # drawn['fakes']: uint8 [H, W, 1, 3 or 4]
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_examples import examples_of_classes
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Field
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.media.headings import with_headings
from tfgan_pipeline.media.pairs import side_by_side
from tfgan_pipeline.media.sizes import batch_size
from tfgan_pipeline.models.game import Inputs, parts_of
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.way_back import given_on_the_way_back, way_back
from tfgan_pipeline.training.state import TrainState


class TaskPictures:
  """Maker of the pictures of a run's tasks.

  Args:
    experiment: The run's choices.
    state: The variables that samples are made with.
  """

  def __init__(self, experiment: Experiment, state: TrainState):
    self._state = state
    self._seed = experiment.seed
    self._trained_batch = experiment.batch_size // experiment.accumulate

  @property
  def tasks(self) -> Sequence[Task]:
    """All tasks of the game."""
    return list(self._state.game.tasks().values())

  def reals(self, dataset: Dataset) -> dict[str, np.ndarray]:
    """Draws training examples, of all classes if there is room, of each field that tasks make.

    Returns:
      Pictures uint8 [H, W, 1, 3 or 4] by field.
    """
    drawn = {}
    for name in dict.fromkeys(task.target for task in self.tasks):
      field = dataset.fields[name]
      medium = field.require_medium()
      label = dataset.fields.label_of(name)
      classes = dataset.fields[label].classes if label else ()
      count = medium.grid_size(field.shape)
      reals = examples_of_classes(dataset.split('train'), count, label, len(classes))
      drawn[name] = medium.picture(reals[name])
    return drawn

  def needed_examples(self) -> int:
    """Returns the number of real examples that pictures show; 0 if all are made of noise."""
    return max(self._state.game.shown_examples, *map(self._examples_of, self.tasks))

  def samples(
    self, shown: Example
  ) -> tuple[dict[Task, tuple[Inputs, np.ndarray]], dict[str, np.ndarray]]:
    """Makes samples of all tasks, from fixed noise or examples, and draws them.

    Args:
      shown: `needed_examples` stored real examples by field.

    Returns:
      (inputs and stored samples [N, ...] by task, pictures uint8 [H, W, 1, 3 or 4] by name).
    """
    game = self._state.game
    outputs, drawn = {}, {}
    for task in self.tasks:
      inputs, examples = self._fixed_inputs(task, shown)
      medium = self._field(task.target).require_medium()
      samples = medium.to_stored(self._values(task, inputs)).numpy()
      outputs[task] = inputs, samples
      if examples is None:
        name = 'fakes' if task == game.task() else f'fakes-{task.name}'
        picture = medium.picture(samples, columns=self._columns(task))
        headings = self._headings(task)
        drawn[name] = with_headings(picture, headings) if headings else picture
      else:
        drawn[task.name] = self._translation(task, examples, samples)
    return outputs, drawn

  def _field(self, name: str) -> Field:
    return self._state.game.data[name]

  def _examples_of(self, task: Task) -> int:
    """Returns the number of real examples in a task's picture; 0 for a task that reads noise."""
    source = None if task.samples_noise else self._field(task.source)
    return source.require_medium().grid_size(source.shape) if source else 0

  def _values(self, task: Task, inputs: Inputs) -> tf.Tensor:
    """Returns a task's samples [N, ...], made in batches of at most that of training if large."""
    game, networks = self._state.game, self._state.sampled_networks
    count = tf.nest.flatten(inputs)[0].shape[0]
    size = self._trained_batch
    if task.samples_noise:
      size = batch_size(self._field(task.target).shape, count, size)
    parts = [game.run(task, networks, part) for part in parts_of(inputs, count, size)]
    return tf.concat(parts, axis=0)

  def _columns(self, task: Task) -> int:
    """Returns the columns of a grid with a column per class; 0 for no or too many classes."""
    target, columns = self._field(task.target), self._state.game.columns(task)
    # At least two rows have to fit.
    return columns if columns <= target.require_medium().grid_size(target.shape) // 2 else 0

  def _headings(self, task: Task) -> Sequence[str]:
    """Returns the names of classes for a grid with a column per class; () for any other."""
    game, target = self._state.game, self._field(task.target)
    shows_classes = self._columns(task) and game.labels([0]) is not None
    return game.data.label_names if shows_classes and target.require_medium().is_picture else ()

  def _translation(self, task: Task, examples: Example, samples: np.ndarray) -> np.ndarray:
    """Draws examples beside outputs, their targets where known, and what they are there and back.

    If a medium is not one of pictures, only the outputs are drawn. As many examples are drawn as
    make a grid of the usual number of tiles.
    """
    game = self._state.game
    source, target = (self._field(name).require_medium() for name in (task.source, task.target))
    if not (source.is_picture and target.is_picture):
      return target.picture(samples)
    columns = {'Input': examples[task.source], 'Output': samples}
    if truth := game.data.truth_of(task.source, task.target):
      columns['Target'] = examples[truth]
    back = way_back(game, task)
    largest = max((self._field(name).shape for name in (task.source, task.target)), key=math.prod)
    count = max(1, target.grid_size(largest) // (len(columns) + bool(back)))
    columns = {heading: pictures[:count] for heading, pictures in columns.items()}
    if back:
      part = {name: values[:count] for name, values in examples.items()}
      given = given_on_the_way_back(game, back, part, samples[:count])
      inputs = game.inputs(back, range(len(samples[:count])), self._seed, given)
      columns['Back'] = source.to_stored(self._values(back, inputs)).numpy()
    return side_by_side(target, columns)

  def _fixed_inputs(self, task: Task, shown: Example) -> tuple[Inputs, Example | None]:
    """Returns the inputs of a task's picture and the stored examples that they are made from.

    The examples are None for a task that reads noise.
    """
    game = self._state.game
    if task.samples_noise:
      target, columns = self._field(task.target), self._columns(task)
      count = target.require_medium().grid_size(target.shape)
      count -= count % columns if columns else 0
      return game.inputs(task, range(count), self._seed), None
    field_values = {name: values[: self._examples_of(task)] for name, values in shown.items()}
    count = len(field_values[task.source])
    return game.inputs(task, range(count), self._seed, field_values), field_values
