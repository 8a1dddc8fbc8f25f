"""Advice on settings that are allowed and train badly, each told once, with the flag that cures it.

advise(experiment, dataset, state)     # 'warning: --loss=wasserstein: nothing bounds ...'

Components say what they depend on, as a loss by `needs_bound` and a penalty by `of_slope`. What
cannot work at all is refused instead, see refusals.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import logging
import math
import os
import shutil

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.networks.layers.basic import batch_norms
from tfgan_pipeline.networks.layers.spectral_norm import is_normalised
from tfgan_pipeline.registry.calls import Call
from tfgan_pipeline.runs import files
from tfgan_pipeline.training.state import TrainState

_log = logging.getLogger(__name__)
_GREY_PICTURES = 32  # As many are looked at before pictures count as grey.
_SHARE_OF_DISK = 0.5  # Of what is free: the rest is for scores, samples and other runs.


def advice(experiment: Experiment, dataset: Dataset, state: TrainState) -> Iterator[str]:
  """Yields a line for each setting of a new run that trains badly, as '--flag=value: why; cure'.

  Args:
    experiment: The run's settings.
    dataset: The data of the run.
    state: The variables of the run, whose networks are looked at.
  """
  penalties = state.step_fn.penalties
  critics = [state.networks[role] for role in state.game.players.get('discriminator', ())]
  if critics:
    yield from _unbounded(experiment, critics, penalties)
    yield from _mixed_slopes(experiment, critics, penalties)
  yield from _few_pictures(experiment, dataset, bool(critics))
  yield from _grey_pictures(experiment, dataset)
  yield from _disk(experiment, state.checkpoint_bytes)


def advise(experiment: Experiment, dataset: Dataset, state: TrainState) -> None:
  """Logs the advice on a new run as warnings."""
  for text in advice(experiment, dataset, state):
    _log.warning('%s', spoken(text))


def _unbounded(
  experiment: Experiment, critics: Sequence[keras.Model], penalties: dict[str, Penalty]
) -> Iterator[str]:
  """Yields advice on a loss that needs a bound of a critic's slope, where there is none."""
  needs_bound = registry.loss.build(experiment.loss).needs_bound
  is_bounded = experiment.clip_weights or any(penalty.of_slope for penalty in penalties.values())
  has_norms = all(any(map(is_normalised, critic._flatten_layers())) for critic in critics)
  if needs_bound and not is_bounded and not has_norms:
    yield (
      f'--loss={experiment.loss}: nothing bounds the slope of the discriminator, so its loss can '
      'fall for ever; add --penalties=wasserstein_gradient, or --clip_weights=0.01'
    )


def _mixed_slopes(
  experiment: Experiment, critics: Sequence[keras.Model], penalties: dict[str, Penalty]
) -> Iterator[str]:
  """Yields advice on batch normalisation in a critic whose slope at each image is penalised."""
  names = [name for name, penalty in penalties.items() if penalty.of_slope]
  if names and any(map(batch_norms, critics)):
    cure = _without_norm(experiment.networks) or 'take --networks whose discriminator has none'
    yield (
      f'--penalties={names[0]}: by batch normalisation in the discriminator, its slope at an image '
      f'depends on the other images of the batch; {cure}'
    )


def _without_norm(networks: str) -> str:
  """Returns the advice to take these networks without a norm in the discriminator; '' if unknown.

  Networks for one player alone, as patchgan is, call the argument `norm`; that of a discriminator
  comes last.
  """
  calls = list(registry.network.parse_all(networks))
  for index, call in reversed(list(enumerate(calls))):
    for name in ('discriminator_norm', 'norm'):
      if name in call.arguments:
        calls[index] = Call(call.name, {**call.arguments, name: 'none'})
        return f'--networks="{", ".join(map(str, calls))}" has none'
  return ''


def _few_pictures(experiment: Experiment, dataset: Dataset, has_critic: bool) -> Iterator[str]:
  """Yields advice on training data of fewer examples than a batch."""
  count = dataset.splits['train'].size
  if count < experiment.batch_size:
    more = ', and so few need --discriminator_augment=diff_augment' if has_critic else ''
    yield (
      f'--batch_size={experiment.batch_size}: there are {count} training examples, so that a batch '
      f'shows some of them twice; --batch_size={max(1, count // 2)} does not{more}'
    )


def _grey_pictures(experiment: Experiment, dataset: Dataset) -> Iterator[str]:
  """Yields advice on grey pictures that are read as three equal channels."""
  try:
    call = registry.dataset.parse(experiment.dataset)
  except UsageError:  # Of another script.
    return
  names = [name for name in dataset.fields.augmented() if dataset.fields[name].shape[-1] == 3]
  if 'channels' not in call.arguments or not names:
    return
  split = dataset.splits['train']
  pictures = split.spread(min(_GREY_PICTURES, split.size))
  if all(np.ptp(np.asarray(pictures[name]), axis=-1).max() == 0 for name in names):
    other = Call(call.name, {**call.arguments, 'channels': 1})
    yield (
      f'--dataset={experiment.dataset}: the pictures are grey and read as three channels, all of '
      f'which the generator has to learn to be equal; --dataset="{other}" reads one'
    )


def _disk(experiment: Experiment, checkpoint_bytes: int) -> Iterator[str]:
  """Yields advice on checkpoints that would fill the disk."""
  count = experiment.max_steps // experiment.save_every + 1
  kept = min(count, experiment.keep_checkpoints or count)
  if not files.is_local(experiment.model_dir):
    return
  free = shutil.disk_usage(_existing(experiment.model_dir)).free
  need = kept * checkpoint_bytes
  if need > _SHARE_OF_DISK * free:
    fits = max(2, int(_SHARE_OF_DISK * free / checkpoint_bytes) // 2)
    yield (
      f'--keep_checkpoints={experiment.keep_checkpoints}: {kept} checkpoints of '
      f'{_size(checkpoint_bytes)} take {_size(need)}, and {_size(free)} are free; '
      f'--keep_checkpoints={fits} keeps {_size(fits * checkpoint_bytes)} (evaluators keep the best '
      f'beside these), or save less often than --save_every={experiment.save_every}'
    )


def _existing(path: str) -> str:
  """Returns the path or the nearest folder above it that exists."""
  while not os.path.exists(path):
    path = os.path.dirname(path)
  return path


def _size(count: float) -> str:
  """Formats a number of bytes, as '1.2 GB'."""
  units = ('bytes', 'kB', 'MB', 'GB', 'TB')
  power = min(len(units) - 1, int(math.log10(max(count, 1)) // 3))
  return f'{count / 1000**power:.3g} {units[power]}'
