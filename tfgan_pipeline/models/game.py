"""Base class of games: the batch, the losses, the samples, and the needs of their networks.

    @registry.model
    def mine(noise: Noise, data: Fields, *, weight: float = 1.0) -> Game:
      return Mine(noise, data, weight)

A game owns no loop, no optimiser and no files; it defines what one batch means to its networks.
Data flows one way, from `models` to `losses` to the updates in training/train_ops.py. Games that
make images from noise derive from image_game.ImageGame; a game with several generators, such as one
for each direction of a translation, derives from Game.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from tfgan_pipeline.compat import GANTuple, Inputs, StoredValues, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.observations import of_discriminator
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks, Role

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

# Changes one image tensor, or several alike, which come back as a tuple.
Augment = Callable[..., tf.Tensor | tuple[tf.Tensor, ...]]
# Maps inputs and samples of a step to those that a discriminator reads, some from earlier steps.
Pool = Callable[[tuple[Inputs, tf.Tensor]], tuple[Inputs, tf.Tensor]]

_Tuple = TypeVar('_Tuple', bound=GANTuple)


class Game(abc.ABC):
  """Kind of generative model, such as a GAN or a VAE: its networks, losses, samples and pictures.

  Networks play for one of two players, which have a loss and an optimiser each; an autoencoder has
  one player. A game is made without networks; models/build.py builds them from `roles`.

  Attributes:
    noise: Distribution of random inputs.
    data: Fields of the examples.
    networks: Keras models by role.
    augment: Function that is applied to all images, real and generated, before a discriminator;
      several images, as those of a pair, are changed alike, see TrainStep.augmented.
    features_from: Call string of an extractor whose features the game's losses read; '' for none.
    features: Function of images float32 [n, H, W, C] in [-1, 1] to those features, float32 [n, D],
      with gradients; set where a run is trained, if there is `features_from`.
    pools: TF-GAN's `tensor_pool_fn` for each of `directions` that has one; replaces generated
      images by a mix with earlier ones before a discriminator.
    players: Roles of the networks that each player trains. Players are those of TF-GAN,
      'generator' and 'discriminator', or 'generator' alone without an opponent.
    averaged: Roles whose weights have a moving average.
    reads: Fields that a batch must have.
    directions: Names of the pairs of generator and discriminator, such as ('a_to_b', 'b_to_a') in
      a game that translates both ways; ('',) for a single pair.
    needs: Further requirements on a run.
    shown_examples: Number of real examples that `shown` and `draw` read.
    is_random: Whether outputs of tasks depend on their seed and number.
  """

  players: Mapping[str, tuple[str, ...]] = {
    'generator': ('generator',),
    'discriminator': ('discriminator',),
  }
  averaged: tuple[str, ...] = ('generator',)
  reads: tuple[str, ...] = ('image',)
  directions: tuple[str, ...] = ('',)
  needs: frozenset[Need] = frozenset()
  shown_examples = 0
  features_from = ''
  is_random = True

  def __init__(self, noise: Noise, data: Fields):
    self.noise = noise
    self.data = data
    self.networks: Networks = {}
    self.augment: Augment = lambda *images: images if len(images) > 1 else images[0]
    self.features: Callable[[tf.Tensor], tf.Tensor] | None = None
    self.pools: Mapping[str, Pool] = {}

  @abc.abstractmethod
  def roles(self) -> Mapping[str, Role]:
    """Returns the roles of the networks that --networks fills, by name."""

  def own_networks(self, networks: Networks) -> Networks:
    """Builds further networks by role: those that the game brings itself, to fit `networks`.

    Such a network, of float32 outputs, is for losses: outputs of tasks do without it.
    """
    del networks
    return {}

  @abc.abstractmethod
  def tasks(self) -> Mapping[str, Task]:
    """Returns the tasks that a trained game can do, by name; the first is the default."""

  def task(self, name: str = '') -> Task:
    """Returns a task by name, by default the first.

    Raises:
      UsageError: The game has no such task; the message lists those that exist.
    """
    tasks = self.tasks()
    if name and name not in tasks:
      raise UsageError(f'--task={name}: should be one of {", ".join(tasks)}')
    return tasks[name] if name else next(iter(tasks.values()))

  @abc.abstractmethod
  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[GANTuple, ...]:
    """Builds TF-GAN's tuples for one replica's batch, one for each of `directions`.

    Called inside a `tf.function` and `randomness.scope`.

    Args:
      batch: Tensors [replica_batch, ...] by field; media float32 in [-1, 1], see Fields.to_device.

    Returns:
      Tuples such as tfgan.GANModel, each completed by the method `with_variables`.
    """

  def losses(
    self, models: Sequence[GANTuple], adversarial: AdversarialLoss
  ) -> tuple[tfgan.GANLoss, ...]:
    """Returns both players' losses for each tuple of `models`; a player minimises their sum."""
    return tuple(
      self.gan_loss(model, adversarial, self.pools.get(direction))
      for direction, model in zip(self.directions, models, strict=True)
    )

  def gan_loss(
    self, model: GANTuple, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns both players' losses for one tuple, without penalties.

    Losses are float32 scalars, means over the replica's batch.

    Args:
      model: One of `models`.
      adversarial: Pair of losses of --loss, see losses/adversarial.py.
      pool: Replaces generated images by a mix with earlier ones before the discriminator; only for
        games with `pool_examples`.
    """
    return tfgan.gan_loss(
      model,
      adversarial.generator,
      adversarial.discriminator,
      tensor_pool_fn=pool,
      add_summaries=False,
    )

  def observations(self, model: GANTuple) -> dict[str, tf.Tensor]:
    """Returns float32 scalars to plot of one tuple, by TensorBoard tag, see observations.py."""
    return of_discriminator(model.discriminator_real_outputs, model.discriminator_gen_outputs)

  @abc.abstractmethod
  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns inputs of `run`; input i depends on (seed, indices[i]) and row i of `given` only.

    Args:
      task: One of `tasks`.
      indices: Numbers of samples.
      seed: Seed of all samples.
      given: Values [n, ...] by field: stored examples, or classes to sample; a task whose source
        is a field needs that field.
    """

  def input_names(self, task: Task) -> tuple[str, ...]:
    """Returns a name for each part of the inputs of a task that samples noise, for exports."""
    return tuple(self.roles()[task.roles[0]].reads)

  @abc.abstractmethod
  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    """Makes samples of the task's target, float32 [n, ...] in [-1, 1], in inference mode.

    Args:
      task: One of `tasks`.
      networks: Models of the task's roles, such as moving averages of the trained ones.
      inputs: Result of `inputs`, or tensors of equal form.
    """

  def labels(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """Returns the classes of samples, int32 [len(indices)]; None if no class can be chosen."""
    del indices
    return None

  def captions(self, indices: Sequence[int] | np.ndarray | tf.Tensor) -> tf.Tensor | None:
    """Returns tokens of captions of samples, int32 [len(indices), length]; None if none is read."""
    del indices
    return None

  def codes(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """Returns the categories, learnt without labels as in InfoGAN, that samples are made from.

    Args:
      indices: Numbers of samples.

    Returns:
      int32 [len(indices)], or None for games without such codes.
    """
    del indices
    return None

  def columns(self, task: Task) -> int:
    """Returns the number of classes or codes that samples take in turn; 0 if there are none.

    A grid with that many columns has one class or code in each column.
    """
    del task
    return 0

  def shown(self, networks: Networks, examples: StoredValues) -> dict[str, tf.Tensor]:
    """Computes what `draw` needs, by any names; training calls this inside a `tf.function`.

    Args:
      networks: Models by role, such as moving averages of the trained ones.
      examples: `shown_examples` real examples, as stored: arrays or tensors.
    """
    del networks, examples
    return {}

  def draw(self, shown: Mapping[str, np.ndarray], examples: Example) -> dict[str, np.ndarray]:
    """Draws pictures that are special to a game, such as reconstructions, for --sample_every.

    Args:
      shown: What `shown` has computed from moving averages of the trained networks.
      examples: The real examples that it was given, as stored.

    Returns:
      Pictures uint8 [H, W, C], C of 1, 3 or 4, by name.
    """
    del shown, examples
    return {}

  def pool_examples(self) -> dict[str, tuple[Inputs, tf.Tensor]]:
    """Returns, for each of `directions`, tensors [1, ...] shaped like entries of a replay pool.

    An entry is (inputs, sample) of a generator. The mapping is empty for games whose TF-GAN losses
    cannot use a pool.
    """
    return {}

  def trainable_variables(self, player: str) -> list[tf.Variable]:
    """Returns the variables that a player trains."""
    return [
      variable
      for role in self.players[player]
      for variable in self.networks[role].trainable_variables
    ]

  def without_discriminator(
    self, real: tf.Tensor, inputs: tf.Tensor, generated: tf.Tensor
  ) -> tfgan.GANModel:
    """Returns TF-GAN's tuple of a game without a discriminator.

    Args:
      real: Real samples, float32 [n, ...], such as images [n, H, W, C].
      inputs: What the generator read, such as codes of the images, [n, D].
      generated: What the generator made, shaped like `real`.
    """
    with tf.compat.v1.variable_scope('Generator') as scope:
      fields = dict.fromkeys(tfgan.GANModel._fields)
      model = tfgan.GANModel(**{**fields, 'generator_scope': scope, 'discriminator_scope': scope})
    return self.with_variables(
      model._replace(generator_inputs=inputs, generated_data=generated, real_data=real)
    )

  def with_variables(self, model: _Tuple) -> _Tuple:
    """Returns a copy of a tuple of TF-GAN with the players' trainable variables filled in."""
    generator = self.trainable_variables('generator')
    has_discriminator = 'discriminator' in self.players
    discriminator = self.trainable_variables('discriminator') if has_discriminator else []
    # A missing or frozen discriminator gets the generator's, and no optimiser to train them.
    return model._replace(
      generator_variables=generator, discriminator_variables=discriminator or generator
    )
