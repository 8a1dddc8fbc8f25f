"""Look at a state: samples, what pictures show, and health, computed in one call to the device.

look = Look.at(experiment, state, dataset)
seen = look()                                           # Arrays; the state may change from here on.
pictures, health = look.draw(seen), look.health(step, seen)          # In any thread.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.media.sizes import batch_size
from tfgan_pipeline.replicas.graphs import graph_method
from tfgan_pipeline.training.health import BATCH, Health
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.task_pictures import TaskPictures

_SHOWN_SPLITS = ('test', 'validation', 'train')  # Sources of shown examples, best first.

# Arrays made by TaskPictures.make and Health.measure.
Seen = tuple[dict[str, Any], dict[str, Any]]


class Look:
  """Function that looks at a state, compiled at its first call.

  The graph runs as it was traced, so that samples have the bits that eager execution gives.

  Args:
    pictures: Maker of pictures, whose inputs are fixed.
    health: Health metrics of the state.
    device: Device of the weights, such as '/device:GPU:0'; '' leaves the choice to TensorFlow.

  Attributes:
    pictures: The maker of pictures.
  """

  def __init__(self, pictures: TaskPictures, health: Health, device: str = ''):
    self.pictures = pictures
    self._health = health
    self._device = device

  @classmethod
  def at(cls, experiment: Experiment, state: TrainState, dataset: Dataset) -> Look:
    """Returns a look at a run's state, beside examples of its data that are read now."""
    pictures = TaskPictures(experiment, state)
    count = pictures.needed_examples()
    split = next(name for name in _SHOWN_SPLITS if name in dataset.splits)
    pictures.show(next(dataset.split(split).ordered(count)) if count else {})
    batch = batch_size(dataset.image_shape, BATCH, experiment.batch_size // experiment.accumulate)
    return cls(pictures, Health(state, dataset, batch), state.device)

  def __call__(self) -> Seen:
    with _graphs_unoptimised():
      seen = self._compute()
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), seen)

  @graph_method
  def _compute(self) -> tuple[dict[str, Any], dict[str, Any]]:
    with tf.device(self._device or None):
      made = self.pictures.make()
      # One after the other, or both would need memory at once.
      with tf.control_dependencies(tf.nest.flatten(made)):
        return made, self._health.measure(self.pictures.inputs)

  def draw(self, seen: Seen) -> dict[str, np.ndarray]:
    """Draws the pictures of what was seen, uint8 [H, W, 1, 3 or 4] by name."""
    return self.pictures.draw(seen[0])

  def sounds(self, seen: Seen) -> dict[str, bytes]:
    """Returns how samples sound that do, as WAV files by the names of their pictures."""
    return self.pictures.sounds(seen[0])

  def health(self, step: int, seen: Seen) -> dict[str, float]:
    """Returns the health metrics of what was seen at `step`, by TensorBoard tag."""
    samples = {task: seen[0]['samples'][task.name] for task in self.pictures.inputs}
    return self._health.scalars(step, seen[1], samples)


@contextlib.contextmanager
def _graphs_unoptimised() -> Iterator[None]:
  """Runs graphs as traced: with the bits of eager execution, where Grappler would fuse."""
  options, name = tf.config.optimizer, 'disable_meta_optimizer'
  before = options.get_experimental_options().get(name, False)
  options.set_experimental_options({name: True})
  try:
    yield
  finally:
    options.set_experimental_options({name: before})
