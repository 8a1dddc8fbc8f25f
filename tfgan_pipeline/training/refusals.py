"""Rules for incompatible options, checked before anything is built or written.

Components declare their needs: games in `needs` and `roles`, penalties and augmentations in the
field `needs` of their tuples. A run meets a need or is refused. Sizes and arguments are checked by
the component that they are passed to.
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

# Flags that would do nothing, or harm, in a run without the need, unless at their defaults.
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
_MAKE_PAIRS = 'paired(...), halves(...) and reduced(...) make such; cyclegan and cut need none'


def refuse_what_does_not_fit(
  experiment: Experiment,
  game: Game,
  dataset: Dataset,
  penalties: Mapping[str, Penalty],
  augmentations: Mapping[str, DiscriminatorAugmentation],
) -> None:
  """Raises UsageError if options of a run are incompatible.

  Args:
    experiment: The run's choices.
    game: The model component, with networks or without.
    dataset: The data of the run.
    penalties: The chosen penalties by name.
    augmentations: The chosen discriminator augmentations by name.

  Raises:
    UsageError: Two options are incompatible; the message names a flag and the reason.
  """
  available = {
    *map(of_player, game.players),
    *([Need.LABELS] if dataset.num_classes else []),
    *([Need.PICTURES] if dataset.fields.augmented() else []),
    *([Need.PAIRS] if dataset.fields.has_pairs else []),
    *([Need.BORDER] if registry.loss.build(experiment.loss).has_border else []),
    *([Need.ONE_DIRECTION] if len(game.directions) == 1 else []),
    *([Need.FEATURES] if isinstance(game, ImageGame) else []),
  }
  for flag, needs in _needs(experiment, game, penalties, augmentations):
    for need in sorted(needs - available, key=lambda need: need.value):
      value = getattr(experiment, need.flag)
      reason = {Need.LABELS: dataset.no_labels, Need.PAIRS: _MAKE_PAIRS}.get(need)
      reason = f'; {reason}' if reason else ''
      raise UsageError(f'--{flag}: needs {need.value}, which --{need.flag}={value} has not{reason}')
  _refuse_pool(experiment, game)
  if experiment.ema == 'posthoc':
    _refuse_lost_averages(experiment)
  _refuse_twins(experiment, dataset.fields)


def _needs(
  experiment: Experiment,
  game: Game,
  penalties: Mapping[str, Penalty],
  augmentations: Mapping[str, DiscriminatorAugmentation],
) -> Iterator[tuple[str, frozenset[Need]]]:
  """Yields each choice of the run, as flag=value, with its needs."""
  ports = [port for role in game.roles().values() for port in role.reads.values()]
  # A port of integers without a number of classes reads labels of a dataset that has none.
  lacks_classes = any(port.dtype == 'int32' and not port.classes for port in ports)
  yield f'model={experiment.model}', game.needs | ({Need.LABELS} if lacks_classes else set())
  default = Experiment()
  for need, names in _FLAGS.items():
    for name in names:
      value = getattr(experiment, name)
      if value != getattr(default, name):
        yield f'{name}={value}', frozenset({need})
  for flag, components in (('penalties', penalties), ('discriminator_augment', augmentations)):
    for name, component in components.items():
      yield f'{flag}={name}', component.needs


def _refuse_lost_averages(experiment: Experiment) -> None:
  """Raises UsageError if averages are off, or if checkpoints that hold them are removed."""
  if not experiment.ema_decay:
    raise UsageError('--ema=posthoc: keeps averages, which --ema_decay=0 turns off; leave that out')
  if experiment.keep_checkpoints:
    raise UsageError(
      '--ema=posthoc: an average of any length is made of those in all checkpoints; leave out '
      f'--keep_checkpoints={experiment.keep_checkpoints}'
    )


def _refuse_pool(experiment: Experiment, game: Game) -> None:
  """Raises UsageError if the run cannot have the replay pool that it asks for."""
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
  """Raises UsageError if `--augment` would change twin fields of different sizes.

  A change in pixels, such as a shift, cannot be made to both alike.
  """
  for name, leader in fields.augmented().items() if experiment.augment else ():
    if fields[name].shape[:2] != fields[leader].shape[:2]:
      raise UsageError(
        f'--augment={experiment.augment}: {name} and {leader} are to be changed alike, and are of '
        f'the sizes {fields[name].shape[:2]} and {fields[leader].shape[:2]}'
      )
