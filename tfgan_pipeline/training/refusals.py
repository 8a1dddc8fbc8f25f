"""What does not go together, as rules: refused before anything is built or written.

Components say themselves what they need, games in `needs` and `labelled`, terms and changes in
their tuples' `needs`, and a run has it or not. Sizes and arguments are the affair of the component
that they are given to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game

# What a run can lack, and the flag that says so.
_SOURCES = {
  'a generator': 'model',
  'a discriminator': 'model',
  'labels': 'dataset',
  'pictures': 'dataset',
  'a border at 0': 'loss',
}

# Flags that would do nothing, or harm, without something, unless they are as by default.
_FLAGS = {
  'a discriminator': (
    'loss',
    'clip_weights',
    'discriminator_augment',
    'discriminator_optimizer',
    'discriminator_pretraining',
    'discriminator_loss_floor',
    'discriminator_steps',
    'replay_pool',
    'update',
  ),
  'pictures': ('augment',),
}


def refuse_what_does_not_fit(
  experiment: Experiment,
  game: Game,
  dataset: Dataset,
  penalties: Mapping[str, Any],
  augmentations: Mapping[str, Any],
) -> None:
  """Raises UsageError, naming the flag and the reason.

  Args:
    experiment: The run's choices.
    game: The model component, with networks or without.
    dataset: The data.
    penalties: Terms by name.
    augmentations: What images pass on their way to the discriminator, by name.
  """
  has = {
    *(f'a {player}' for player in game.players),
    *(['labels'] if dataset.num_classes else []),
    *(['pictures'] if dataset.fields.augmented() else []),
    *(['a border at 0'] if registry.loss.build(experiment.loss).has_border else []),
  }
  for flag, needs in _needs(experiment, game, penalties, augmentations):
    for need in sorted(set(needs) - has):
      source = _SOURCES[need]
      raise UsageError(
        f'--{flag}: needs {need}, which --{source}={getattr(experiment, source)} has not'
      )
  _refuse_pool(experiment, game)


def _needs(experiment, game, penalties, augmentations) -> Iterator[tuple[str, Any]]:
  """Everything that was chosen, as flag=value, and what it needs."""
  yield f'model={experiment.model}', {*game.needs, *(['labels'] if game.labelled else [])}
  default = Experiment()
  for need, names in _FLAGS.items():
    for name in names:
      value = getattr(experiment, name)
      if value != getattr(default, name):
        yield f'{name}={value}', {need}
  for flag, chosen in (('penalties', penalties), ('discriminator_augment', augmentations)):
    for name, component in chosen.items():
      yield f'{flag}={name}', component.needs


def _refuse_pool(experiment: Experiment, game: Game) -> None:
  pool, batch = experiment.replay_pool, experiment.batch_size
  if pool:
    if not game.poolable:
      raise UsageError(
        f'--replay_pool={pool}: TF-GAN has no pool for the losses of --model={experiment.model}'
      )
    if experiment.accumulate > 1:
      raise UsageError(f'--replay_pool={pool}: not with --accumulate={experiment.accumulate}')
    if pool < batch:
      raise UsageError(f'--replay_pool={pool}: should be at least --batch_size={batch}')
