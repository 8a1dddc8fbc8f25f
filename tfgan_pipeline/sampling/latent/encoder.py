"""Encoder of pictures into the latents of a trained generator, trained once and kept with the run.

encoder = LatentEncoder(restored, experiment, steps=1000)
encoder.fit(lambda: dataset)
latents, samples, losses = encoder.encode(pictures)
"""

from __future__ import annotations

from collections.abc import Callable
import json
import logging
import os
import time
from typing import Any

import numpy as np
import tqdm

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError, WriteError, first_line, require
from tfgan_pipeline.extractors import trained
from tfgan_pipeline.media.images import to_float
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.networks.spec import Kind, NetworkSpec, Port, Role
from tfgan_pipeline.replicas.graphs import graph_method
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.sampling.latent.features import DiscriminatorFeatures, latent_game
from tfgan_pipeline.sampling.restored import RestoredNetworks

_WITHOUT = 'kappa=0 compares pixels alone'
_BLOCK = 64  # Pictures that are encoded together.
_LOOP = 50  # Steps between two looks at the clock.
_REPORT_SECONDS = 30
_log = logging.getLogger(__name__)


class LatentEncoder:
  """Encoder of f-AnoGAN: a network like the discriminator, trained through the fixed generator.

  Its loss is that of izi_f (Schlegl et al. 2019, f-AnoGAN, equation 3): the mean squared difference
  of a picture and its sample, and `kappa` times that of their discriminator features.

  Args:
    restored: Restored networks, 'discriminator' among them if `kappa` is above 0.
    experiment: The run's experiment; a reader of its --networks is the encoder.
    steps: Training steps.
    batch_size: Pictures in a training step.
    kappa: Weight of the features.
    learning_rate: Rate of Adam, which falls to 0 along half a cosine.
    seed: Seed of initial weights and the order of pictures.
    flag: Flag that asks, for messages.

  Attributes:
    path: The file that the encoder is kept in.

  Raises:
    UsageError: The run has no noise to encode into, its generator reads classes, its discriminator
      or --networks do not suit, or an argument is out of range.
  """

  def __init__(
    self,
    restored: RestoredNetworks,
    experiment: Experiment,
    *,
    steps: int = 1000,
    batch_size: int = 64,
    kappa: float = 1.0,
    learning_rate: float = 1e-3,
    seed: int = 0,
    flag: str = '--method=encoder',
  ):
    require(flag, at_least=1, steps=steps, batch_size=batch_size)
    require(flag, at_least=0, kappa=kappa)
    require(flag, above=0, learning_rate=learning_rate)
    require(flag, at_least=0, below=2**31, seed=seed)
    self._game = latent_game(restored, flag)
    if self._game.labels([0]) is not None:
      raise UsageError(
        f'{flag}: the generator of --model_dir={restored.run.path} is told a class, which an '
        'encoder of pictures does not know'
      )
    self._networks = restored.networks
    self._features = DiscriminatorFeatures(restored, flag, _WITHOUT) if kappa else None
    self._steps, self._batch, self._kappa = steps, batch_size, kappa
    self._rate, self._seed = learning_rate, seed
    self._model = self._build(experiment, flag)
    recipe = dict(steps=steps, batch_size=batch_size, kappa=kappa, rate=learning_rate, seed=seed)
    run = restored.run
    facts = json.dumps([run.run_id, restored.step, restored.weights, recipe])
    self.path = os.path.join(run.anomaly, f'encoder-{digest(facts)}.npz')
    self._optimizer = keras.optimizers.Adam(
      keras.optimizers.schedules.CosineDecay(learning_rate, steps), jit_compile=False
    )

  def _build(self, experiment: Experiment, flag: str) -> keras.Model:
    image = Port(tuple(self._game.data.image_shape))
    role = Role(Kind.READER, {'image': image}, Port((self._game.noise.size,)))
    spec = NetworkSpec({'encoder': role})
    with seeded(self._seed):
      for call in registry.network.parse_all(experiment.networks):
        try:
          networks = registry.network.build(str(call), spec)
        except (ValueError, KeyError) as error:
          raise UsageError(
            f'{flag}: --networks={experiment.networks} makes no encoder: {error}'
          ) from None
        if 'encoder' in networks:
          return networks['encoder']
    raise UsageError(f'{flag}: --networks={experiment.networks} has no network that reads pictures')

  def fit(self, dataset: Callable[[], Dataset]) -> dict[str, Any]:
    """Reads the encoder that is kept with the run, or trains and keeps it; returns facts.

    Args:
      dataset: Loads the data of the run; called if the encoder has to be trained.

    Raises:
      WriteError: The encoder cannot be kept.
    """
    facts = trained.load(self._model, self.path)
    if facts is None:
      split = dataset().split('train')
      try:
        facts = trained.train_once(
          'the encoder', self._model, self.path, lambda: self._train(split)
        )
      except OSError as error:
        raise WriteError(f'{self.path}: cannot be written ({first_line(error)})') from None
    return facts

  def _train(self, split: Split) -> dict[str, Any]:
    _log.info('training the encoder for %d steps, once', self._steps)
    batches = iter(train_batches(split, batch_size=self._batch, seed=self._seed))
    shown = begin = time.monotonic()
    loss = tf.constant(0.0)
    for step in range(1, self._steps + 1):
      loss = self._step(next(batches)['image'])
      if step % _LOOP == 0 and time.monotonic() - shown > _REPORT_SECONDS:
        shown = time.monotonic()
        left = tqdm.tqdm.format_interval((shown - begin) / step * (self._steps - step))
        _log.info('the encoder: step %d of %d, %s left', step, self._steps, left)
    return {'steps': self._steps, 'loss': float(loss)}

  @graph_method
  def _step(self, pictures: tf.Tensor) -> tf.Tensor:
    images = to_float(pictures)
    variables = self._model.trainable_variables
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(self._distances(images, self._model(images, training=True))[1])
    self._optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss

  def _distances(self, images: tf.Tensor, latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns samples [n, H, W, C] of latents, and the loss of each, float32 [n]."""
    samples = self._game.run(GENERATE, self._networks, latents)
    losses = tf.reduce_mean((images - samples) ** 2, axis=[1, 2, 3])
    if self._features is not None:
      gap = self._features(images) - self._features(samples)
      losses += self._kappa * tf.reduce_mean(gap**2, axis=1)
    return samples, losses

  def encode(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Encodes pictures uint8 [n, H, W, C].

    Returns:
      latents: float32 [n, Z].
      samples: Samples of the latents, float32 [n, H, W, C] in [-1, 1].
      losses: Loss of each picture, float64 [n].
    """
    parts = []
    for first in range(0, len(pictures), _BLOCK):
      part = pictures[first : first + _BLOCK]
      blank = np.zeros((_BLOCK - len(part), *part.shape[1:]), part.dtype)
      values = self._encode(tf.constant(np.concatenate([part, blank])))
      parts.append([value.numpy()[: len(part)] for value in values])
    latents, samples, losses = (np.concatenate(values) for values in zip(*parts))
    return latents, samples, losses.astype(np.float64)

  @graph_method
  def _encode(self, pictures: tf.Tensor) -> tuple[tf.Tensor, ...]:
    images = to_float(pictures)
    latents = self._model(images, training=False)
    if (limit := self._game.noise.limit) is not None:
      latents = tf.clip_by_value(latents, -limit, limit)
    return latents, *self._distances(images, latents)
