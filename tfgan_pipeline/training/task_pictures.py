"""Pictures of a game's tasks while it is trained: real examples and samples of fixed inputs.

pictures = TaskPictures(experiment, state)
pictures.show(examples)                        # Fixes the inputs.
made = pictures.make()                         # On the device; may be traced.
drawn = pictures.draw(arrays_of(made))         # drawn['fakes']: uint8 [H, W, 1, 3 or 4]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from tfgan_pipeline.models.game import Inputs
from tfgan_pipeline.models.parts import in_turn
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.way_back import given_on_the_way_back, way_back
from tfgan_pipeline.training.state import TrainState

# Stored samples [N, ...] by task, by task there and back, and values of Game.shown by their name.
Made = dict[str, dict[str, tf.Tensor]]


class TaskPictures:
  """Maker of the pictures of a run's tasks.

  Args:
    experiment: The run's choices.
    state: The variables that samples are made with.

  Attributes:
    inputs: The fixed inputs of each task, see Game.inputs.
  """

  def __init__(self, experiment: Experiment, state: TrainState):
    self._state = state
    self._seed = experiment.seed
    self._trained_batch = experiment.batch_size // experiment.accumulate
    self.inputs: dict[Task, Inputs] = {}
    self._given: dict[Task, Example | None] = {}  # Examples that the inputs are made from.
    self._special: Example = {}  # Those of Game.shown.
    self._special_tensors: dict[str, tf.Tensor] = {}  # Made outside of graphs, which hold none.

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

  def show(self, examples: Example) -> None:
    """Fixes the inputs of all tasks.

    Args:
      examples: `needed_examples` stored real examples by field.
    """
    game = self._state.game
    self._special = {name: values[: game.shown_examples] for name, values in examples.items()}
    self._special_tensors = {k: tf.convert_to_tensor(array) for k, array in self._special.items()}
    self._given = {task: self._examples_for(task, examples) for task in self.tasks}
    self.inputs = {task: self._fixed_inputs(task, given) for task, given in self._given.items()}

  def make(self) -> Made:
    """Makes samples of all tasks from the fixed inputs, and what else their pictures show."""
    game, networks = self._state.game, self._state.sampled_networks
    samples, back = {}, {}
    for task, inputs in self.inputs.items():
      medium = self._field(task.target).require_medium()
      with tf.control_dependencies([*samples.values(), *back.values()]):  # One after the other.
        samples[task.name] = medium.to_stored(self._values(task, inputs))
        if self._columns_of_translation(task) and (way := way_back(game, task)):
          back[task.name] = self._there_and_back(task, way, samples[task.name])
    special = {}
    if game.shown_examples:
      special = game.shown(networks, self._special_tensors)
    return {'samples': samples, 'back': back, 'special': special}

  def draw(self, made: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Draws what `make` made.

    Returns:
      Pictures uint8 [H, W, 1, 3 or 4] by name.
    """
    game, drawn = self._state.game, {}
    for task, examples in self._given.items():
      samples = made['samples'][task.name]
      if examples is None:
        medium = self._field(task.target).require_medium()
        picture = medium.picture(samples, columns=self._columns(task))
        headings = self._headings(task)
        drawn[self._name(task)] = with_headings(picture, headings) if headings else picture
      else:
        drawn[task.name] = self._translation(task, samples, made['back'].get(task.name))
    return drawn | (game.draw(made['special'], self._special) if game.shown_examples else {})

  def sounds(self, made: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, bytes]:
    """Returns how the first sample of each task sounds, WAV files by the names of `draw`."""
    tasks = [task for task, examples in self._given.items() if examples is None]
    sounds = {
      self._name(task): self._field(task.target)
      .require_medium()
      .sound(made['samples'][task.name][0])
      for task in tasks
    }
    return {name: sound for name, sound in sounds.items() if sound}

  def _name(self, task: Task) -> str:
    """Returns the name of the picture of a task that reads noise."""
    return 'fakes' if task == self._state.game.task() else f'fakes-{task.name}'

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
    return in_turn(lambda part: game.run(task, networks, part), inputs, count, size)

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

  def _columns_of_translation(self, task: Task) -> dict[str, np.ndarray]:
    """Returns the examples beside outputs, by heading, as many as the grid has rows.

    {} for noise, and for media that are no pictures, of which only the outputs are drawn. As many
    examples are drawn as make a grid of the usual number of tiles.
    """
    game, examples = self._state.game, self._given[task]
    if examples is None:
      return {}
    source, target = (self._field(name).require_medium() for name in (task.source, task.target))
    if not (source.is_picture and target.is_picture):
      return {}
    columns = {'Input': examples[task.source]}
    if truth := game.data.truth_of(task.source, task.target):
      columns['Target'] = examples[truth]
    largest = max((self._field(name).shape for name in (task.source, task.target)), key=math.prod)
    tiles = len(columns) + 1 + bool(way_back(game, task))  # One is the output.
    count = max(1, target.grid_size(largest) // tiles)
    return {heading: pictures[:count] for heading, pictures in columns.items()}

  def _there_and_back(self, task: Task, back: Task, samples: tf.Tensor) -> tf.Tensor:
    """Returns what the drawn outputs are when they are translated back, stored samples [n, ...]."""
    game, count = self._state.game, len(self._columns_of_translation(task)['Input'])
    part = {name: values[:count] for name, values in (self._given[task] or {}).items()}
    given = given_on_the_way_back(game, back, part, samples[:count])
    inputs = game.inputs(back, range(count), self._seed, given)
    return self._field(task.source).require_medium().to_stored(self._values(back, inputs))

  def _translation(self, task: Task, samples: np.ndarray, back: np.ndarray | None) -> np.ndarray:
    """Draws examples beside outputs, their targets where known, and what they are there and back.

    If a medium is not one of pictures, only the outputs are drawn.
    """
    target, beside = self._field(task.target).require_medium(), self._columns_of_translation(task)
    if not beside:
      return target.picture(samples)
    inputs = beside.pop('Input')
    columns = {'Input': inputs, 'Output': samples[: len(inputs)], **beside}
    return side_by_side(target, columns if back is None else {**columns, 'Back': back})

  def _examples_for(self, task: Task, examples: Example) -> Example | None:
    """Returns the stored examples that a task's picture is made from; None if it reads noise."""
    if task.samples_noise:
      return None
    return {name: values[: self._examples_of(task)] for name, values in examples.items()}

  def _fixed_inputs(self, task: Task, given: Example | None) -> Inputs:
    """Returns the inputs of a task's picture."""
    game = self._state.game
    if given is None:
      target, columns = self._field(task.target), self._columns(task)
      count = target.require_medium().grid_size(target.shape)
      count -= count % columns if columns else 0
      return game.inputs(task, range(count), self._seed)
    return game.inputs(task, range(len(given[task.source])), self._seed, given)
