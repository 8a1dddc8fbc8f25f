"""The variables that training changes, and the step that changes them.

    state = TrainState.build(experiment, dataset, strategy)
    state.checkpoint.write(path)

A run has no other state: data order, noise, dropout and augmentation are functions of (seed, step).
So a run that is stopped and continued is equal, to the last bit, to one that was not stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
import dataclasses
import functools
import math
from typing import TypeVar

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import build_networks, named_averages, new_game
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.training import ema
from tfgan_pipeline.training.freeze import freeze
from tfgan_pipeline.training.loss_features import loss_features
from tfgan_pipeline.training.refusals import refuse_what_does_not_fit
from tfgan_pipeline.training.replay_pool import ReplayPool
from tfgan_pipeline.training.train_ops import TrainStep
from tfgan_pipeline.training.updates import optimizers_of

_Made = TypeVar('_Made')


@dataclasses.dataclass(frozen=True, eq=False)
class TrainState:
  """The variables of a run.

  Attributes:
    game: The model component with the trained networks.
    averages: The moving averages of networks by role; empty if averaging is off.
    long_averages: Longer ones by role, with --ema=posthoc.
    optimizers: Keras optimisers by player, see updates.optimizers_of.
    remembered: Variables that penalties, augmentations and the replay pool keep between steps.
    step_fn: One training step on one replica.
    checkpoint: All variables under their names on disk, see runs/checkpoints.py.
  """

  game: Game
  averages: Networks
  long_averages: Networks
  optimizers: dict[str, keras.optimizers.Optimizer]
  remembered: list[tf.Variable]
  step_fn: TrainStep
  checkpoint: tf.train.Checkpoint

  @classmethod
  def build(
    cls, experiment: Experiment, dataset: Dataset, strategy: tf.distribute.Strategy
  ) -> TrainState:
    """Creates fresh variables, mirrored over the replicas; their values follow from the seed.

    Raises:
      UsageError: Options are incompatible, see refusals.py, or a component refuses its arguments.
    """
    make_networks = functools.partial(
      build_networks,
      experiment,
      dataset.fields,
      precision=experiment.precision,
    )
    counter = functools.partial(
      tf.Variable,
      0,
      trainable=False,
      dtype=tf.int64,  # The type that TF-GAN requires of a global step.
      aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,  # All replicas count alike.
    )
    with strategy.scope():
      game = new_game(experiment, dataset.fields)
      penalties = _build_named(registry.penalty, experiment.penalties)
      for name, penalty in penalties.items():
        if penalty.player not in ('generator', 'discriminator'):
          player = f'its player {penalty.player!r} should be generator or discriminator'
          raise UsageError(f'--penalties={name}: {player}')
      augmentations = _build_named(
        registry.discriminator_augmentation, experiment.discriminator_augment
      )
      refuse_what_does_not_fit(experiment, game, dataset, penalties, augmentations)
      networks = game.networks = make_networks()
      if game.features_from:
        game.features = loss_features(experiment, game, dataset)
      averages = make_networks(roles=game.averaged) if experiment.ema_decay else {}
      is_posthoc = experiment.ema == 'posthoc'
      long_averages = make_networks(roles=game.averaged) if is_posthoc else {}
      owners = optimizers_of(experiment, game.players)
      optimizers = {name: _optimizer(experiment, player) for name, player in owners.items()}
      for name, optimizer in optimizers.items():
        optimizer.build(game.trainable_variables(owners[name]))
      # After `build`, which makes optimisers of what is frozen, too: it may be trained later.
      for kept in (averages, long_averages):
        freeze(experiment.freeze, game, kept)
        for role, average in kept.items():
          ema.start(average, networks[role])
      global_step, rollbacks = counter(name='global_step'), counter(name='rollbacks')
      remembered = {
        **{f'penalty_{name}': penalty.variables for name, penalty in penalties.items()},
        **{f'augmentation_{name}': change.variables for name, change in augmentations.items()},
      }
      if experiment.replay_pool:
        pools = {
          direction: ReplayPool(experiment.replay_pool, example)
          for direction, example in game.pool_examples().items()
        }
        game.pools = pools
        for direction, pool in pools.items():
          remembered['_'.join(filter(None, ['replay_pool', direction]))] = pool.variables
      remembered = {name: dict(variables) for name, variables in remembered.items() if variables}
      step_fn = TrainStep(
        game=game,
        loss=registry.loss.build(experiment.loss),
        penalties=penalties,
        augmentations=augmentations,
        optimizers=optimizers,
        global_step=global_step,
        spare_step=counter(name='spare_step'),
        rollbacks=rollbacks,
        averages=(averages, long_averages),
        experiment=experiment,
      )
      game.augment = step_fn.augmented
    checkpoint = tf.train.Checkpoint(
      global_step=global_step,
      rollbacks=rollbacks,
      **networks,
      **{f'{name}_optimizer': optimizer for name, optimizer in optimizers.items()},
      **named_averages(averages, long_averages),
      **remembered,
    )
    kept_variables = [
      variable for variables in remembered.values() for variable in variables.values()
    ]
    return cls(game, averages, long_averages, optimizers, kept_variables, step_fn, checkpoint)

  @property
  def networks(self) -> Networks:
    """The trained networks by role."""
    return self.game.networks

  @property
  def named_averages(self) -> Networks:
    """All moving averages by their names in checkpoints."""
    return named_averages(self.averages, self.long_averages)

  @property
  def sampled_networks(self) -> Networks:
    """The networks that make samples to show and score, by role: averages where they exist."""
    return {**self.networks, **self.averages}

  @property
  def rollbacks(self) -> tf.Variable:
    """int64 variable, the number of rollbacks to a checkpoint so far, see on_nan.py."""
    return self.step_fn.rollbacks

  def set_rates(self, players: Collection[str]) -> None:
    """Sets the learning rates of players to those of the settings, in place of restored ones."""
    experiment = self.step_fn.experiment
    for name, player in optimizers_of(experiment, self.game.players).items():
      if player in players:
        rate = _optimizer(experiment, player).learning_rate
        self.optimizers[name].learning_rate.assign(rate)

  def faults(self) -> dict[str, float]:
    """Returns the networks with weights that are not finite, as {'weights/<role>': NaN}."""
    networks = {**self.networks, **self.named_averages}
    sums = {f'weights/{role}': _sum(network.variables) for role, network in networks.items()}
    return {tag: value for tag, value in sums.items() if not math.isfinite(value)}

  @property
  def device(self) -> str:
    """Device of the weights, of the first replica if there are several; '' for TPUs.

    To a TPU only whole steps can be sent.
    """
    variables = [variable for network in self.networks.values() for variable in network.variables]
    return '' if not variables or 'TPU' in variables[0].device else variables[0].device

  @property
  def checkpoint_bytes(self) -> int:
    """Bytes of all variables in a checkpoint."""
    saved_variables = [
      *(variable for network in self.networks.values() for variable in network.variables),
      *(variable for optimizer in self.optimizers.values() for variable in optimizer.variables),
      *(variable for average in self.named_averages.values() for variable in average.variables),
      *self.remembered,
      self.step_fn.global_step,
      self.rollbacks,
    ]
    return sum(variable.shape.num_elements() * variable.dtype.size for variable in saved_variables)


def _sum(variables: Sequence[tf.Variable]) -> float:
  """Returns 0.0 if all elements of all variables are finite, else NaN."""
  # Infinity times 0 is NaN, and finite numbers cannot overflow in this sum.
  return float(sum(tf.reduce_sum(tf.cast(variable, tf.float32) * 0.0) for variable in variables))


def _build_named(kind: registry.Registry[Callable[..., _Made]], text: str) -> dict[str, _Made]:
  """Builds the components that `text` lists, and returns them by name."""
  return dict(zip([call.name for call in kind.parse_all(text)], kind.build_all(text)))


def _optimizer(experiment: Experiment, player: str) -> keras.optimizers.Optimizer:
  """Builds a player's optimiser, with loss scaling in mixed_float16."""
  text = getattr(experiment, f'{player}_optimizer')
  try:
    optimizer = registry.optimizer.build(text)
  except ValueError as error:
    raise UsageError(f'--{player}_optimizer={text}: {error}') from None
  if experiment.precision == 'mixed_float16':
    return keras.mixed_precision.LossScaleOptimizer(optimizer)
  return optimizer
