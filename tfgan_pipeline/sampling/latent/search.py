"""Search for the latents whose samples are most like given pictures.

    search = LatentSearch(restored, steps=500)
    found = search.find(pictures)                   # uint8 [n, H, W, C]
    found.latents, found.residuals

The search of a picture depends on that picture alone: its starts are drawn by a hash of its pixels,
gradients of a sum over pictures do not mix them, and blocks have one size, whatever a caller asks.
"""

from __future__ import annotations

import dataclasses
import zlib

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media.images import to_float, to_uint8
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.replicas.graphs import graph_method
from tfgan_pipeline.sampling.latent.features import DiscriminatorFeatures, latent_game
from tfgan_pipeline.sampling.restored import RestoredNetworks

_WITHOUT = 'features=0 compares pixels alone'
_BLOCK = 32  # Pictures that are searched together; another number changes the last bits.
_STREAM = 7  # Word that separates random starts from the noise of samples.
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7  # Of Adam, as in Keras.


@dataclasses.dataclass(frozen=True)
class Found:
  """Latents of pictures, and how close their samples come.

  Attributes:
    latents: float32 [n, Z].
    images: Samples of the latents, uint8 [n, H, W, C].
    residuals: Sums over pixels of absolute differences of values in [-1, 1], float64 [n].
    features: Sums of absolute differences of discriminator features, float64 [n]; 0 without any.
  """

  latents: np.ndarray
  images: np.ndarray
  residuals: np.ndarray
  features: np.ndarray

  @classmethod
  def joined(cls, parts: list[Found]) -> Found:
    """Returns the rows of several in one."""
    names = [field.name for field in dataclasses.fields(cls)]
    return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class LatentSearch:
  """Search by Adam from random starts (Schlegl et al. 2017, arXiv:1703.05921, equations 3 to 6).

  The latent z of a picture x minimises (1 - weight) * |x - G(z)| + weight * |f(x) - f(G(z))|, sums
  over pixels and over the features f of the discriminator.

  Args:
    restored: Restored networks, with 'discriminator' if `weight` is above 0.
    steps: Steps of Adam.
    learning_rate: Rate of Adam; it falls linearly to a tenth.
    starts: Random starts of each picture, of which the one that ends lowest counts.
    weight: Weight of the features, from 0 to 1.
    seed: Seed of the starts.
    label: Class that samples get, for a generator that reads one.
    flag: Flag that asks, for messages.

  Raises:
    UsageError: The run has no noise to search in, or reads classes and none is given; its
      discriminator does not suit, or an argument is out of range.
  """

  def __init__(
    self,
    restored: RestoredNetworks,
    *,
    steps: int = 500,
    learning_rate: float = 0.05,
    starts: int = 1,
    weight: float = 0.1,
    seed: int = 0,
    label: int | None = None,
    flag: str = '--method=search',
  ):
    require(flag, at_least=1, steps=steps, starts=starts)
    require(flag, above=0, learning_rate=learning_rate)
    require(flag, at_least=0, at_most=1, weight=weight)
    self._game = latent_game(restored, flag)
    if label is None and self._game.labels([0]) is not None:
      raise UsageError(
        f'{flag}: the generator of --model_dir={restored.run.path} is told a class, which a '
        'picture does not tell; tfgan-project takes it from --labels'
      )
    self._networks = restored.networks
    self._features = DiscriminatorFeatures(restored, flag, _WITHOUT) if weight else None
    self._steps, self._rate, self._starts = steps, learning_rate, starts
    self._weight, self._seed, self._label = weight, seed, label

  def find(self, pictures: np.ndarray) -> Found:
    """Returns the latents of pictures uint8 [n, H, W, C]."""
    size = max(1, _BLOCK // self._starts)
    parts = [self._find(pictures[first : first + size]) for first in range(0, len(pictures), size)]
    return Found.joined(parts)

  def _find(self, pictures: np.ndarray) -> Found:
    """Searches for at most as many pictures as a block has room for."""
    count, size = len(pictures), max(1, _BLOCK // self._starts)
    blank = np.zeros((size - count, *pictures.shape[1:]), pictures.dtype)
    block = np.concatenate([pictures, blank])
    numbers = [zlib.crc32(picture.tobytes()) >> 1 for picture in block]
    starts = [
      self._game.noise.numbered(numbers, self._seed, _STREAM, number)
      for number in range(self._starts)
    ]
    images = to_float(tf.constant(np.tile(block, (self._starts, 1, 1, 1))))
    values = [value.numpy() for value in self._search(tf.concat(starts, 0), images)]
    latents, samples, residuals, features = (
      value.reshape(self._starts, size, *value.shape[1:])[:, :count] for value in values
    )
    losses = (1 - self._weight) * residuals + self._weight * features
    best = np.argmin(losses, axis=0), np.arange(count)
    return Found(
      latents[best],
      samples[best],
      residuals[best].astype(np.float64),
      features[best].astype(np.float64),
    )

  def generate(self, latents: tf.Tensor) -> tf.Tensor:
    """Returns samples float32 [n, H, W, C] in [-1, 1] of latents float32 [n, Z]."""
    inputs = latents
    if self._label is not None:
      inputs = [latents, tf.fill([latents.shape[0]], self._label)]
    return self._game.run(GENERATE, self._networks, inputs)

  @graph_method
  def _search(self, start: tf.Tensor, images: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Returns latents [n, Z], samples uint8 [n, H, W, C], residuals and feature distances [n]."""
    target = None if self._features is None else self._features(images)

    def distances(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
      samples = self.generate(latents)
      residuals = tf.reduce_sum(tf.abs(images - samples), axis=[1, 2, 3])
      if self._features is None:
        return samples, residuals, tf.zeros_like(residuals)
      return samples, residuals, tf.reduce_sum(tf.abs(target - self._features(samples)), axis=1)

    def step(
      number: tf.Tensor, latents: tf.Tensor, mean: tf.Tensor, square: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
      with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(latents)
        _, residuals, features = distances(latents)
        loss = tf.reduce_sum((1 - self._weight) * residuals + self._weight * features)
      gradient = tape.gradient(loss, latents)
      time = tf.cast(number + 1, tf.float32)
      mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
      square = _BETA_2 * square + (1 - _BETA_2) * gradient**2
      corrected = tf.sqrt(1 - _BETA_2**time) / (1 - _BETA_1**time)
      rate = self._rate * (1 - 0.9 * time / self._steps) * corrected
      latents -= rate * mean / (tf.sqrt(square) + _EPSILON)
      if (limit := self._game.noise.limit) is not None:
        latents = tf.clip_by_value(latents, -limit, limit)
      return number + 1, latents, mean, square

    zeros = tf.zeros_like(start)
    _, latents, *_ = tf.while_loop(
      lambda number, *_: number < self._steps,
      step,
      (tf.constant(0), start, zeros, zeros),
      maximum_iterations=self._steps,
    )
    samples, residuals, features = distances(latents)
    return latents, to_uint8(samples), residuals, features
