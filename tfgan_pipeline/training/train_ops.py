"""One training step on one replica, through `tfgan.gan_loss` and `tfgan.gan_train_ops`.

TF-GAN builds both players' updates from one forward pass: its "joint" semantics. A sub-step that
moves one player only is the same call with an optimiser for the other that applies nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from typing import Any

from tfgan_pipeline import randomness
from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.images import to_float
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.training import ema
from tfgan_pipeline.training.mirrored import assign
from tfgan_pipeline.training.optimizers import TFGANOptimizer

Scalars = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class TrainStep:
  """The update of a two-player game, called in replica context inside a `tf.function`.

  Attributes:
    game: The model component, such as models.gan.GAN.
    loss: The adversarial losses.
    penalties: Terms by name.
    optimizers: Keras optimisers by player.
    global_step: int64 variable; TF-GAN adds one per generator update.
    spare_step: int64 variable; what TF-GAN counts in the other sub-steps.
    average: The moving average of the generator, or None.
    experiment: For seed, update, discriminator_steps, ema_decay and clip_weights.
  """

  game: Any
  loss: AdversarialLoss
  penalties: dict[str, Penalty]
  optimizers: dict[str, keras.optimizers.Optimizer]
  global_step: tf.Variable
  spare_step: tf.Variable
  average: keras.Model | None
  experiment: Any

  @property
  def batches_per_step(self) -> int:
    """How many global batches one step uses: a fresh one for every forward pass."""
    return self.experiment.discriminator_steps + (self.experiment.update == 'sequential')

  def __call__(self, batches: Sequence[dict[str, tf.Tensor]]) -> Scalars:
    """Runs the sub-steps of one step.

    Args:
      batches: `batches_per_step` replica batches, 'image' uint8 [replica_batch, H, W, C].

    Returns:
      float32 scalars by TensorBoard tag; each is this replica's share, to be added over replicas.
    """
    step = tf.identity(self.global_step)
    scalars: Scalars = {}
    for index, batch in enumerate(batches):
      players: tuple[str, ...] = ('discriminator',)
      if index == len(batches) - 1:
        joint = self.experiment.update == 'joint'
        players = ('generator', 'discriminator') if joint else ('generator',)
      replica = tf.distribute.get_replica_context()
      with randomness.scope(
        randomness.key(self.experiment.seed, 1, step, index),
        replica.replica_id_in_sync_group,
        replica.num_replicas_in_sync,
      ):
        scalars.update(self._sub_step({**batch, 'image': to_float(batch['image'])}, players))
    if self.average is not None:
      ema.update(
        self.average, self.game.networks['generator'], decay=self.experiment.ema_decay, step=step
      )
    return scalars

  def _sub_step(self, batch: dict[str, tf.Tensor], players: tuple[str, ...]) -> Scalars:
    """One forward pass, and the update of `players`."""
    self._fill_collections(self.global_step if 'generator' in players else self.spare_step)
    model = self.game.gan_model(batch)
    loss = tfgan.gan_loss(model, self.loss.generator, self.loss.discriminator, add_summaries=False)
    loss, scalars = self._add_penalties(model, loss, players)
    scalars.update(_observations(model))

    # The optimisers add gradients over replicas: a mean over the global batch needs the division.
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    loss = tfgan.GANLoss(*(value / replicas for value in loss))
    optimizers = {
      player: TFGANOptimizer(self.optimizers[player] if player in players else None)
      for player in self.optimizers
    }
    tfgan.gan_train_ops(
      model,
      loss,
      optimizers['generator'],
      optimizers['discriminator'],
      check_for_unused_update_ops=False,
      check_numerics=False,
    )
    if 'discriminator' in players and self.experiment.clip_weights:
      limit = self.experiment.clip_weights
      assign(
        model.discriminator_variables,
        [tf.clip_by_value(variable, -limit, limit) for variable in model.discriminator_variables],
      )

    for player in players:
      scalars[f'loss/{player}'] = getattr(loss, f'{player}_loss') * replicas
      scalars[f'gradient_norm/{player}'] = optimizers[player].gradient_norm
    return {name: value / replicas for name, value in scalars.items()}

  def _add_penalties(self, model, loss, players) -> tuple[tfgan.GANLoss, Scalars]:
    scalars: Scalars = {}
    totals = loss._asdict()
    for name, penalty in self.penalties.items():
      if penalty.player in players:
        value = penalty.function(model)
        scalars[f'penalty/{name}'] = value
        totals[f'{penalty.player}_loss'] += value
    return tfgan.GANLoss(**totals), scalars

  def _fill_collections(self, step: tf.Variable) -> None:
    """TF-GAN finds the step and checks the trained variables in the graph's collections."""
    keys = tf.compat.v1.GraphKeys
    graph = tf.compat.v1.get_default_graph()
    graph.get_collection_ref(keys.GLOBAL_STEP)[:] = [step]
    graph.get_collection_ref(keys.TRAINABLE_VARIABLES)[:] = [
      variable
      for network in self.game.networks.values()
      for variable in network.trainable_variables
    ]


def _observations(model: tfgan.GANModel) -> Scalars:
  """What tutorials plot: mean D(x) and D(G(z)), as probabilities and as raw outputs."""
  outputs = {'real': model.discriminator_real_outputs, 'generated': model.discriminator_gen_outputs}
  return {
    **{f'discriminator_output/{name}': tf.reduce_mean(value) for name, value in outputs.items()},
    **{
      f'discriminator_probability/{name}': tf.reduce_mean(tf.sigmoid(value))
      for name, value in outputs.items()
    },
  }
