"""MidiNet: a GAN of bars of music, each made from the bar before and a chord.

Yang, Chou and Yang 2017, arXiv:1703.10847: the model of the paper's figure 1 and section 3, with
both conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, Inputs, keras, tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.models.noise import Noise, uniform
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.layers.chord_order import (
  SILENT,
  VECTOR,
  ChordOrder,
  chord_vectors,
  chords_of,
)
from tfgan_pipeline.networks.midinet import BAR_SHAPE, FEATURES
from tfgan_pipeline.networks.spec import Kind, Networks, Port, Role
from tfgan_pipeline.replicas import collectives, randomness

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

_STEPS = BAR_SHAPE[0]
_CHORD_STREAM = 1000  # Of random numbers; bars have those from 0 on.


@registry.model
def midinet(
  noise: Noise, data: Fields, *, feature_weight: float = 0.1, mean_weight: float = 0.01
) -> Game:
  """Generator of a bar from noise, the bar before and a chord; tunes are made bar by bar.

  The paper's training is --networks=midinet --noise=normal(100) --update=sequential
  --generator_steps=2 --loss="modified(label_smoothing=0.2)" --batch_size=72. In training each tune
  of a batch gives one bar, drawn at random. A tune is sampled from silence on, with chords that
  follow each other as in training.

  Args:
    noise: Random input of the generator.
    data: Fields of the examples: phrases, as of --dataset=tunes.
    feature_weight: Weight of the squared distance of mean features of real and generated bars, in
      the discriminator's first layer, in the generator's loss.
    mean_weight: Weight of the squared distance of mean bars.

  Raises:
    UsageError: A weight is negative, or samples are no phrases of whole bars.
  """
  require('--model', at_least=0, feature_weight=feature_weight, mean_weight=mean_weight)
  steps, *rest = data['image'].shape
  if tuple(rest) != BAR_SHAPE[1:] or steps % _STEPS:
    size = 'x'.join(map(str, data['image'].shape))
    raise UsageError(f'makes phrases of bars of 16x128x1, as of --dataset=tunes, and not {size}')
  return MidiNet(noise, data, feature_weight, mean_weight)


class MidiNet(Game):
  """Game of a generator of bars and a discriminator, both of which are told the chord."""

  def __init__(self, noise: Noise, data: Fields, feature_weight: float, mean_weight: float):
    super().__init__(noise, data)
    self.bars = data['image'].shape[0] // _STEPS
    self._feature_weight = feature_weight
    self._mean_weight = mean_weight

  def roles(self) -> Mapping[str, Role]:
    bar, chord = Port(BAR_SHAPE), Port((VECTOR,))
    reads = {'noise': Port((self.noise.size,)), 'previous': bar, 'chord': chord}
    return {
      'generator': Role(Kind.GENERATOR, reads, bar),
      'discriminator': Role(Kind.READER, {'image': bar, 'chord': chord}, Port((1,))),
    }

  def tasks(self) -> Mapping[str, Task]:
    return {GENERATE.name: GENERATE}

  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[tfgan.GANModel, ...]:
    """Returns a tuple of bars, whose inputs are [noise, bars before, chords], float32 [n, ...]."""
    generator = self.networks['generator']
    count = batch['image'].shape[0]
    phrases = tf.reshape(batch['image'], [count, self.bars, *BAR_SHAPE])
    # The bar before the first is silence.
    phrases = tf.pad(phrases, [[0, 0], [1, 0], [0, 0], [0, 0], [0, 0]], constant_values=-1.0)
    place = tf.cast(randomness.uniform([count]) * float(self.bars), tf.int32)
    previous = tf.gather(phrases, place, batch_dims=1)
    bars = tf.gather(phrases, place + 1, batch_dims=1)
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=self._discriminate,
      real_data=bars,
      generator_inputs=[
        self.noise.for_step(count),
        previous,
        chord_vectors(chords_of(bars)),
      ],
    )
    return (self.with_variables(model),)

  def _discriminate(self, bars: tf.Tensor, inputs: Inputs) -> tf.Tensor:
    """Returns logits [n, 1] in training mode."""
    return self.networks['discriminator']([self.augment(bars), inputs[2]], training=True)

  def gan_loss(
    self, model: GANTuple, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns both players' losses, the generator's with the two terms of the paper's equation 2.

    As in the authors' code, each term has half of the sum of squares, and bars are in [0, 1].
    """
    loss = super().gan_loss(model, adversarial, pool)
    discriminator = self.networks['discriminator']
    features = keras.Model(discriminator.inputs, discriminator.get_layer(FEATURES).output)
    chord = model.generator_inputs[2]

    def distance(function: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
      means = [
        collectives.mean(tf.reduce_mean(tf.cast(function(bars), tf.float32), axis=0))
        for bars in (model.real_data, model.generated_data)
      ]
      return tf.reduce_sum(tf.math.squared_difference(*means)) / 2.0

    terms = self._mean_weight * distance(lambda bars: (bars + 1.0) / 2.0)
    terms += self._feature_weight * distance(
      lambda bars: features([self.augment(bars), chord], training=True)
    )
    return loss._replace(generator_loss=loss.generator_loss + terms)

  def pool_examples(self) -> dict[str, tuple[Inputs, tf.Tensor]]:
    shapes = [(self.noise.size,), BAR_SHAPE, (VECTOR,)]
    return {'': ([tf.zeros([1, *shape]) for shape in shapes], tf.zeros([1, *BAR_SHAPE]))}

  def inputs(
    self,
    task: Task,
    indices: Sequence[int] | np.ndarray | tf.Tensor,
    seed: int | tf.Tensor,
    given: Mapping[str, npt.ArrayLike] = {},
  ) -> Inputs:
    """Returns [noise [n, bars, size], places [n, bars], chords [n, bars], previous bars [n, ...]].

    Places are random numbers in [0, 1) that draw the chords which are -1; a previous bar, float32
    [16, 128, 1] in [-1, 1], comes before the first.

    Args:
      task: GENERATE.
      indices: Numbers of tunes.
      seed: Seed of all tunes.
      given: Nothing, or the chords of each tune under 'chord', int32 [n, bars], see
        networks/layers/chord_order.py, and a stored bar before the first under 'previous', uint8
        [n, 16, 128, 1]; by default silence.
    """
    indices = tf.convert_to_tensor(indices, tf.int32)
    noise = tf.stack([self.noise.numbered(indices, seed, bar) for bar in range(self.bars)], axis=1)
    places = uniform(size=self.bars).numbered(indices, seed, _CHORD_STREAM)
    chords, previous = given.get('chord'), given.get('previous')
    if chords is None:
      chords = tf.fill([tf.size(indices), self.bars], -1)
    medium = self.data[task.target].require_medium()
    if previous is None:
      previous = tf.zeros([tf.size(indices), *BAR_SHAPE], tf.uint8)
    return [
      noise,
      (places + 1.0) / 2.0,
      tf.cast(chords, tf.int32),
      medium.to_device(tf.convert_to_tensor(previous)),
    ]

  def input_names(self, task: Task) -> tuple[str, ...]:
    return 'noise', 'places', 'chords', 'previous'

  def run(self, task: Task, networks: Networks, inputs: Inputs) -> tf.Tensor:
    """Makes tunes bar by bar; each is made from the one before as it is stored."""
    medium = self.data[task.target].require_medium()
    generator = networks['generator']
    noise, places, asked, previous = inputs
    chord = chords_of(previous)
    bars = []
    for number in range(self.bars):
      drawn = _order_of(generator, chord, places[:, number])
      chord = tf.where(asked[:, number] < 0, drawn, asked[:, number])
      values = generator([noise[:, number], previous, chord_vectors(chord)], training=False)
      bars.append(values)
      previous = medium.to_device(medium.to_stored(values))
    return tf.concat(bars, axis=1)


def _order_of(generator: keras.Model, before: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
  """Returns chords int32 [n] to follow others, as the generator has counted, or else any."""
  for layer in generator.layers:
    if isinstance(layer, ChordOrder):
      return layer.draw(before, places)
  return tf.cast(places * SILENT, tf.int32)
