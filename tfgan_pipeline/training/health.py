"""Health metrics of a run, computed at each sampling from weights, fixed noise and fixed images.

    health = Health(state, dataset)
    measured = health.measure({task: inputs})             # On the device; may be traced.
    scalars = health.scalars(step, arrays_of(measured), {task: samples})   # By TensorBoard tag.

Computing them changes no variable, draws no random number and involves no other replica. So a run
is the same with and without them, and the chief of several workers can compute them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import logging
import math
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.models.game import Inputs
from tfgan_pipeline.models.image_game import ImageGame
from tfgan_pipeline.models.parts import in_turn
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.layers.basic import batch_statistics
from tfgan_pipeline.training import collapse, spectral_norms
from tfgan_pipeline.training.state import TrainState

BATCH = 64  # Images per pass through the discriminator, half of the real images of a split.
_HELD_OUT = ('validation', 'test')  # Splits that are not trained on, the preferred one first.

_log = logging.getLogger(__name__)

# Results by kind, then by role, kind of images, or layer.
Measured = dict[str, Any]
MeasuredArrays = Mapping[str, Any]


class Health:
  """Computes the health metrics of one run's state.

  Args:
    state: The variables of the run.
    dataset: Source of the real images: its train split and, if it has one, a held-out split.
    batch: Number of images that are passed through networks together; less than BATCH for large
      images, of which no more are looked at than two batches of a split.
  """

  def __init__(self, state: TrainState, dataset: Dataset, batch: int = BATCH):
    self._state = state
    self._batch = batch
    self._real = {'train': _fixed_examples(dataset.split('train'), self._batch)}
    held_out = next((name for name in _HELD_OUT if name in dataset.splits), None)
    judge = state.game.roles().get('discriminator')
    reads_labels = judge is not None and 'label' in judge.reads
    if held_out is not None and not (reads_labels and dataset.split(held_out).hides_labels):
      self._real['held_out'] = _fixed_examples(dataset.split(held_out), self._batch)
    self._judged: dict[str, Mapping[str, tf.Tensor]] = {}  # What the discriminator reads of them.
    reads_alone = judge is not None and set(judge.reads) <= {'image', 'label'}
    if isinstance(state.game, ImageGame) and state.game.networks and reads_alone:
      self._judged = {name: _as_tensors(real) for name, real in self._real.items()}
    self._collapsed: set[Task] = set()

  def measure(self, inputs: Mapping[Task, Inputs]) -> Measured:
    """Computes on the device what `scalars` needs; may be traced.

    Args:
      inputs: The inputs of the samples by task, see `Game.inputs`.
    """
    game = self._state.game
    networks, averages = game.networks, self._state.averages
    differences = {
      role: [mean - weight for mean, weight in zip(mean_of, weights_of)]
      for role, average in averages.items()
      for mean_of, weights_of in [(average.trainable_variables, networks[role].trainable_variables)]
    }
    norms = {role: _norm(network.trainable_variables) for role, network in networks.items()}
    distances = {role: _norm(tensors) for role, tensors in differences.items()}
    spectral = {role: spectral_norms.measure(role, network) for role, network in networks.items()}
    logits = {}
    if self._judged:
      assert isinstance(game, ImageGame)
      logits = {name: self._logits(game, real) for name, real in self._judged.items()}
      task = next(iter(inputs))
      logits['generated'] = self._generated_logits(game, task, inputs[task])
    return {'norms': norms, 'distances': distances, 'spectral': spectral, 'logits': logits}

  def scalars(
    self, step: int, measured: MeasuredArrays, samples: Mapping[Task, np.ndarray]
  ) -> dict[str, float]:
    """Returns the health metrics at `step`; logs a warning when samples have lost their diversity.

    Args:
      step: The step that the state was at.
      measured: Results of `measure`.
      samples: The stored samples [N, ...] by task.

    Returns:
      Scalars by TensorBoard tag, rounded to float32, the precision of the plots:
      - weight_norm/<role>: the norm of all trained variables of a network as one vector.
      - spectral_norm/<role>/<layer>: see spectral_norms.py; spectral_norm_raw/.. before division.
      - moving_average/distance: norm(average - weights) / norm(weights) of the generator; for other
        averaged networks, moving_average/distance/<role>.
      - discriminator_output_fixed/ and discriminator_accuracy_fixed/ train, held_out, generated:
        the mean output and the share of outputs with the right sign, on fixed images that are not
        augmented. Images are generated by the trained weights, not by their average. Batch
        normalisation uses the statistics of batches, as in training.
      - overfitting/r_v: (train - held_out) / (train - generated) of the mean outputs: 0 without
        overfitting, 1 at complete overfitting (Karras et al. 2020, arXiv:2006.06676, equation 1).
        Undefined, and left out, while the train mean is not above the generated mean.
      - samples/diversity: see `diversity`; samples/diversity/<task> for tasks after the first.
      Metrics that do not apply to the game are left out.
    """
    scalars: dict[str, float] = {}
    networks = self._state.game.networks
    for role, norm in measured['norms'].items():
      scalars[f'weight_norm/{role}'] = float(norm)
      scalars.update(spectral_norms.values_of(role, networks[role], measured['spectral'][role]))
    for role, distance in measured['distances'].items():
      if norm := scalars[f'weight_norm/{role}']:
        scalars[_tag('moving_average/distance', role, 'generator')] = float(distance) / norm
    if measured['logits']:
      scalars.update(_judgement(measured['logits']))
    first = next(iter(samples))
    for task, made in samples.items():
      value = self._diversity(task, made)
      if value is not None:
        scalars[_tag('samples/diversity', task.name, first.name)] = value
        self._warn(step, task, value)
    return {tag: float(np.float32(value)) for tag, value in scalars.items()}

  def _diversity(self, task: Task, samples: np.ndarray) -> float | None:
    if len(samples) < 2:  # A single large picture.
      return None
    game, real = self._state.game, self._real['train']
    labels = game.labels(range(len(samples))) if task.samples_noise else None
    by_class = labels is not None and 2 * game.data.num_classes <= len(samples)
    coordinates = game.data[task.target].require_medium().coordinates
    return diversity(
      coordinates(samples),
      labels.numpy() if by_class else None,
      coordinates(real[task.target]),
      real['label'] if by_class else None,
    )

  def _logits(self, game: ImageGame, real: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Returns the discriminator's logits of real examples, float32 [n]."""
    medium, labels = game.data['image'].require_medium(), real.get('label')

    def judge(part: list[tf.Tensor]) -> tf.Tensor:
      with batch_statistics():
        return game.logits(medium.to_device(part[0]), part[1] if labels is not None else None)

    inputs = [real['image']] if labels is None else [real['image'], labels]
    return in_turn(judge, inputs, real['image'].shape[0], self._batch)

  def _generated_logits(self, game: ImageGame, task: Task, inputs: Inputs) -> tf.Tensor:
    """Returns the discriminator's logits of samples of the trained weights, float32 [count]."""
    count = tf.nest.flatten(inputs)[0].shape[0]
    labels = game.labels(range(count))
    size = self._batch if self._batch < BATCH else count
    # Parts of nearly one size, so that batch normalisation has no small batch.
    size = math.ceil(count / math.ceil(count / size))

    def judge(part: tuple[Inputs, list[tf.Tensor]]) -> tf.Tensor:
      with batch_statistics():
        images = game.run(task, game.networks, part[0])
        return game.logits(images, part[1][0] if part[1] else None)

    return in_turn(judge, (inputs, [] if labels is None else [labels]), count, size)

  def _warn(self, step: int, task: Task, value: float) -> None:
    """Logs a warning when samples of a task collapse; once, until their diversity recovers."""
    collapsed = collapse.has_collapsed(step, value)
    if collapsed and task not in self._collapsed:
      name, inputs = ('', 'noise') if task.samples_noise else (task.name, 'inputs')
      _log.warning('step %d: %s', step, collapse.words(value, name, inputs=inputs))
    (self._collapsed.add if collapsed else self._collapsed.discard)(task)


