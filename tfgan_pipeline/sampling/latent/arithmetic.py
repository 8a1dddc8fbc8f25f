"""Arithmetic with averaged latents (Radford et al. 2016, arXiv:1511.06434, section 6.3.2).

picture = draw_sum(ensemble, 'glasses - plain + smile', seed=0)        # uint8 [H, W, C]
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.data.class_names import class_numbers
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.headings import with_headings
from tfgan_pipeline.media.images import enlarge, grid
from tfgan_pipeline.models.image_game import GENERATE, ImageGame
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.latent.array_file import read_latents
from tfgan_pipeline.sampling.latent.features import latent_game
from tfgan_pipeline.sampling.latent.styles import Styles
from tfgan_pipeline.sampling.latent.terms import Term, numbers_of, parse
from tfgan_pipeline.sampling.sampler import GeneratorSampler

_FLAG = '--arithmetic'
_OF_CLASS = 1000  # Samples whose mean style stands for a class.


@dataclasses.dataclass(frozen=True)
class _Mean:
  """Averaged latent of a term: noise or, in a network with styles, a style.

  Attributes:
    latent: float32 [D].
    label: Class that the noise is to be read with; None for none.
    is_class: Whether the term is a class.
  """

  latent: np.ndarray
  label: int | None
  is_class: bool = False


def draw_sum(ensemble: Ensemble, text: str, *, seed: int) -> np.ndarray:
  """Draws a sample of each term's averaged latent, and one of their sum.

  In a network with styles the sum is one of styles, and a class is the mean style of its samples.
  Other generators read one class at a time: a class among the terms is that of the sum.

  Args:
    ensemble: The samples of one run.
    text: The sum, see terms.py. A term is a class of the run, `samples 1,5,9`, or the path of an
      .npy file of latents, of a text file of numbers, or of a folder of pictures named by number.
    seed: Seed of all samples.

  Returns:
    uint8 [H, W, 1, 3 or 4]: the samples in a row, below the terms.

  Raises:
    UsageError: There are several runs, the game has no noise, or a term stands for nothing.
  """
  sampler = ensemble.only(_FLAG)
  adder = _Adder(sampler, latent_game(sampler.restored, _FLAG), seed)
  terms = parse(text)
  means = [adder.mean(term) for term in terms]
  if not adder.styles and sum(mean.is_class for mean in means) > 1:
    raise UsageError(
      f'{_FLAG}={text}: the generator of {sampler.restored.run.path} has no styles and reads one '
      'class at a time; take samples of a class, as in "samples 1,11,21"'
    )
  label = next((mean.label for mean in means if mean.is_class), means[0].label)
  total = np.sum([term.sign * mean.latent for term, mean in zip(terms, means)], axis=0)
  latents = np.stack([*(mean.latent for mean in means), total])
  labels = [*(mean.label for mean in means), label]
  headings = [f'{"+" if term.sign > 0 else "-"} {term.name}' for term in terms]
  row = grid(adder.samples(latents, labels), columns=len(latents))
  return enlarge(with_headings(row, [*headings, '=']))


class _Adder:
  """Averages latents of one run, and makes samples of them."""

  def __init__(self, sampler: GeneratorSampler, game: ImageGame, seed: int):
    self._sampler, self._game, self._seed = sampler, game, seed
    self.styles = Styles.of(sampler.restored.networks[GENERATE.roles[0]])
    self._has_classes = game.labels([0]) is not None

  def mean(self, term: Term) -> _Mean:
    """Returns the averaged latent of a term."""
    names = self._game.data.label_names
    numbers = numbers_of(term.name)
    if numbers is not None:
      return self._of_inputs(self._game.inputs(GENERATE, numbers, self._seed))
    if term.name.endswith('.npy'):
      noise = tf.constant(read_latents(term.name, self._game.noise.size, _FLAG))
      labels = self._game.labels(range(len(noise)))
      return self._of_inputs(noise if labels is None else [noise, labels])
    if not self._has_classes:
      raise UsageError(
        f'{_FLAG}: {term.name}: no such file or folder, and the generator of '
        f'{self._sampler.restored.run.path} is not told classes; a term is "samples 1,5,9", a '
        'folder or text file of numbers, or an .npy file'
      )
    (label, *more) = class_numbers(term.name, names, _FLAG)
    if more:
      raise UsageError(f'{_FLAG}: {term.name}: name one class in a term')
    if not self.styles:
      return _Mean(np.zeros(self._game.noise.size, np.float32), label, is_class=True)
    noise = self._game.noise.numbered(range(_OF_CLASS), self._seed)
    mean = self._of_inputs([noise, tf.fill([_OF_CLASS], label)])
    return dataclasses.replace(mean, is_class=True)

  def _of_inputs(self, inputs: Inputs) -> _Mean:
    latents, label = inputs, None
    if isinstance(inputs, list):
      latents, label = inputs[0], int(inputs[1][0])
    if self.styles:
      latents = self.styles.style(inputs)
    return _Mean(tf.reduce_mean(latents, axis=0).numpy(), label)

  def samples(self, latents: np.ndarray, labels: Sequence[int | None]) -> np.ndarray:
    """Returns samples uint8 [n, H, W, C] of latents."""
    values = tf.constant(latents, tf.float32)
    if self.styles:
      return self._sampler.stored(self.styles.picture([values] * self.styles.layers))
    if not self._has_classes:
      return self._sampler.of_inputs(values)
    return self._sampler.of_inputs(
      [values, tf.constant([label or 0 for label in labels], tf.int32)]
    )
