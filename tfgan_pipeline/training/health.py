"""Signs of a run's health at each sampling, from its weights, fixed noise and fixed images.

    health = Health(state, dataset)
    scalars = health(step, inputs, pictures)   # floats by TensorBoard tag

Nothing is changed, nothing is drawn at random and no replica is asked, so a run is the same with it
as without, and the chief of several workers can do it alone.
"""

from __future__ import annotations

import logging
import math

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Dataset, Example, Split
from tfgan_pipeline.models.game import Inputs
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
    told = 'discriminator' in state.game.labelled
    if held_out is not None and not (told and dataset.split(held_out).hides_labels):
      self._real['held_out'] = _fixed(dataset.split(held_out))
    self._collapsed = False

  def __call__(self, step: int, inputs: Inputs, pictures: np.ndarray) -> dict[str, float]:
    """Looks once; warns in the log when samples have come to lack diversity.

    Args:
      step: That the state is at.
      inputs: What samples 0 to N - 1 are made from, see `Game.inputs`.
      pictures: They, uint8 [N, H, W, C].

    Returns:
      Scalars by TensorBoard tag, in the precision of float32, in which they are plotted:
      - weight_norm/<role>: of all trained variables of a network as one vector.
      - spectral_norm/<role>/<layer>: see `spectral_norms`; spectral_norm_raw/.. before division.
      - moving_average/distance: norm(average - weights) / norm(weights) of the generator.
      - discriminator_output_fixed/ and discriminator_accuracy_fixed/ train, held_out, generated:
        mean output, and how often its sign is right, on images that stay the same, not augmented;
        generated ones are by the trained weights, not their average. Batch normalisation divides by
        the statistics of batches, as in training.
      - overfitting/r_v: (train - held_out) / (train - generated) of these means, from 0 to 1 when
        nothing to everything is overfitted (Karras et al. 2020, arXiv:2006.06676, equation 1). Not
        there while training images are not above generated ones, when it means nothing.
      - samples/diversity: see `diversity`.
      What does not apply is left out.
    """
    game, average = self._state.game, self._state.average
    scalars: dict[str, float] = {}
    for role, network in game.networks.items():
      scalars[f'weight_norm/{role}'] = _norm(network.trainable_variables)
      scalars.update(spectral_norms(role, network))
    if average is not None and scalars['weight_norm/generator']:
      weights = game.networks['generator'].trainable_variables
      moved = [mean - now for mean, now in zip(average.trainable_variables, weights)]
      scalars['moving_average/distance'] = _norm(moved) / scalars['weight_norm/generator']
    labels = game.labels(range(len(pictures)))
    if 'discriminator' in game.networks:
      scalars.update(self._judgement(inputs, labels))
    by_class = labels is not None and 2 * game.num_classes <= len(pictures)
    coordinates, real = game.data['image'].medium.coordinates, self._real['train']
    found = diversity(
      coordinates(pictures),
      labels.numpy() if by_class else None,
      coordinates(real['image']),
      real['label'],
    )
    if found is not None:
      scalars['samples/diversity'] = found
      self._warn(step, found)
    return {tag: float(np.float32(value)) for tag, value in scalars.items()}

  def _judgement(self, inputs: Inputs, labels: tf.Tensor | None) -> dict[str, float]:
    """What the discriminator makes of all kinds of images."""
    game = self._state.game
    logits = {name: self._logits(real) for name, real in self._real.items()}
    with batch_statistics():
      generated = game.generate(game.networks['generator'], inputs)
      logits['generated'] = game.logits(generated, labels).numpy()
    means = {name: np.mean(values, dtype=np.float64) for name, values in logits.items()}
    right = {
      name: values < 0 if name == 'generated' else values > 0 for name, values in logits.items()
    }
    scalars = {
      **{f'discriminator_output_fixed/{name}': value for name, value in means.items()},
      **{f'discriminator_accuracy_fixed/{name}': np.mean(values) for name, values in right.items()},
    }
    gap = means['train'] - means['generated']
    if 'held_out' in means and gap > 0:
      scalars['overfitting/r_v'] = (means['train'] - means['held_out']) / gap
    return scalars

  def _logits(self, real: Example) -> np.ndarray:
    """Of real images uint8 [n, H, W, C], float32 [n]."""
    images, labels = self._state.game.data['image'].medium.to_device(real['image']), real['label']
    found = []
    for first in range(0, len(images), _BATCH):
      part = slice(first, first + _BATCH)
      with batch_statistics():
        found.append(self._state.game.logits(images[part], labels[part]))
    return np.concatenate(found)

  def _warn(self, step: int, found: float) -> None:
    """Once, and again only after it has been better."""
    collapsed = step >= WARM_UP and found < COLLAPSED
    if collapsed and not self._collapsed:
      _log.warning(
        'step %d: samples are only %.2g times as diverse as training images, most likely by mode '
        'collapse: nearly the same image for all noise',
        step,
        found,
      )
    self._collapsed = collapsed


def diversity(
  pictures: np.ndarray, labels: np.ndarray | None, real: np.ndarray, real_labels: np.ndarray
) -> float | None:
  """Square root of the samples' variance over that of real images: near 1 in a healthy run.

  Variances are unbiased, and means over pixels or coordinates.

  Args:
    pictures: Samples [N, ...] as numbers, see Medium.coordinates.
    labels: Their classes int [N], for variances within classes; None for those of all.
    real: Real samples [n, ...].
    real_labels: Their classes int [n].

  Returns:
    None where real images do not vary, as when there is one.
  """
  if labels is None:
    labels, real_labels = np.zeros(len(pictures)), np.zeros(len(real))
  variance = _variance(real, real_labels)
  return math.sqrt(_variance(pictures, labels) / variance) if variance else None


def _variance(images: np.ndarray, labels: np.ndarray) -> float:
  """Unbiased, pooled over classes, the mean over pixels; 0 where no class has two images."""
  groups = [images[labels == label] for label in np.unique(labels)]
  total = sum(len(group) * np.var(group, axis=0, dtype=np.float64).mean() for group in groups)
  return total / max(len(images) - len(groups), 1)


def _norm(tensors) -> float:
  return float(tf.linalg.global_norm(list(tensors)))


def _fixed(split: Split) -> Example:
  """Real examples, always the same ones."""
  return split.spread(_IMAGES if split.size >= _IMAGES else min(split.size, _BATCH))