def _judgement(logits: Mapping[str, np.ndarray]) -> dict[str, float]:
  """Returns the discriminator's mean outputs and accuracies on each kind of images, and r_v."""
  means = {name: float(np.mean(values, dtype=np.float64)) for name, values in logits.items()}
  correct = {
    name: values < 0 if name == 'generated' else values > 0 for name, values in logits.items()
  }
  scalars = {
    **{f'discriminator_output_fixed/{name}': value for name, value in means.items()},
    **{
      f'discriminator_accuracy_fixed/{name}': float(np.mean(values))
      for name, values in correct.items()
    },
  }
  # r_v of Karras et al. 2020, arXiv:2006.06676, equation 1.
  gap = means['train'] - means['generated']
  if 'held_out' in means and gap > 0:
    scalars['overfitting/r_v'] = (means['train'] - means['held_out']) / gap
  return scalars


def diversity(
  pictures: np.ndarray,
  labels: np.ndarray | None,
  real: np.ndarray,
  real_labels: np.ndarray | None,
) -> float | None:
  """Returns the samples' standard deviation over that of real examples: near 1 in a healthy run.

  Variances are unbiased and averaged over pixels or coordinates before the root is taken.

  Args:
    pictures: Samples [N, ...] as numbers, see Medium.coordinates.
    labels: Classes of the samples, int [N], to take variances within classes; None to ignore them.
    real: Real examples [n, ...] as numbers.
    real_labels: Classes of the real examples, int [n]; ignored if `labels` is None.

  Returns:
    The ratio, or None if the real examples do not vary, as a single one does not.
  """
  if labels is None or real_labels is None:
    labels, real_labels = np.zeros(len(pictures)), np.zeros(len(real))
  variance = _variance(real, real_labels)
  return math.sqrt(_variance(pictures, labels) / variance) if variance else None


def _variance(images: np.ndarray, labels: np.ndarray) -> float:
  """Returns the unbiased variance, pooled over classes and averaged over pixels.

  The variance is 0 where no class has two images.
  """
  groups = [images[labels == label] for label in np.unique(labels)]
  total = sum(len(group) * np.var(group, axis=0, dtype=np.float64).mean() for group in groups)
  return total / max(len(images) - len(groups), 1)


def _norm(tensors: Iterable[tf.Tensor]) -> tf.Tensor:
  return tf.convert_to_tensor(tf.linalg.global_norm(list(tensors)))


def _as_tensors(real: Example) -> dict[str, tf.Tensor]:
  return {name: tf.convert_to_tensor(real[name]) for name in ('image', 'label') if name in real}


def _fixed_examples(split: Split, batch: int) -> Example:
  """Returns real examples of a split, the same ones at each call.

  A split of less than two batches gives one batch, so that no smaller batch is left over, whose
  statistics batch normalisation would use.
  """
  return split.spread(2 * batch if split.size >= 2 * batch else min(split.size, batch))


def _tag(tag: str, name: str, first: str) -> str:
  """Returns `tag/name`, or `tag` alone for the first name, as where there is only one."""
  return tag if name == first else f'{tag}/{name}'
