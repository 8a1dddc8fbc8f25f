"""What does not go together, as rules: refused before anything is built or written.

Components say themselves what they need, games in `needs` and `roles`, terms and changes in their
tuples' `needs`, and a run has it or not. Sizes and arguments are the affair of the component
that they are given to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfgan_pipeline import registry
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.needs import Need, of_player
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.discriminator_augment.policies import DiscriminatorAugmentation
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.models.game import Game

# Flags that would do nothing, or harm, without something, unless they are as by default.
_FLAGS = {
  Need.DISCRIMINATOR: (
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
  Need.PICTURES: ('augment',),
}


def refuse_what_does_not_fit(
  experiment: Experiment,
  game: Game,
  dataset: Dataset,
  penalties: Mapping[str, Penalty],
  augmentations: Mapping[str, DiscriminatorAugmentation],
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
    *map(of_player, game.players),
    *([Need.LABELS] if dataset.num_classes else []),
    *([Need.PICTURES] if dataset.fields.augmented() else []),
    *([Need.BORDER] if registry.loss.build(experiment.loss).has_border else []),
    *([Need.ONE_DIRECTION] if len(game.directions) == 1 else []),
  }
  for flag, needs in _needs(experiment, game, penalties, augmentations):
    for need in sorted(needs - has, key=lambda need: need.value):
      value = getattr(experiment, need.flag)
      raise UsageError(f'--{flag}: needs {need.value}, which --{need.flag}={value} has not')
  _refuse_pool(experiment, game)


def _needs(
  experiment: Experiment,
  game: Game,
  penalties: Mapping[str, Penalty],
  augmentations: Mapping[str, DiscriminatorAugmentation],
) -> Iterator[tuple[str, frozenset[Need]]]:
  """Everything that was chosen, as flag=value, and what it needs."""
  told = any('label' in role.reads for role in game.roles().values())
  yield f'model={experiment.model}', game.needs | ({Need.LABELS} if told else set())
  default = Experiment()
  for need, names in _FLAGS.items():
    for name in names:
      value = getattr(experiment, name)
      if value != getattr(default, name):
        yield f'{name}={value}', frozenset({need})
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
