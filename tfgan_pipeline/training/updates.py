"""The updates that make up a training step, in their order, as --update asks for them."""

from __future__ import annotations

from collections.abc import Collection
import dataclasses

from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.experiment import Experiment

# Of --update=separate: the discriminator's second optimiser, for its updates on generated images.
_ON_GENERATED = 'discriminator_on_generated'


@dataclasses.dataclass(frozen=True)
class Update:
  """One update of a step, from a batch of its own.

  Attributes:
    players: The players whose weights move.
    images: 'real' or 'generated' where the discriminator learns from these alone; '' for both.
  """

  players: tuple[str, ...]
  images: str = ''

  @property
  def has_penalties(self) -> bool:
    """Whether penalties count: of two updates on two kinds of images, in the second alone."""
    return self.images != 'real'

  def optimizer_of(self, player: str) -> str:
    """Returns the key of a player's optimiser, see `optimizers_of`."""
    return _ON_GENERATED if (player, self.images) == ('discriminator', 'generated') else player

  def seen(self, model: GANTuple) -> GANTuple:
    """Returns TF-GAN's tuple with gradients of `images` alone; loss values are as before."""
    if not self.images:
      return model
    other = '_gen_' if self.images == 'real' else '_real_'  # As in discriminator_gen_outputs.
    outputs = {name: getattr(model, name) for name in model._fields if other in name}
    return model._replace(**tf.nest.map_structure(tf.stop_gradient, outputs))


def updates_of(experiment: Experiment, players: Collection[str]) -> list[Update]:
  """Lists the updates of a step: the discriminator's first, the generator's or a joint one last.

  Of several updates of the generator, a joint one is the first.
  """
  kinds = ('real', 'generated') if experiment.update == 'separate' else ('',)
  steps = range(experiment.discriminator_steps)
  updates = [Update(('discriminator',), images) for _ in steps for images in kinds]
  if experiment.update == 'joint':
    updates[-1] = Update(tuple(players))
  own = experiment.generator_steps - (experiment.update == 'joint')
  return [*updates, *[Update(('generator',))] * own]


def optimizers_of(experiment: Experiment, players: Collection[str]) -> dict[str, str]:
  """Returns the keys of all optimisers of a run, and the player whose settings each has."""
  second = experiment.update == 'separate' and 'discriminator' in players
  return {
    **{player: player for player in players},
    **({_ON_GENERATED: 'discriminator'} if second else {}),
  }
