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
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.discriminator_augment.policies import DiscriminatorAugmentation
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.image_game import ImageGame

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
    *([Need.FEATURES] if isinstance(game, ImageGame) else []),
  }
  for flag, needs in _needs(experiment, game, penalties, augmentations):
    for need in sorted(needs - has, key=lambda need: need.value):
      value = getattr(experiment, need.flag)
      raise UsageError(f'--{flag}: needs {need.value}, which --{need.flag}={value} has not')
  _refuse_pool(experiment, game)
  _refuse_twins(experiment, dataset.fields)


def _needs(
  experiment: Experiment,
  game: Game,
  penalties: Mapping[str, Penalty],
  augmentations: Mapping[str, DiscriminatorAugmentation],
) -> Iterator[tuple[str, frozenset[Need]]]:
  """Everything that was chosen, as flag=value, and what it needs."""
  ports = [port for role in game.roles().values() for port in role.reads.values()]
  unknown = any(port.dtype == 'int32' and not port.classes for port in ports)
  yield f'model={experiment.model}', game.needs | ({Need.LABELS} if unknown else set())
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
    if not game.pool_examples():
      raise UsageError(
        f'--replay_pool={pool}: TF-GAN has no pool for the losses of --model={experiment.model}'
      )
    if experiment.accumulate > 1:
      raise UsageError(f'--replay_pool={pool}: not with --accumulate={experiment.accumulate}')
    if pool < batch:
      raise UsageError(f'--replay_pool={pool}: should be at least --batch_size={batch}')


def _refuse_twins(experiment: Experiment, fields: Fields) -> None:
  """Refuses to augment twins of two sizes: a change in pixels cannot be made to both alike."""
  for name, leader in fields.augmented().items() if experiment.augment else ():
    if fields[name].shape[:2] != fields[leader].shape[:2]:
      raise UsageError(
        f'--augment={experiment.augment}: {name} and {leader} are to be changed alike, and are of '
        f'the sizes {fields[name].shape[:2]} and {fields[leader].shape[:2]}'
      )
