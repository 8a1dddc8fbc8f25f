"""Base class of games: the batch, the losses, the samples, and the needs of their networks.

    @registry.model
    def mine(noise: Noise, data: Fields, *, weight: float = 1.0) -> Game:
      return Mine(noise, data, weight)

A game owns no loop, no optimiser and no files; it says what one batch means to its networks. From
`gan_model` to `losses` to the updates data flows one way, in training/train_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.data.dataset import Example
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.networks.spec import Networks, features_of

# A generator's input: float32 [n, noise size], or that and labels int32 [n].
Inputs = tf.Tensor | list[tf.Tensor]


class Game:
  """A game over networks that models/game.py gives it once it has been asked what it needs.

  Attributes:
    noise: Where generator inputs come from.
    data: The fields of the examples.
    networks: The Keras models by role.
    augment: What images pass on their way to the discriminator, real and generated ones alike.
    pool: TF-GAN's `tensor_pool_fn`, or None: what the discriminator sees for generated images.
    poolable: Whether TF-GAN's losses know how to use one here.
    players: The roles of the networks that each player trains. Players are those of TF-GAN,
      'generator' and 'discriminator', or 'generator' alone where nobody plays against it.
    labelled: Roles that are told the class, see networks.spec.
    outputs: How many numbers each network that reads images gives, see networks.spec.
    needs: What a run must have for it besides labels, of training/refusals.py.
    shown_images: How many real images `pictures` wants.
  """

  players: Mapping[str, tuple[str, ...]] = {
    'generator': ('generator',),
    'discriminator': ('discriminator',),
  }
  labelled: frozenset[str] = frozenset()
  outputs: Mapping[str, int] = {'discriminator': 1}
  needs: Collection[str] = ()
  shown_images = 0
  poolable = False

  def __init__(self, noise: Noise, data: Fields):
    self.noise = noise
    self.data = data
    self.networks: Networks = {}
    self.augment: Callable[[tf.Tensor], tf.Tensor] = lambda images: images
    self.pool: Callable[[Any], Any] | None = None

  @property
  def num_classes(self) -> int:
    """Number of classes of the data; 0 when it has no labels."""
    return self.data.num_classes

  @property
  def noise_size(self) -> int:
    """Length of the vector that the generator reads."""
    return self.noise.size

  @property
  def columns(self) -> int:
    """How many samples make a row in which every class appears once; 0 where they have none."""
    return self.num_classes if 'generator' in self.labelled else 0

  def trainable_variables(self, player: str) -> list[tf.Variable]:
    """Returns the variables that a player trains."""
    return [
      variable
      for role in self.players[player]
      for variable in self.networks[role].trainable_variables
    ]

  def gan_model(self, batch: dict[str, tf.Tensor]) -> Any:
    """The TF-GAN tuple for one replica's batch; inside a `tf.function` and `randomness.scope`.

    Args:
      batch: 'image': float32 [replica_batch, H, W, C] in [-1, 1]; 'label': int32 [replica_batch].
    """
    raise NotImplementedError

  def with_variables(self, model: Any) -> Any:
    """TF-GAN looks for variables by scope, where Keras' variables are not."""
    # A player that does not exist trains, with no optimiser, what the other one does.
    return model._replace(
      generator_variables=self.trainable_variables('generator'),
      discriminator_variables=self.trainable_variables(
        'discriminator' if 'discriminator' in self.players else 'generator'
      ),
    )

  def without_discriminator(
    self, images: tf.Tensor, codes: tf.Tensor, decoded: tf.Tensor
  ) -> tfgan.GANModel:
    """The tuple of a game with one player, which reconstructs images."""
    with tf.compat.v1.variable_scope('Generator') as scope:
      fields = dict.fromkeys(tfgan.GANModel._fields)
      model = tfgan.GANModel(**{**fields, 'generator_scope': scope, 'discriminator_scope': scope})
    return self.with_variables(
      model._replace(generator_inputs=codes, generated_data=decoded, real_data=images)
    )

  def losses(self, model: Any, adversarial: Any) -> tfgan.GANLoss:
    """The players' losses, penalties apart: float32 scalars, means over the replica's batch.

    Args:
      model: From `gan_model`.
      adversarial: The pair of --loss, see losses/adversarial.py.
    """
    return tfgan.gan_loss(
      model,
      adversarial.generator,
      adversarial.discriminator,
      tensor_pool_fn=self.pool,
      add_summaries=False,
    )

  def observations(self, model: Any) -> dict[str, tf.Tensor]:
    """float32 scalars to plot, by TensorBoard tag; means over the replica's batch.

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

  def labels(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """The classes of samples, int32 [len(indices)]: i modulo K; None where none can be chosen."""
    if 'generator' not in self.labelled:
      return None
    return tf.convert_to_tensor(indices, tf.int32) % self.num_classes

  def codes(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """The learnt category that samples are made with, int32 [len(indices)]; None without one."""
    del indices
    return None

  def inputs(
    self,
    indices: Sequence[int] | tf.Tensor,
    seed: int | tf.Tensor,
    labels: Sequence[int] | tf.Tensor | None = None,
  ) -> Inputs:
    """Returns the generator's inputs of numbered samples; input i depends on (seed, i) only.

    Args:
      indices: Numbers of samples.
      seed: Chooses all of them.
      labels: Other classes than `self.labels(indices)`, one each.
    """
    noise = self.noise.numbered(indices, seed)
    if 'generator' not in self.labelled:
      return noise
    return [noise, self.labels(indices) if labels is None else tf.constant(labels, tf.int32)]

  def generate(self, generator: keras.Model, inputs: Inputs) -> tf.Tensor:
    """Images float32 [N, H, W, C] in [-1, 1] in inference mode.

    Args:
      generator: The network to use, such as the moving average of the trained one.
      inputs: From `inputs`, or chosen otherwise.
    """
    return generator(inputs, training=False)

  def logits(self, images: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
    """The discriminator's output for real against generated in inference mode, float32 [N].

    Args:
      images: float32 [N, H, W, C] in [-1, 1], which are not augmented.
      labels: Theirs, int32 [N]; only a discriminator that is told the class needs them.
    """
    return self.discriminate(self.networks['discriminator'], images, labels, training=False)[:, 0]

  def discriminate(
    self, network: keras.Model, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
  ) -> tf.Tensor:
    """Applies the discriminator, or its part `network`, to images, with labels if it reads them."""
    told = 'discriminator' in self.labelled
    return network([images, labels] if told else images, training=training)

  def traversal(self, seed: int, columns: int) -> Inputs:
    """Inputs of a picture: one row per latent axis, at most 16, along which sample 0 moves."""
    axes, reach = min(self.noise.size, 16), self.noise.reach
    inputs = self.inputs([0] * axes * columns, seed)
    noise = tf.unstack(inputs[0] if isinstance(inputs, list) else inputs, axis=1)
    moving = tf.tile(tf.linspace(-reach, reach, columns), [axes])
    row = tf.repeat(tf.range(axes), columns)
    moved = [tf.where(tf.equal(row, axis), moving, column) for axis, column in enumerate(noise)]
    values = tf.stack(moved, axis=1)
    return [values, *inputs[1:]] if isinstance(inputs, list) else values

  def interpolation(self, number: int, seed: int, columns: int, label: int | None = None) -> Inputs:
    """Inputs of a row of samples on the way from sample `number` to the next, both included.

    Args:
      number: Of the first sample, whose class all of them have.
      seed: Chooses both ends.
      columns: How many samples.
      label: Another class than that.
    """
    noise = self.noise.path(number, seed, columns)
    if 'generator' not in self.labelled:
      return noise
    label = self.labels([number])[0] if label is None else tf.constant(label, tf.int32)
    return [noise, tf.fill([columns], label)]

  def pictures(self, generator: keras.Model, examples: Example) -> dict[str, np.ndarray]:
    """Draws a game's own pictures, uint8 [H, W, 1 or 3] by name, at each sampling.

    Args:
      generator: As in `generate`.
      examples: `shown_images` real ones, as they are stored.
    """
    del generator, examples
    return {}


class Discriminator:
  """TF-GAN's `discriminator_fn` over a network: (images, generator inputs) -> what `split` says.

  Args:
    game: Whose `augment` images pass, and which network reads them.
    split: Made of the network's numbers float32 [n, outputs].
  """

  def __init__(self, game: Game, split: Callable[[tf.Tensor], Any] = lambda numbers: numbers):
    self._game = game
    self._split = split

  def __call__(self, images: tf.Tensor, inputs: Inputs) -> Any:
    images = self._game.augment(images)
    return self._split(self._read(self._game.networks['discriminator'], images, inputs))

  def features(self, images: tf.Tensor, inputs: Inputs, *, augment: bool = True) -> tf.Tensor:
    """float32 [n, D]: what the last layer reads, of images augmented or as they are."""
    network = features_of(self._game.networks['discriminator'])
    values = self._read(network, self._game.augment(images) if augment else images, inputs)
    return tf.reshape(tf.cast(values, tf.float32), [images.shape[0], -1])

  def _read(self, network: keras.Model, images: tf.Tensor, inputs: Inputs) -> tf.Tensor:
    labels = inputs[1] if isinstance(inputs, list) else None
    return self._game.discriminate(network, images, labels, training=True)
