"""Signs of a run's health at each sampling, from its weights, fixed noise and fixed images.

    health = Health(state, dataset)
    scalars = health(step, {task: (inputs, samples)})   # floats by TensorBoard tag

Nothing is changed, nothing is drawn at random and no replica is asked, so a run is the same with it
as without, and the chief of several workers can do it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import logging
import math

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Dataset, Example, Split
from tfgan_pipeline.models.game import Inputs
from tfgan_pipeline.models.image_game import ImageGame
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.layers.basic import batch_statistics
from tfgan_pipeline.training.spectral_norms import spectral_norms
from tfgan_pipeline.training.state import TrainState

COLLAPSED = 0.1  # Diversity below which a generator is said to have collapsed, but not before
WARM_UP = 500  # this step: a DCGAN starts at 0.007 and may need 200 steps to be above.
_IMAGES, _BATCH = 128, 64  # Real images of a split that are looked at, and at a time.
_HELD_OUT = ('validation', 'test')  # Splits that are not trained on, the better one first.

_log = logging.getLogger(__name__)


class Health:
  """Looks at one state.

  Args:
    state: The networks that are trained.
    dataset: Its train split and a held-out one, if there is any, give the real images.
  """

  def __init__(self, state: TrainState, dataset: Dataset):
    self._state = state
    self._real = {'train': _fixed(dataset.split('train'))}
    held_out = next((name for name in _HELD_OUT if name in dataset.splits), None)
    judge = state.game.roles().get('discriminator')
    told = judge is not None and 'label' in judge.reads
    if held_out is not None and not (told and dataset.split(held_out).hides_labels):
      self._real['held_out'] = _fixed(dataset.split(held_out))
    self._collapsed: set[Task] = set()

  def __call__(self, step: int, made: Mapping[Task, tuple[Inputs, np.ndarray]]) -> dict[str, float]:
    """Looks once; warns in the log when samples have come to lack diversity.

    Args:
      step: That the state is at.
      made: For each task what samples are made from, see `Game.inputs`, and they, [N, ...] as they
        are stored.

    Returns:
      Scalars by TensorBoard tag, in the precision of float32, in which they are plotted:
      - weight_norm/<role>: of all trained variables of a network as one vector.
      - spectral_norm/<role>/<layer>: see `spectral_norms`; spectral_norm_raw/.. before division.
      - moving_average/distance: norm(average - weights) / norm(weights) of the generator; of others
        that are averaged, moving_average/distance/<role>.
      - discriminator_output_fixed/ and discriminator_accuracy_fixed/ train, held_out, generated:
        mean output, and how often its sign is right, on images that stay the same, not augmented;
        generated ones are by the trained weights, not their average. Batch normalisation divides by
        the statistics of batches, as in training.
      - overfitting/r_v: (train - held_out) / (train - generated) of these means, from 0 to 1 when
        nothing to everything is overfitted (Karras et al. 2020, arXiv:2006.06676, equation 1). Not
        there while training images are not above generated ones, when it means nothing.
      - samples/diversity: see `diversity`; of tasks besides the first, samples/diversity/<task>.
      What does not apply is left out.
    """
    game = self._state.game
    scalars: dict[str, float] = {}
    for role, network in game.networks.items():
      scalars[f'weight_norm/{role}'] = _norm(network.trainable_variables)
      scalars.update(spectral_norms(role, network))
    for role, average in self._state.averages.items():
      if norm := scalars[f'weight_norm/{role}']:
        weights = game.networks[role].trainable_variables
        moved = [mean - now for mean, now in zip(average.trainable_variables, weights)]
        scalars[_tag('moving_average/distance', role, 'generator')] = _norm(moved) / norm
    first = next(iter(made))
    if isinstance(game, ImageGame) and 'discriminator' in game.networks:
      scalars.update(self._judgement(game, first, *made[first]))
    for task, (_, samples) in made.items():
      value = self._diversity(task, samples)
      if value is not None:
        scalars[_tag('samples/diversity', task.name, first.name)] = value
        self._warn(step, task, value)
    return {tag: float(np.float32(value)) for tag, value in scalars.items()}

  def _diversity(self, task: Task, samples: np.ndarray) -> float | None:
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

  def _judgement(
    self, game: ImageGame, task: Task, inputs: Inputs, samples: np.ndarray
  ) -> dict[str, float]:
    """Looks at the discriminator's outputs on all kinds of images."""
    logits = {name: self._logits(game, real) for name, real in self._real.items()}
    with batch_statistics():
      generated = game.run(task, game.networks, inputs)
      logits['generated'] = game.logits(generated, game.labels(range(len(samples)))).numpy()
    means = {name: float(np.mean(values, dtype=np.float64)) for name, values in logits.items()}
    right = {
      name: values < 0 if name == 'generated' else values > 0 for name, values in logits.items()
    }
    scalars = {
      **{f'discriminator_output_fixed/{name}': value for name, value in means.items()},
      **{
        f'discriminator_accuracy_fixed/{name}': float(np.mean(values))
        for name, values in right.items()
      },
    }
    gap = means['train'] - means['generated']
    if 'held_out' in means and gap > 0:
      scalars['overfitting/r_v'] = (means['train'] - means['held_out']) / gap
    return scalars

  def _logits(self, game: ImageGame, real: Example) -> np.ndarray:
    """Returns the discriminator's logits of real examples, float32 [n]."""
    images, labels = game.data['image'].require_medium().to_device(real['image']), real.get('label')
    parts = [slice(first, first + _BATCH) for first in range(0, len(real['image']), _BATCH)]
    logits = []
    for part in parts:
      with batch_statistics():
        told = None if labels is None else labels[part]
        logits.append(game.logits(images[part], told))
    return np.concatenate(logits)

  def _warn(self, step: int, task: Task, value: float) -> None:
    """Warns once, and again only after it has been better."""
    collapsed = step >= WARM_UP and value < COLLAPSED
    if collapsed and task not in self._collapsed:
      of = '' if task.samples_noise else f' of {task.name}'
      _log.warning(
        'step %d: samples%s are only %.2g times as diverse as training images, most likely by mode '
        'collapse: nearly the same image for all noise',
        step,
        of,
        value,
      )
    (self._collapsed.add if collapsed else self._collapsed.discard)(task)


