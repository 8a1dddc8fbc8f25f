"""Base class of games with one generator of images, from noise and perhaps a class.

    class Mine(ImageGame):
      labelled = frozenset({'generator'})

      def gan_model(self, batch): ...

The one task of such games is 'generate'. Samples are numbered: a seed and a number determine one.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tfgan_pipeline.compat import GANTuple, Inputs, keras, tf
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import NOISE, Task
from tfgan_pipeline.networks.spec import Networks, Role, features_of, image_roles

GENERATE = Task('generate', NOISE, 'image', ('generator',))
_Split = Callable[[tf.Tensor], tf.Tensor | tuple[tf.Tensor, object]]


class ImageGame(Game):
  """Game whose networks are 'generator' and readers of its images.

  Attributes:
    labelled: Roles that read the class.
    outputs: Numbers per image of each network that reads images, by role; see networks/spec.py.
  """

  labelled: frozenset[str] = frozenset()
  outputs: Mapping[str, int] = {'discriminator': 1}

  @property
  def num_classes(self) -> int:
    """Number of classes of the data; 0 when it has no labels."""
    return self.data.num_classes

  @property
  def noise_size(self) -> int:
    """Length of the vector that the generator reads."""
    return self.noise.size

  def roles(self) -> Mapping[str, Role]:
    return image_roles(
      self.data.image_shape, self.num_classes, self.noise_size, self.outputs, self.labelled
    )

  def tasks(self) -> Mapping[str, Task]:
    return {GENERATE.name: GENERATE}

  def columns(self, task: Task) -> int:
    return self.num_classes if 'generator' in self.labelled else 0

  @abc.abstractmethod
  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> GANTuple:
    """Builds TF-GAN's tuple for one replica's batch, see Game.models.

    Args:
      batch: 'image': float32 [replica_batch, H, W, C] in [-1, 1]; 'label': int32 [replica_batch].
    """

  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[GANTuple, ...]:
    return (self.gan_model(batch),)

  def labels(self, indices: Sequence[int] | tf.Tensor) -> tf.Tensor | None:
    """Returns the classes of samples, int32 [len(indices)]: number i has class i % num_classes.

    None if the generator reads no class.
    """
    if 'generator' not in self.labelled:
      return None
    return tf.convert_to_tensor(indices, tf.int32) % self.num_classes

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns noise float32 [n, noise size]; for a labelled generator [noise, labels int32 [n]].

    Args:
      task: GENERATE.
      indices: Numbers of samples.
      seed: Seed of all samples.
      given: Classes [n] under 'label', in place of `self.labels(indices)`; or nothing.
    """
    noise = self.noise.numbered(indices, seed)
    if 'generator' not in self.labelled:
      return noise
    label = given.get('label')
    return [noise, self.labels(indices) if label is None else tf.cast(label, tf.int32)]

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    return networks['generator'](inputs, training=False)

  def logits(self, images: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
    """Returns the discriminator's output for real against generated, float32 [N], in inference.

    Args:
      images: Images float32 [N, H, W, C] in [-1, 1], which are not augmented.
      labels: Classes of the images, int32 [N]; None if the discriminator reads no class.
    """
    return self.discriminate(self.networks['discriminator'], images, labels, training=False)[:, 0]

  def discriminate(
    self, network: keras.Model, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
  ) -> tf.Tensor:
    """Applies the discriminator, or a part of it, to images and, if it reads them, labels.

    Args:
      network: The discriminator, or a part with equal inputs, such as `features_of`.
      images: Images float32 [n, H, W, C] in [-1, 1].
      labels: Classes of the images, int32 [n]; None if the discriminator reads no class.
      training: Whether layers are in training mode.
    """
    conditional = 'discriminator' in self.labelled
    return network([images, labels] if conditional else images, training=training)

  def traversal(self, seed: int, columns: int) -> Inputs:
    """Returns generator inputs for rows of samples: sample 0 moved along one noise axis per row.

    Args:
      seed: Seed of sample 0.
      columns: Samples per row, from -reach to reach of the noise.

    Returns:
      Inputs of `run` for rows * columns samples, with a row for each of the first 16 axes.
    """
    axes, reach = min(self.noise.size, 16), self.noise.reach
    inputs = self.inputs(GENERATE, [0] * axes * columns, seed)
    noise = tf.unstack(inputs[0] if isinstance(inputs, list) else inputs, axis=1)
    positions = tf.tile(tf.linspace(-reach, reach, columns), [axes])  # [axes * columns]
    row = tf.repeat(tf.range(axes), columns)
    components = [
      tf.where(tf.equal(row, axis), positions, column) for axis, column in enumerate(noise)
    ]
    values = tf.stack(components, axis=1)  # [axes * columns, noise size]
    return [values, *inputs[1:]] if isinstance(inputs, list) else values

  def interpolation(
    self,
    number: int,
    seed: int,
    columns: int,
    label: int | None = None,
    end: int | None = None,
  ) -> Inputs:
    """Returns generator inputs [columns, ...] from sample `number` to another, both included.

    Args:
      number: Number of the first sample, whose class all samples get.
      seed: Seed of both ends.
      columns: Number of samples.
      label: Class of all samples, in place of the first one's.
      end: Number of the last sample; by default the next.
    """
    noise = self.noise.path(number, seed, columns, end=end)
    labels = self.labels([number])
    if labels is None:
      return noise
    return [noise, tf.fill([columns], labels[0] if label is None else tf.constant(label, tf.int32))]


class Discriminator:
  """TF-GAN's `discriminator_fn` of a game: (images, generator inputs) -> outputs.

  Args:
    game: Game whose `augment` is applied to images, and whose discriminator reads them.
    split: Makes the outputs that TF-GAN expects from the network's float32 [n, outputs].
  """

  def __init__(self, game: ImageGame, split: _Split = lambda numbers: numbers):
    self._game = game
    self._split = split

  def __call__(self, images: tf.Tensor, inputs: Inputs) -> tf.Tensor | tuple[tf.Tensor, object]:
    images = self._game.augment(images)
    return self._split(self._read(self._game.networks['discriminator'], images, inputs))

  def features(self, images: tf.Tensor, inputs: Inputs, *, augment: bool = True) -> tf.Tensor:
    """Returns features, the inputs of the discriminator's last layer, as float32 [n, D].

    Args:
      images: Images float32 [n, H, W, C] in [-1, 1].
      inputs: Inputs of the generator, which may include labels.
      augment: Whether to augment the images first.
    """
    network = features_of(self._game.networks['discriminator'])
    values = self._read(network, self._game.augment(images) if augment else images, inputs)
    return tf.reshape(tf.cast(values, tf.float32), [images.shape[0], -1])

  def _read(self, network: keras.Model, images: tf.Tensor, inputs: Inputs) -> tf.Tensor:
    labels = inputs[1] if isinstance(inputs, list) else None
    return self._game.discriminate(network, images, labels, training=True)
