"""Base class of games: the batch, the losses, the samples, and the needs of their networks.

    @registry.model
    def mine(noise: Noise, data: Fields, *, weight: float = 1.0) -> Game:
      return Mine(noise, data, weight)

A game owns no loop, no optimiser and no files; it says what one batch means to its networks. From
`models` to `losses` to the updates data flows one way, in training/train_ops.py. Games that make
images of noise derive from image_game.ImageGame; a game with several generators, such as one for
each direction of a translation, from this class.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from tfgan_pipeline.compat import GANTuple, Inputs, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.dataset import Example
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks, Role

if TYPE_CHECKING:  # Whoever samples needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

# Inputs and samples of this step -> those that a discriminator sees.
Pool = Callable[[tuple[Inputs, tf.Tensor]], tuple[Inputs, tf.Tensor]]

_Tuple = TypeVar('_Tuple', bound=GANTuple)


class Game(abc.ABC):
  """A game over networks that models/build.py gives it once it has been asked for its roles.

  Attributes:
    noise: Where random inputs come from.
    data: The fields of the examples.
    networks: The Keras models by role.
    augment: What images pass on their way to a discriminator, real and generated ones alike.
    pools: TF-GAN's `tensor_pool_fn` by direction: what discriminators see for generated images.
    players: The roles of the networks that each player trains. Players are those of TF-GAN,
      'generator' and 'discriminator', or 'generator' alone where nobody plays against it.
    averaged: Roles whose weights have a moving average.
    reads: The fields that a batch must have.
    directions: A name for each tuple that `models` returns; '' where there is one.
    needs: What a run must have besides.
    shown_examples: How many real examples `pictures` wants.
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

  def __init__(self, noise: Noise, data: Fields):
    self.noise = noise
    self.data = data
    self.networks: Networks = {}
    self.augment: Callable[[tf.Tensor], tf.Tensor] = lambda images: images
    self.pools: Mapping[str, Pool] = {}

  @abc.abstractmethod
  def roles(self) -> Mapping[str, Role]:
    """Returns the networks that the game needs: what each reads and gives."""

  @abc.abstractmethod
  def tasks(self) -> Mapping[str, Task]:
    """Returns what a trained game can be asked for, by name; the first is the default."""

  def task(self, name: str = '') -> Task:
    """Returns a task, by default the first; raises UsageError, listing them, for what is none."""
    tasks = self.tasks()
    if name and name not in tasks:
      raise UsageError(f'--task={name}: should be one of {", ".join(tasks)}')
    return tasks[name] if name else next(iter(tasks.values()))

  @abc.abstractmethod
  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[GANTuple, ...]:
    """Builds TF-GAN's tuples for one replica's batch, one for each of `directions`.

    Inside a `tf.function` and `randomness.scope`; each tuple is from `with_variables`.

    Args:
      batch: Tensors [replica_batch, ...] by field; media float32 in [-1, 1], see Fields.to_device.
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
    """Returns both players' losses for one tuple, penalties apart.

    Float32 scalars, means over the replica's batch.

    Args:
      model: One of `models`.
      adversarial: The pair of --loss, see losses/adversarial.py.
      pool: What the discriminator sees for generated images, where a game has `pool_examples`.
    """
    return tfgan.gan_loss(
      model,
      adversarial.generator,
      adversarial.discriminator,
      tensor_pool_fn=pool,
      add_summaries=False,
    )

  def observations(self, model: GANTuple) -> dict[str, tf.Tensor]:
    """Returns float32 scalars to plot of one tuple, by TensorBoard tag; means over the batch.

    Here what tutorials plot, mean D(x) and D(G(z)) as probabilities and as raw outputs with their
    gap; how often the sign of the output is right; and r_t, the mean sign on training images: near
    1 the discriminator has learned them by heart (Karras et al. 2020, arXiv:2006.06676). For losses
    without a border at 0, such as Wasserstein's, only the gap says something.
    """
    real, generated = model.discriminator_real_outputs, model.discriminator_gen_outputs
    values = {
      'output/real': real,
      'output/generated': generated,
      'probability/real': tf.sigmoid(real),
      'probability/generated': tf.sigmoid(generated),
      'accuracy/real': tf.cast(real > 0, tf.float32),
      'accuracy/generated': tf.cast(generated < 0, tf.float32),
    }
    means = {f'discriminator_{name}': tf.reduce_mean(value) for name, value in values.items()}
    gap = means['discriminator_output/real'] - means['discriminator_output/generated']
    return {
      **means,
      'discriminator_output/gap': gap,
      'overfitting/r_t': tf.reduce_mean(tf.sign(real)),
    }

  @abc.abstractmethod
  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns what `run` reads; input i depends on (seed, indices[i]) and row i of `given` only.

    Args:
      task: One of `tasks`.
      indices: Numbers of samples.
      seed: Chooses all of them.
      given: Values [n, ...] by field, stored examples or classes that are asked for; a task whose
        source is a field needs that one.
    """

  @abc.abstractmethod
  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    """Makes samples of the task's target, float32 [n, ...] in [-1, 1], in inference mode.

    Args:
      task: One of `tasks`.
      networks: Those of its roles, such as moving averages of the trained ones.
      inputs: From `inputs`, or chosen otherwise.
    """

  def labels(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """Returns the classes of samples, int32 [len(indices)]; None where none can be chosen."""
    del indices
    return None

  def codes(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """Returns the learnt categories of samples, int32 [len(indices)]; None without any."""
    del indices
    return None

  def columns(self, task: Task) -> int:
    """Returns how many samples make a row that shows each kind once; 0 where there are no kinds."""
    del task
    return 0

  def pictures(self, networks: Networks, examples: Example) -> dict[str, np.ndarray]:
    """Draws a game's own pictures, uint8 [H, W, 1 or 3] by name, at each sampling.

    Args:
      networks: As in `run`.
      examples: `shown_examples` real ones, as they are stored.
    """
    del networks, examples
    return {}

  def pool_examples(self) -> dict[str, tuple[Inputs, tf.Tensor]]:
    """Returns what a pool of each direction holds one of: (inputs, sample), tensors [1, ...].

    None where TF-GAN's losses do not know how to use a pool.
    """
    return {}

  def trainable_variables(self, player: str) -> list[tf.Variable]:
    """Returns the variables that a player trains."""
    return [
      variable
      for role in self.players[player]
      for variable in self.networks[role].trainable_variables
    ]

  def with_variables(self, model: _Tuple) -> _Tuple:
    """Returns a tuple with the players' variables; TF-GAN looks for them by scope, in vain here."""
    # A player that does not exist trains, with no optimiser, what the other one does.
    return model._replace(
      generator_variables=self.trainable_variables('generator'),
      discriminator_variables=self.trainable_variables(
        'discriminator' if 'discriminator' in self.players else 'generator'
      ),
    )
