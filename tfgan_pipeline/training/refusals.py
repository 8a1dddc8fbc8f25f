"""Flags that contradict the game or each other: refused before anything is written."""

from __future__ import annotations

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.models.base import Game

# What says nothing where nobody plays against the generator.
_ADVERSARIAL = (
  'loss',
  'penalties',
  'clip_weights',
  'discriminator_augment',
  'discriminator_optimizer',
  'discriminator_pretraining',
  'discriminator_loss_floor',
  'discriminator_steps',
  'replay_pool',
  'update',
)


def refuse_what_does_not_fit(experiment: Experiment, game: Game) -> None:
  """Raises UsageError, naming the flag."""
  if 'discriminator' not in game.players:
    for name, default in Experiment().to_dict().items():
      value = getattr(experiment, name)
      if name in _ADVERSARIAL and value != default:
        raise UsageError(f'--{name}={value}: --model={experiment.model} has no discriminator')
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
