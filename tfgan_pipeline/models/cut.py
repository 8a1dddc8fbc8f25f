"""Contrastive unpaired translation, CUT and FastCUT (Park et al. 2020, arXiv:2007.15651)."""

from __future__ import annotations

import collections
from collections.abc import Mapping
import functools
from typing import TYPE_CHECKING, cast

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, keras, tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.translation_game import TranslationGame
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.replicas import randomness

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

layers = keras.layers

# Positions below which a map has too few other patches to tell one from: 4x4. U-Nets go down to 1.
_FEWEST_POSITIONS = 16

# Square of the length by which projections are divided at least: gradients of a patch of which the
# ReLU leaves nothing would grow a millionfold with TensorFlow's default of 1e-12.
_SHORTEST = 1e-6

# TF-GAN's tuple, and for each map of the encoder a pair (queries, keys), float32 [m, P, units] of
# length 1: projections of P patches of outputs, and of the patches in their places in the inputs.
# With the identity term m is 2n: images of the source, and images of the target behind them.
CUTModel = collections.namedtuple('CUTModel', (*tfgan.GANModel._fields, 'patches'))


@registry.model
def cut(
  noise: Noise,
  data: Fields,
  *,
  nce_weight: float = 1.0,
  identity: bool = True,
  patches: int = 256,
  temperature: float = 0.07,
  units: int = 256,
  adversarial_weight: float = 1.0,
) -> Game:
  """Translator between unpaired images whose patches should resemble those that they are made of.

  `identity=False, nce_weight=10` is FastCUT, without its random flips. The paper's least squares
  loss is twice TF-GAN's: with --loss=least_squares, `adversarial_weight=2` gives the paper's
  balance, and 4 that of the authors' code, which halves the sum of both NCE terms.

  Args:
    noise: Not read.
    data: Fields of the examples: image_a and image_b, of one shape.
    nce_weight: Weight of each NCE term; 1 in CUT, 10 in FastCUT.
    identity: Whether a second NCE term compares images of the target with what the translator
      makes of them, as in CUT.
    patches: Number of patches of each map that are told from each other; of smaller maps, all.
    temperature: Divisor of cosines in the softmax; 0.07 in the paper.
    units: Width of both layers of a projection; 256 in the paper.
    adversarial_weight: Weight of --loss in the translator's loss; 1 in the paper.

  Raises:
    UsageError: An argument is out of range, or images have other shapes on the two sides.
  """
  require('--model', above=0, nce_weight=nce_weight, temperature=temperature)
  require('--model', at_least=0, adversarial_weight=adversarial_weight)
  require('--model', at_least=1, units=units)
  require('--model', at_least=2, patches=patches)  # A single one has no other to be told from.
  return CUT(noise, data, nce_weight, identity, patches, temperature, units, adversarial_weight)


