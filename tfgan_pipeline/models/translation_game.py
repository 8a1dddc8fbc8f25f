"""Base class of games that translate images between two fields of the data.

    class Mine(TranslationGame):
      sides = {'a_to_b': ('a', 'b')}

Field image_a is the source of a_to_b, and image_b the target; the roles of a direction a_to_b are
generator_ab and discriminator_b.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tfgan_pipeline.compat import Inputs, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Kind, Networks, Port, Role


class TranslationGame(Game):
  """Game of a translator and a reader of patches for each direction between two images.

  Attributes:
    sides: Name of a direction, which is that of a task -> the sides of its source and target.
  """

  sides: Mapping[str, tuple[str, str]]
  needs = frozenset({Need.PICTURES})
  is_random = False

  def __init__(self, noise: Noise, data: Fields):
    super().__init__(noise, data)
    self.directions = tuple(self.sides)
    self.reads = tuple(
      dict.fromkeys(f'image_{side}' for pair in self.sides.values() for side in pair)
    )
    self.players = {
      'generator': tuple(map(self.generator_of, self.sides)),
      'discriminator': tuple(map(self.discriminator_of, self.sides)),
    }
    self.averaged = self.players['generator']

  def generator_of(self, direction: str) -> str:
    """Returns the role of the translator of a direction, such as 'generator_ab' of 'a_to_b'."""
    return 'generator_' + ''.join(self.sides[direction])

  def discriminator_of(self, direction: str) -> str:
    """Returns the role of the discriminator of a direction: 'discriminator_b' of 'a_to_b'."""
    return 'discriminator_' + self.sides[direction][1]

  def image_port(self, side: str) -> Port:
    """Returns the port of the images of a side: float32 [N, H, W, C] in [-1, 1]."""
    return Port(self.data[f'image_{side}'].shape)

  def require_whole_factor(self, direction: str) -> None:
    """Raises UsageError unless the target's sides are whole multiples of those of the source.

    Missing fields are left to models/build.py, which names all of them.
    """
    if not set(self.reads) <= set(self.data):
      return
    source, target = (self.image_port(side).sides[:2] for side in self.sides[direction])
    if any(large % small for small, large in zip(source, target)):
      one, other = self.sides[direction]
      raise UsageError(
        f'image_{other} of {target[0]}x{target[1]} should be a whole number of times as large as '
        f'image_{one} of {source[0]}x{source[1]}; --dataset="reduced(..., factor=4)" makes such '
        'pairs'
      )

  def discriminator_reads(self, source: str, target: str) -> dict[str, Port]:
    """Returns the inputs of a direction's discriminator by name: images of its target."""
    del source
    return {'image': self.image_port(target)}

  def roles(self) -> Mapping[str, Role]:
    roles = {}
    for direction, (source, target) in self.sides.items():
      source_port, target_port = self.image_port(source), self.image_port(target)
      roles[self.generator_of(direction)] = Role(
        Kind.TRANSLATOR, {'image': source_port}, target_port
      )
    for direction, (source, target) in self.sides.items():
      roles[self.discriminator_of(direction)] = Role(
        Kind.PATCH_READER, self.discriminator_reads(source, target), Port((None, None, 1))
      )
    return roles

  def tasks(self) -> Mapping[str, Task]:
    return {
      name: Task(name, f'image_{source}', f'image_{target}', (self.generator_of(name),))
      for name, (source, target) in self.sides.items()
    }

  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[tfgan.GANModel, ...]:
    return tuple(self._model(batch, direction) for direction in self.sides)

  def _model(self, batch: Mapping[str, tf.Tensor], direction: str) -> tfgan.GANModel:
    source, target = self.sides[direction]
    generator = self.networks[self.generator_of(direction)]
    model = tfgan.gan_model(
      generator_fn=lambda images: generator(images, training=True),
      discriminator_fn=lambda images, sources: self.judge(direction, images, sources),
      real_data=batch[f'image_{target}'],
      generator_inputs=batch[f'image_{source}'],
    )
    return self.with_variables(model)

  def judge(self, direction: str, images: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
    """Returns logits [n, H', W', 1] of patches of images [n, H, W, C], in training mode.

    Args:
      direction: Direction whose discriminator judges.
      images: Real or generated images of the target.
      sources: The images of the source that belong to `images`.
    """
    del sources
    discriminator = self.networks[self.discriminator_of(direction)]
    return discriminator(self.augment(images), training=True)

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns the images of the source, float32 [n, H, W, C] in [-1, 1]."""
    del indices, seed
    medium = self.data[task.source].require_medium()
    return medium.to_device(tf.convert_to_tensor(given[task.source]))

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    return networks[task.roles[0]](inputs, training=False)

  def pool_examples(self) -> dict[str, tuple[Inputs, tf.Tensor]]:
    return {
      name: tuple(tf.zeros([1, *self.image_port(side).sides]) for side in pair)
      for name, pair in self.sides.items()
    }
