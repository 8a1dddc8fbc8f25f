"""GAN whose generator makes images at several depths, the earlier ones against noisy images.

After the guidance by noise-perturbed images of GAT (Hyun et al. 2025, arXiv:2509.24935).
"""

from __future__ import annotations

from collections.abc import Mapping

from tfgan_pipeline import registry
from tfgan_pipeline.compat import Inputs, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.gan import GAN
from tfgan_pipeline.models.image_game import GENERATE, Discriminator
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Networks, Role, image_roles
from tfgan_pipeline.replicas import randomness


@registry.model
def noise_guided_gan(
  noise: Noise, data: Fields, *, levels: tuple[float, ...] = (0.5, 0.25)
) -> Game:
  """GAN of several images at once: a clean one, and before it noisier and noisier ones.

  The generator makes them at several depths, --networks="gat(outputs=3)" for two noisy levels, and
  the discriminator reads all of them side by side, so that early blocks learn from it directly.
  Samples are the clean images.

  Args:
    noise: Random input of the generator.
    data: Fields of the examples.
    levels: Standard deviations of the noise on real images, from the first depth on; images are in
      [-1, 1]. The clean level is added as the last.

  Raises:
    UsageError: A level is negative or not finite.
  """
  if not all(0 <= level < float('inf') for level in levels):
    raise UsageError(f'--model: levels={levels} should be standard deviations, 0 or more')
  return NoiseGuidedGAN(noise, data, levels)


class NoiseGuidedGAN(GAN):
  """Game on stacks of images [n, H, W, levels * C], the clean one last."""

  needs = frozenset({Need.PICTURES})

  def __init__(self, noise: Noise, data: Fields, levels: tuple[float, ...]):
    super().__init__(noise, data)
    self._deviations = (*levels, 0.0)

  def roles(self) -> Mapping[str, Role]:
    return image_roles(self._stack_shape, 0, self.noise_size, self.outputs, ())

  @property
  def _stack_shape(self) -> tuple[int, int, int]:
    height, width, channels = self.data.image_shape
    return height, width, channels * len(self._deviations)

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.GANModel:
    generator, images = self.networks['generator'], batch['image']
    noise = self.noise.for_step(images.shape[0])
    perturbations = [randomness.normal(images.shape) for _ in self._deviations[:-1]]
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=Discriminator(self),
      real_data=self._stacked(images, perturbations),
      generator_inputs=noise,
    )
    return self.with_variables(model)

  def _stacked(self, images: tf.Tensor, perturbations: list[tf.Tensor]) -> tf.Tensor:
    """Returns noisy levels of images and the images, float32 [n, H, W, levels * C]."""
    noisy = [
      images + deviation * perturbation
      for deviation, perturbation in zip(self._deviations, perturbations)
    ]
    return tf.concat([*noisy, images], axis=-1)

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    return super().run(task, networks, inputs)[..., -self.data.image_shape[-1] :]

  def logits(self, images: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
    seeds = range(len(self._deviations) - 1)
    # The noise of a look at the discriminator is one and the same, whatever the images.
    drawn = [tf.random.stateless_normal(tf.shape(images), [seed, 0]) for seed in seeds]
    return super().logits(self._stacked(images, drawn), labels)

  def pool_examples(self) -> dict[str, tuple[Inputs, tf.Tensor]]:
    return {'': (self.inputs(GENERATE, [0], 0), tf.zeros([1, *self._stack_shape]))}