class CUT(TranslationGame):
  """Game of one direction with a third network, the projection of patches, which it brings itself.

  The projection is trained with the translator, and only the loss reads it.
  """

  sides = {'a_to_b': ('a', 'b')}

  def __init__(
    self,
    noise: Noise,
    data: Fields,
    nce_weight: float,
    identity: bool,
    patches: int,
    temperature: float,
    units: int,
    adversarial_weight: float,
  ):
    super().__init__(noise, data)
    shapes = [data[f'image_{side}'].shape for side in 'ab']
    if shapes[0] != shapes[1]:
      raise UsageError(
        f'image_a of {shapes[0]} and image_b of {shapes[1]} should have one shape: the encoder of '
        'the translator reads both; give both sides of --dataset one size and number of channels'
      )
    self.players = {**self.players, 'generator': ('generator_ab', 'projection_ab')}
    self._nce_weight = nce_weight
    self._identity = identity
    self._patches = patches
    self._temperature = temperature
    self._units = units
    self._adversarial_weight = adversarial_weight

  def own_networks(self, networks: Networks) -> Networks:
    """Builds a projection of two layers for each map of the encoder, of [n, P, C] patches.

    Weights start as Glorot's, as in the authors' code, but without its gain of 0.02: the result is
    divided by its length anyway.
    """
    # float32 whatever --precision: divisions by lengths and temperatures magnify rounding errors.
    dense = functools.partial(
      layers.Dense, self._units, kernel_initializer='glorot_normal', dtype='float32'
    )
    inputs, outputs = [], []
    for maps in encoder_of(networks['generator_ab']).outputs:
      inputs.append(keras.Input((None, maps.shape[-1]), dtype='float32'))
      outputs.append(dense()(dense(activation='relu')(inputs[-1])))
    joined = layers.Concatenate(axis=1, dtype='float32')(outputs)  # [N, sum of P, units]
    return {'projection_ab': keras.Model(inputs, joined, name='projection_ab')}

  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[CUTModel, ...]:
    (model,) = super().models(batch)
    images, outputs = model.generator_inputs, model.generated_data
    if self._identity:
      kept = model.generator_fn(model.real_data)
      images, outputs = (
        tf.concat(both, 0) for both in ((images, model.real_data), (outputs, kept))
      )
    return (CUTModel(*model, patches=self._pairs(images, outputs)),)

  def _pairs(
    self, images: tf.Tensor, outputs: tf.Tensor
  ) -> tuple[tuple[tf.Tensor, tf.Tensor], ...]:
    """Returns (queries of outputs, keys of images) by map of the encoder.

    Positions are drawn anew for each map, without repetition; all images and replicas share them.
    """
    encoder = encoder_of(self.networks['generator_ab'])
    positions = []
    for maps in encoder.outputs:
      count = maps.shape[1] * maps.shape[2]
      drawn = tf.math.top_k(randomness.shared([count]), min(self._patches, count))
      positions.append(drawn.indices)

    def projected(images: tf.Tensor) -> list[tf.Tensor]:
      chosen = [
        tf.gather(tf.reshape(maps, [maps.shape[0], -1, maps.shape[-1]]), places, axis=1)
        for maps, places in zip(encoder(images, training=True), positions)
      ]
      joined = self.networks['projection_ab'](chosen, training=True)
      unit = tf.math.l2_normalize(joined, axis=-1, epsilon=_SHORTEST)
      return tf.split(unit, [places.shape[0] for places in positions], axis=1)

    # Keys are constants, as in the authors' code: outputs are drawn to inputs, not the reverse.
    return tuple(zip(projected(outputs), map(tf.stop_gradient, projected(images))))

  def gan_loss(
    self, model: GANTuple, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns the adversarial losses, and the weighted NCE terms in that of the translator."""
    loss = super().gan_loss(model, adversarial, pool)
    terms = list(self._terms(model).values())
    return loss._replace(
      generator_loss=self._adversarial_weight * loss.generator_loss
      + self._nce_weight * tf.add_n(terms)
    )

  def observations(self, model: GANTuple) -> dict[str, tf.Tensor]:
    """Returns scalars to plot: the discriminator's outputs, and the NCE terms without weights."""
    return {**super().observations(model), **self._terms(model)}

  def _terms(self, model: GANTuple) -> dict[str, tf.Tensor]:
    """Returns the NCE terms by name: means of InfoNCE over images, maps and patches, float32.

    InfoNCE is -log of the softmax at the own place among all patches of the image, as in the paper.
    """
    by_map = []
    for queries, keys in cast('CUTModel', model).patches:
      cosines = tf.matmul(queries, keys, transpose_b=True)  # [m, P, P]
      own = tf.linalg.diag_part(tf.nn.log_softmax(cosines / self._temperature))
      by_map.append(-tf.reduce_mean(own, axis=1))
    by_image = tf.add_n(by_map) / len(by_map)  # [m]
    names = ('nce', 'nce_identity') if self._identity else ('nce',)
    return {name: tf.reduce_mean(part) for name, part in zip(names, tf.split(by_image, len(names)))}


def encoder_of(translator: keras.Model) -> keras.Model:
  """Returns a model of images to the maps whose patches are compared, sharing the weights.

  The rule holds for any translator. Maps are outputs of convolutions (layers with weights of four
  axes), in order, from the image to the last one of the fewest positions. Chosen are the image,
  each map smaller than all before, and of those that follow the smallest the first and the middle
  one: in `resnet_translator` pixels, both halvings, and blocks 1 and 5 of 9, the layers of the
  paper. Maps of fewer than 16 positions are left out.

  Raises:
    UsageError: No convolution but the last has a map of 16 positions or more.
  """
  maps = [
    layer.get_output_at(0)
    for layer in translator.layers
    if any(len(weight.shape) == 4 for weight in layer.weights)
  ][:-1]  # The last one makes the output.
  sizes = [_positions(translator.inputs[0]), *map(_positions, maps)]
  smallest = min(sizes)
  first = sizes.index(smallest)
  last = len(sizes) - 1 - sizes[::-1].index(smallest)
  halvings = [place for place in range(1, first + 1) if sizes[place] < min(sizes[:place])]
  following = range(first + 1, last + 1)
  middle = {following[0], following[len(following) // 2]} if following else set()
  chosen = [place for place in sorted({*halvings, *middle}) if sizes[place] >= _FEWEST_POSITIONS]
  if not chosen:
    raise UsageError(
      f'--networks: the {translator.name} has no convolution but its last with a map of 4x4 or '
      'more, and --model=cut compares such maps; take resnet_translator or larger images'
    )
  return keras.Model(
    translator.inputs, [translator.inputs[0], *(maps[place - 1] for place in chosen)]
  )


def _positions(maps: tf.Tensor) -> int:
  """Returns the number of positions of maps [N, H, W, C]."""
  return maps.shape[1] * maps.shape[2]
