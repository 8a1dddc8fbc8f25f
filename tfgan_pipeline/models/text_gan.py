"""Pictures of captions: GAN-CLS and GAN-INT (Reed et al. 2016, arXiv:1605.05396).

    --model=text_gan --networks="text_dcgan, text_encoder(kind=gru)"

The discriminator sees real pictures with their caption, real ones with the caption of another
picture, and generated ones with the caption that they were made of. Each player has a text encoder
of its own, which it trains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, Inputs, StoredValues, keras, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.captions.fields import (
  CAPTION,
  captions_of,
  first_captions,
  vocabulary_of,
)
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media.caption_rows import caption_rows
from tfgan_pipeline.models import noise as noises
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import Discriminator, ImageGame
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import NOISE, Task
from tfgan_pipeline.networks.spec import Kind, Networks, Port, Role
from tfgan_pipeline.replicas import collectives, randomness

if TYPE_CHECKING:
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

GENERATE = Task('generate', NOISE, 'image', ('generator', 'generator_text'))
_AUGMENTATION = 1  # Random stream of conditioning augmentation, apart from that of the noise.
_SHOWN = 4  # Samples of each caption in the picture of training.


@registry.model
def text_gan(
  noise: Noise,
  data: Fields,
  *,
  interpolation: float = 0.0,
  conditioning_augmentation: bool = True,
  kl_weight: float = 2.0,
  code: int = 128,
) -> Game:
  """Pictures of captions, whose discriminator tells right captions from wrong ones (GAN-CLS).

  Args:
    noise: Random input of the generator beside the caption.
    data: Fields of the examples, `caption` included.
    interpolation: Weight of the generator's loss of pictures of the mean of two captions' codes,
      GAN-INT (equation 5 of Reed et al. 2016, with beta = 0.5); 0 for none.
    conditioning_augmentation: Whether the generator reads draws from a normal distribution whose
      mean and variance the caption decides (section 3.2 of StackGAN, Zhang et al. 2017,
      arXiv:1612.03242), in place of a code.
    kl_weight: Weight of that distribution's divergence from the standard normal one in the
      generator's loss (lambda of StackGAN's equation 4), as a mean over the code's numbers, as in
      the authors' program.
    code: Numbers that each network reads of a caption.

  Raises:
    UsageError: A number is out of range, or the captions of the data have no vocabulary.
  """
  require('--model', at_least=0, interpolation=interpolation, kl_weight=kl_weight)
  require('--model', at_least=1, code=code)
  if not data[CAPTION].words:
    raise UsageError('the field caption has no words; "shapes(style=captions)" has captions')
  return TextGAN(noise, data, interpolation, kl_weight if conditioning_augmentation else None, code)


class TextGAN(ImageGame):
  """Game whose inputs are [random numbers float32 [n, D], tokens of captions int32 [n, length]].

  The random numbers are the noise and, behind it, those of conditioning augmentation.
  """

  players = {
    'generator': ('generator', 'generator_text'),
    'discriminator': ('discriminator', 'discriminator_text'),
  }
  averaged = ('generator', 'generator_text')
  reads = ('image', CAPTION)
  needs = frozenset({Need.PICTURES})
  shown_examples = 6

  def __init__(
    self, noise: Noise, data: Fields, interpolation: float, kl_weight: float | None, code: int
  ):
    super().__init__(noise, data)
    self._field = data[CAPTION]
    self._interpolation = interpolation
    self._kl_weight = kl_weight
    self._code = code
    self._draws = noises.normal(size=code) if kl_weight is not None else None

  @property
  def noise_size(self) -> int:
    return self.noise.size + (self._draws.size if self._draws else 0)

  def roles(self) -> Mapping[str, Role]:
    image, text = Port(self.data.image_shape), Port((self._code,))
    caption = Port(self._field.shape[1:], 'int32', vocabulary_of(self._field).size)
    # Mean and logarithm of the deviation of each number, or the number itself.
    of_generator = Port((2 * self._code if self._draws else self._code,))
    return {
      'generator': Role(Kind.GENERATOR, {'noise': Port((self.noise.size,)), 'text': text}, image),
      'discriminator': Role(Kind.READER, {'image': image, 'text': text}, Port((1,))),
      'generator_text': Role(Kind.TEXT_ENCODER, {CAPTION: caption}, of_generator),
      'discriminator_text': Role(Kind.TEXT_ENCODER, {CAPTION: caption}, text),
    }

  def tasks(self) -> Mapping[str, Task]:
    return {GENERATE.name: GENERATE}

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.GANModel:
    """Returns TF-GAN's tuple, whose inputs are [random numbers, tokens, codes of both encoders].

    Each caption is encoded once, for all that reads its code.
    """
    size = batch['image'].shape[0]
    noise = [self.noise.for_step(size), *([self._draws.for_step(size)] if self._draws else [])]
    tokens = _drawn(batch[CAPTION])
    model = tfgan.gan_model(
      generator_fn=lambda inputs: self._generate(self.networks, inputs, training=True),
      discriminator_fn=_Judge(self),
      real_data=batch['image'],
      generator_inputs=[tf.concat(noise, axis=1), tokens, *self._codes_of(tokens)],
    )
    return self.with_variables(model)

  def _codes_of(self, tokens: tf.Tensor) -> list[tf.Tensor]:
    """Returns what the generator's and the discriminator's encoder give, each float32 [n, D]."""
    return [
      self.networks[role](tokens, training=True)
      for role in ('generator_text', 'discriminator_text')
    ]

  def _generate(self, networks: Networks, inputs: Inputs, *, training: bool) -> tf.Tensor:
    numbers, tokens, *codes = inputs
    text = codes[0] if codes else networks['generator_text'](tokens, training=training)
    noise, draws = numbers[:, : self.noise.size], numbers[:, self.noise.size :]
    if self._draws:
      mean, log_deviation = tf.split(text, 2, axis=1)
      code = mean + tf.exp(log_deviation) * draws
    else:
      code = tf.nn.leaky_relu(text)
    return networks['generator']([noise, code], training=training)

  def gan_loss(
    self, model: GANTuple, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns both players' losses: algorithm 1 of Reed et al. 2016, with any --loss.

    In the discriminator's, generated pictures and wrong captions count half each (line 11). Wrong
    captions are those of the example before in the global batch, or of the part of it that
    --accumulate makes.
    """
    del pool
    numbers, tokens, *codes = model.generator_inputs
    others = _of_others(tokens)
    of_others = self._codes_of(others)
    wrong = model.discriminator_fn(model.real_data, [numbers, others, *of_others])

    def discriminator(model: GANTuple, **_: object) -> tf.Tensor:
      mismatched = model._replace(discriminator_gen_outputs=wrong)
      return (adversarial.discriminator(model) + adversarial.discriminator(mismatched)) / 2

    def generator(model: GANTuple, **_: object) -> tf.Tensor:
      loss = adversarial.generator(model)
      if self._interpolation:  # Of the mean of two captions' codes.
        means = [(own + other) / 2 for own, other in zip(codes, of_others)]
        inputs = [numbers, tokens, *means]
        outputs = model.discriminator_fn(model.generator_fn(inputs), inputs)
        between = model._replace(discriminator_gen_outputs=outputs)
        loss += self._interpolation * adversarial.generator(between)
      if self._kl_weight:
        loss += self._kl_weight * _divergence(codes[0])
      return loss

    return tfgan.gan_loss(model, generator, discriminator, add_summaries=False)

  def captions(self, indices: Sequence[int] | np.ndarray | tf.Tensor) -> tf.Tensor:
    examples = vocabulary_of(self._field).encode_all([self._field.examples], self._shape_of_shown)
    rows = tf.convert_to_tensor(indices, tf.int32) % len(self._field.examples)
    return tf.gather(tf.constant(examples[0]), rows)

  @property
  def _shape_of_shown(self) -> tuple[int, int]:
    return len(self._field.examples), self._field.shape[1]

  def input_names(self, task: Task) -> tuple[str, ...]:
    return 'noise', CAPTION

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns [random numbers float32 [n, D], tokens int32 [n, length]].

    Args:
      task: GENERATE.
      indices: Numbers of samples.
      seed: Seed of all samples.
      given: Tokens under 'caption', int32 [n, length], in place of `self.captions(indices)`.
    """
    numbers = [self.noise.numbered(indices, seed)]
    if self._draws:
      numbers.append(self._draws.numbered(indices, seed, _AUGMENTATION))
    tokens = given.get(CAPTION)
    tokens = self.captions(indices) if tokens is None else tf.cast(tokens, tf.int32)
    return [tf.concat(numbers, axis=1), tokens]

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    return self._generate(networks, inputs, training=False)

  def interpolation(
    self,
    number: int,
    seed: int,
    columns: int,
    label: int | None = None,
    end: int | None = None,
  ) -> Inputs:
    """Returns inputs [columns, ...] from sample `number` to `end`, with one caption."""
    del label
    numbers = [self.noise.path(number, seed, columns, end=end)]
    if self._draws:
      numbers.append(self._draws.path(number, seed, columns, _AUGMENTATION, end=end))
    return [tf.concat(numbers, axis=1), tf.repeat(self.captions([number]), columns, axis=0)]

  def shown(self, networks: Networks, examples: StoredValues) -> dict[str, tf.Tensor]:
    """Computes some pictures of the first caption of each example."""
    medium = self.data['image'].require_medium()
    tokens = tf.repeat(tf.convert_to_tensor(examples[CAPTION])[:, 0], _SHOWN, axis=0)
    inputs = self.inputs(GENERATE, range(tokens.shape[0]), 0, {CAPTION: tokens})
    return {'made': medium.to_stored(self.run(GENERATE, networks, inputs))}

  def draw(self, shown: Mapping[str, np.ndarray], examples: Example) -> dict[str, np.ndarray]:
    """Draws a row for each caption: the real picture, and generated ones."""
    texts = captions_of(self._field, first_captions(examples[CAPTION]))
    made = shown['made'].reshape(len(texts), _SHOWN, *self.data.image_shape)
    pictures = np.concatenate([examples['image'][:, np.newaxis], made], axis=1)
    return {'captions': caption_rows(self.data['image'].require_medium(), texts, pictures)}


class _Judge(Discriminator):
  """TF-GAN's `discriminator_fn`, which reads the codes in the generator's inputs."""

  def _read(self, network: keras.Model, images: tf.Tensor, inputs: Inputs) -> tf.Tensor:
    return network([images, tf.nn.leaky_relu(inputs[3])], training=True)


def _drawn(captions: tf.Tensor) -> tf.Tensor:
  """Returns one caption of each example, int32 [n, length], drawn from tokens [n, K, length]."""
  if captions.shape[1] == 1:
    return captions[:, 0]
  counts = tf.reduce_sum(tf.cast(tf.reduce_any(captions > 0, axis=2), tf.float32), axis=1)
  place = tf.minimum(randomness.uniform([captions.shape[0]]) * counts, counts - 1)
  return tf.gather(captions, tf.cast(tf.maximum(place, 0), tf.int32), batch_dims=1)


def _of_others(tokens: tf.Tensor) -> tf.Tensor:
  """Returns the tokens int32 [n, length] of the example before each in the global batch."""
  whole = collectives.gathered(tf.cast(tokens, tf.float32))  # Not all backends gather integers.
  if whole.shape[0] < 2:
    raise UsageError(
      '--batch_size: --model=text_gan takes captions of other examples for wrong ones; a batch, or '
      'a part of it by --accumulate, should have 2 examples or more'
    )
  replica = tf.distribute.get_replica_context()
  first = replica.replica_id_in_sync_group * tokens.shape[0] if replica else 0
  others = tf.slice(tf.roll(whole, 1, axis=0), [first, 0], tokens.shape)
  return tf.cast(others, tf.int32)


def _divergence(text: tf.Tensor) -> tf.Tensor:
  """Returns the divergence of normal distributions from the standard one, a mean over all numbers.

  Args:
    text: Means and logarithms of deviations, float32 [n, 2 * code].
  """
  mean, log_deviation = tf.split(text, 2, axis=1)
  return tf.reduce_mean((tf.square(mean) + tf.exp(2 * log_deviation) - 1) / 2 - log_deviation)
