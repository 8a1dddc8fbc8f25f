"""One training step on one replica, through `tfgan.gan_loss` and `tfgan.gan_train_ops`.

TF-GAN builds both players' updates from one forward pass: its "joint" semantics. To update only one
player, a sub-step gives TF-GAN an optimiser for the other player that applies nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import functools
import operator

from tfgan_pipeline.compat import GANTuple, keras, tf, tfgan
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.discriminator_augment.policies import DiscriminatorAugmentation
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.replicas.collectives import assign, mean
from tfgan_pipeline.training import ema
from tfgan_pipeline.training.optimizers import TFGANOptimizer
from tfgan_pipeline.training.updates import Update, updates_of

Scalars = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class TrainStep:
  """The training step of a game; called with a replica's batches, returns scalars to plot.

  To be called in replica context inside a `tf.function`.

  Attributes:
    game: The model component, see models/game.py.
    loss: The adversarial losses.
    penalties: Penalties of either player by name.
    augmentations: Changes made to images before the discriminator reads them, by name, in order.
    optimizers: Keras optimisers by player, see updates.optimizers_of.
    global_step: int64 variable; TF-GAN adds one per generator update.
    spare_step: int64 variable that TF-GAN counts up, in place of global_step, in calls that do not
      update the generator. It is neither read nor saved.
    rollbacks: int64 variable, the number of rollbacks to a checkpoint so far, see on_nan.py.
    averages: The moving averages of networks by role; two sets with --ema=posthoc.
    experiment: The run's choices, from seed to clip_weights.
  """

  game: Game
  loss: AdversarialLoss
  penalties: dict[str, Penalty]
  augmentations: dict[str, DiscriminatorAugmentation]
  optimizers: dict[str, keras.optimizers.Optimizer]
  global_step: tf.Variable
  spare_step: tf.Variable
  rollbacks: tf.Variable
  averages: Sequence[Networks]
  experiment: Experiment

  @property
  def batches_per_step(self) -> int:
    """Number of batches that a step uses: a new one for every forward pass."""
    return self.experiment.sub_steps * self.experiment.accumulate

  @property
  def lazy(self) -> bool:
    """Whether any penalty is lazy: left out of some steps, as its `interval` says."""
    return any(penalty.interval > 1 for penalty in self.penalties.values())

  def all_due(self) -> tf.Tensor:
    """Returns whether any lazy penalty is due at the next step, as a bool scalar.

    To be called outside replica context.
    """
    intervals = [penalty.interval for penalty in self.penalties.values() if penalty.interval > 1]
    return tf.reduce_any([tf.equal(self.global_step % interval, 0) for interval in intervals])

  def __call__(self, batches: Sequence[dict[str, tf.Tensor]], lazily: bool = False) -> Scalars:
    """Runs the sub-steps of one step, which change weights, optimisers and averages.

    Args:
      batches: `batches_per_step` stored batches of this replica, such as 'image' uint8
        [n, H, W, C], where n is batch_size divided by replicas and by accumulate.
      lazily: Whether to leave out all lazy penalties, none of which is due then.

    Returns:
      float32 scalars by TensorBoard tag; each is this replica's share, to be added over replicas.
    """
    step = tf.identity(self.global_step)
    seed = randomness.derived_seed(self.experiment.seed, self.rollbacks)
    parts = self.experiment.accumulate
    scalars: Scalars = {}
    updates = updates_of(self.experiment, self.game.players)
    for index, update in enumerate(updates):
      key = randomness.key(seed, 1, step, index)  # int32 [2]; 1 is the stream of training.
      weights = self._penalty_weights(step, update, lazily)
      counter = self.global_step if index == len(updates) - 1 else self.spare_step
      part = batches[index * parts :][:parts]
      scalars.update(self._sub_step(part, key, update, weights, counter))
    for averages, rate in zip(self.averages, ema.rates(self.experiment, step)):
      for role, average in averages.items():
        ema.update(average, self.game.networks[role], rate)
    return scalars

  def augmented(self, *images: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, ...]:
    """Returns images float32 [n, H, W, C] as the discriminator reads them: augmented.

    Several arguments, of equal height and width, get equal changes, and are returned as a tuple.
    """
    step = tf.cast(self.global_step, tf.float32)
    for change in self.augmentations.values():
      if len(images) == 1:
        images = (change.function(images[0], step),)
      elif Need.PICTURES in change.needs:  # By channels, such as saturation: each by itself.
        images = tuple(change.function(part, step) for part in randomness.repeating(images))
      else:  # Numbers of their own for each pixel and channel, such as noise.
        channels = [part.shape[-1] for part in images]
        changed = change.function(tf.concat(images, axis=-1), step)
        images = tuple(tf.split(changed, channels, axis=-1))
    return images if len(images) > 1 else images[0]

  def _penalty_weights(
    self, step: tf.Tensor, update: Update, lazily: bool
  ) -> dict[str, float | tf.Tensor]:
    """Returns the weights of the penalties of an update's players at this step, by name.

    A lazy penalty is computed once in `interval` steps and multiplied by it: lazy regularization of
    StyleGAN2 (Karras et al. 2020, arXiv:1912.04958, appendix B). The float 0.0 means that a penalty
    need not be computed at all; a tensor of value 0.0 that it is not due.
    """
    return {
      name: 1.0
      if penalty.interval == 1
      else 0.0
      if lazily
      else tf.where(tf.equal(step % penalty.interval, 0), float(penalty.interval), 0.0)
      for name, penalty in self.penalties.items()
      if update.has_penalties and penalty.player in update.players
    }

  def _sub_step(
    self,
    batches: Sequence[dict[str, tf.Tensor]],
    key: tf.Tensor,
    update: Update,
    penalty_weights: dict[str, float | tf.Tensor],
    counter: tf.Variable,
  ) -> Scalars:
    """Makes one update from one batch and returns this replica's shares of the scalars.

    Args:
      batches: The parts of the batch, whose gradients are added up.
      key: int32 [2], the key of this sub-step's random numbers.
      update: The players to update, and from what.
      penalty_weights: Weights of their penalties by name.
      counter: The variable that TF-GAN counts up once, if the update is the generator's.
    """
    players = tuple(player for player in update.players if self.game.trainable_variables(player))
    update = dataclasses.replace(update, players=players)
    optimizers = {
      player: TFGANOptimizer(
        self.optimizers[update.optimizer_of(player)] if player in players else None, len(batches)
      )
      for player in self.game.players
    }
    scalars: Scalars = {}
    for index, batch in enumerate(batches):
      # Each part waits for the gradients of the one before: run at once, parts save no memory.
      earlier_gradients = [
        gradient for player in players for gradient in optimizers[player].gradients
      ]
      with tf.control_dependencies(earlier_gradients):
        part = self.game.data.to_device(tf.nest.map_structure(tf.identity, batch))
        part_key = tf.identity(key)
      step = counter if 'generator' in players and batch is batches[-1] else self.spare_step
      replica = tf.distribute.get_replica_context()
      # Parts count as replicas of their own: each gets its rows of the global batch's noise.
      with randomness.scope(
        part_key,
        index * replica.num_replicas_in_sync + replica.replica_id_in_sync_group,
        len(batches) * replica.num_replicas_in_sync,
      ):
        shares = self._part(part, step, optimizers, update, penalty_weights, len(batches))
      scalars = {name: value + scalars.get(name, 0.0) for name, value in shares.items()}
    # Weight clipping of the Wasserstein GAN (Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1).
    if 'discriminator' in players and self.experiment.clip_weights:
      limit = self.experiment.clip_weights
      weights = self.game.trainable_variables('discriminator')
      assign(weights, [tf.clip_by_value(weight, -limit, limit) for weight in weights])
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    for player in players:
      # The norm is already that of all replicas: equal shares add up to it.
      scalars[f'gradient_norm/{player}'] = optimizers[player].gradient_norm / replicas
    return scalars

  def _part(
    self,
    batch: dict[str, tf.Tensor],
    step: tf.Variable,
    optimizers: dict[str, TFGANOptimizer],
    update: Update,
    penalty_weights: dict[str, float | tf.Tensor],
    parts: int,
  ) -> Scalars:
    """Runs one forward and backward pass; gradients go to `optimizers`.

    Args:
      batch: Examples on the device, such as 'image' float32 [n, H, W, C] in [-1, 1].
      step: The counter that TF-GAN increments.
      optimizers: Adapters by player; that of a player who rests applies nothing.
      update: The players to update, and from what.
      penalty_weights: Weights of their penalties by name.
      parts: Number of parts in the batch.

    Returns:
      The scalars, divided by the number of replicas and parts.
    """
    self._fill_collections(step)
    models = [update.seen(model) for model in self.game.models(batch)]
    losses = self.game.losses(models, self.loss)
    loss = tfgan.GANLoss(*map(_sum, zip(*losses)))
    loss, scalars = self._add_penalties(models, loss, penalty_weights)
    for direction, model in zip(self.game.directions, models, strict=True):
      for tag, value in self.game.observations(model).items():
        scalars['/'.join(filter(None, [tag, direction]))] = value
      if 'discriminator' in update.players:
        for change in self.augmentations.values():
          scalars.update(change.observe(model))
    for player in update.players:
      scalars[f'loss/{player}'] = getattr(loss, f'{player}_loss')
      gate = self._gate(player, scalars[f'loss/{player}'])
      if gate is not None:
        optimizers[player].gate = gate
        scalars[f'updated/{player}'] = tf.cast(gate, tf.float32)

    # Gradients are added up over replicas and parts; the division makes them the batch's mean.
    shares = tf.distribute.get_replica_context().num_replicas_in_sync * parts
    # One call for all directions of a game: every tuple has all variables of both players.
    tfgan.gan_train_ops(
      models[0],
      tfgan.GANLoss(*(value / shares for value in loss)),
      *(optimizers.get(player, TFGANOptimizer(None)) for player in ('generator', 'discriminator')),
      check_for_unused_update_ops=False,
      check_numerics=False,
    )
    return {name: value / shares for name, value in scalars.items()}

  def _add_penalties(
    self,
    models: Sequence[GANTuple],
    loss: tfgan.GANLoss,
    weights: dict[str, float | tf.Tensor],
  ) -> tuple[tfgan.GANLoss, Scalars]:
    """Returns the loss with penalties added to the loss of their players, and the penalties."""
    scalars: Scalars = {}
    totals = loss._asdict()
    for name, weight in weights.items():
      penalty = self.penalties[name]
      is_skipped = isinstance(weight, float) and not weight
      penalized_models = models[:1] if penalty.of_weights else models
      terms = [] if is_skipped else [weight * penalty.function(model) for model in penalized_models]
      scalars[f'penalty/{name}'] = _sum(terms) if terms else tf.zeros([])
      totals[f'{penalty.player}_loss'] += scalars[f'penalty/{name}']
    return tfgan.GANLoss(**totals), scalars

  def _gate(self, player: str, loss: tf.Tensor) -> tf.Tensor | None:
    """Returns whether a player is updated at this step, as a bool scalar.

    None if neither a loss floor nor a pretraining is set, so that the player is always updated.

    Args:
      player: 'generator' or 'discriminator'.
      loss: float32 scalar, the player's loss on this replica; floors apply to the replicas' mean.
    """
    conditions = []
    floor = getattr(self.experiment, f'{player}_loss_floor')
    if floor:
      conditions.append(mean(loss) > floor)
    if player == 'generator' and self.experiment.discriminator_pretraining:
      conditions.append(tf.identity(self.global_step) >= self.experiment.discriminator_pretraining)
    return tf.reduce_all(conditions) if conditions else None

  def _fill_collections(self, step: tf.Variable) -> None:
    """Fills the graph's collections, where TF-GAN looks for the step and the trained variables."""
    keys = tf.compat.v1.GraphKeys
    graph = tf.compat.v1.get_default_graph()
    graph.get_collection_ref(keys.GLOBAL_STEP)[:] = [step]
    graph.get_collection_ref(keys.TRAINABLE_VARIABLES)[:] = [
      variable
      for network in self.game.networks.values()
      for variable in network.trainable_variables
    ]


def _sum(terms: Sequence[tf.Tensor]) -> tf.Tensor:
  """Adds terms; a single term is returned as it is, which leaves its graph and its bits alone."""
  return functools.reduce(operator.add, terms)