def diversity(
  pictures: np.ndarray,
  labels: np.ndarray | None,
  real: np.ndarray,
  real_labels: np.ndarray | None,
) -> float | None:
  """Square root of the samples' variance over that of real images: near 1 in a healthy run.

  Variances are unbiased, and means over pixels or coordinates.

  Args:
    pictures: Samples [N, ...] as numbers, see Medium.coordinates.
    labels: Their classes int [N], for variances within classes; None for those of all.
    real: Real samples [n, ...].
    real_labels: Their classes int [n]; not looked at without `labels`.

  Returns:
    None where real images do not vary, as when there is one.
  """
  if labels is None or real_labels is None:
    labels, real_labels = np.zeros(len(pictures)), np.zeros(len(real))
  variance = _variance(real, real_labels)
  return math.sqrt(_variance(pictures, labels) / variance) if variance else None


def _variance(images: np.ndarray, labels: np.ndarray) -> float:
  """Unbiased, pooled over classes, the mean over pixels; 0 where no class has two images."""
  groups = [images[labels == label] for label in np.unique(labels)]
  total = sum(len(group) * np.var(group, axis=0, dtype=np.float64).mean() for group in groups)
  return total / max(len(images) - len(groups), 1)


def _norm(tensors: Iterable[tf.Tensor]) -> float:
  return float(tf.linalg.global_norm(list(tensors)))


def _fixed(split: Split) -> Example:
  """Real examples, always the same ones."""
  return split.spread(_IMAGES if split.size >= _IMAGES else min(split.size, _BATCH))


def _tag(tag: str, name: str, first: str) -> str:
  """Returns the tag of `name`; that of the first one is plain, as where there is only one."""
  return tag if name == first else f'{tag}/{name}'
