"""A trained generator: restored from a run's checkpoint, sampled by number, exported.

    sampler = GeneratorSampler(run, experiment)
    sampler.restore(step)
    pictures = sampler.images(range(64), seed=0)   # uint8 [64, H, W, C]

It needs model_dir alone: neither the data nor anything of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tfgan_pipeline import images
from tfgan_pipeline.checkpoints import UNREADABLE, Checkpoints
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import DamagedCheckpoint, UsageError, first_line
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.models.game import build_game, build_networks
from tfgan_pipeline.run_directory import RunDirectory
from tfgan_pipeline.whole_files import writing


class GeneratorSampler:
  """Generates images from one checkpoint of a run at a time.

  Args:
    run: The run.
    experiment: As the run recorded it.
    weights: 'average' for the moving average where the run keeps one, else 'raw'.

  Attributes:
    weights: Which of the two are in use.
    step: The step of the checkpoint restored last, or None.
  """

  def __init__(self, run: RunDirectory, experiment: Experiment, *, weights: str = 'average'):
    shapes = run.read_record()['dataset']
    networks = build_networks(experiment, tuple(shapes['image_shape']), shapes['num_classes'])
    self._game = build_game(experiment, networks)
    self._generator = networks['generator']
    self.weights = weights if experiment.ema_decay else 'raw'
    role = 'generator_ema' if self.weights == 'average' else 'generator'
    self._root = tf.train.Checkpoint(**{role: self._generator})
    self._checkpoints = Checkpoints(run.checkpoints)
    self._run = run
    self.step: int | None = None
    self._generate = tf.function(self._game.generate, autograph=False)

  def steps(self) -> list[int]:
    """Steps that can be restored, oldest first."""
    return self._checkpoints.steps()

  def restore(self, step: int | None = None) -> int:
    """Takes the weights of one checkpoint, by default the newest that is whole.

    Raises:
      UsageError: No such checkpoint, or it is damaged.
    """
    steps = self.steps()
    if not steps:
      raise UsageError(f'--model_dir={self._run.path}: no checkpoint there yet')
    if step is None:
      self.step = self._checkpoints.restore_latest(self._root)
      return self.step
    if step not in steps:
      raise UsageError(f'--step={step}: no such checkpoint; there are {_ranges(steps)}')
    try:
      self._checkpoints.read(step, self._root)
    except UNREADABLE as error:
      raise DamagedCheckpoint(
        f'{self._checkpoints.prefix(step)}: damaged ({first_line(error)})'
      ) from None
    self.step = step
    return step

  def images(self, indices: Sequence[int], seed: int) -> np.ndarray:
    """uint8 [len(indices), H, W, C]; image i depends on the checkpoint and (seed, i) alone."""
    inputs = self._game.inputs(indices, seed)
    return images.to_uint8(self._generate(self._generator, inputs)).numpy()

  def batches(self, count: int, seed: int, *, batch_size: int) -> Iterator[np.ndarray]:
    """Images 0 to count - 1, in batches. One batch size means one compilation."""
    for first in range(0, count, batch_size):
      pictures = self.images(range(first, first + batch_size), seed)
      yield pictures[: count - first]

  def export(self, path: str) -> str:
    """Writes the generator as a SavedModel, which TensorFlow alone can load and sample:

        loaded = tf.saved_model.load(path)
        pictures = loaded.generate(16, 0)   # count, seed -> uint8 [16, H, W, C]

    The images are those of `images(range(count), seed)`. `loaded(inputs)` maps chosen inputs to
    float32 images in [-1, 1].
    """
    game, generator = self._game, self._generator
    scalar = tf.TensorSpec([], tf.int32)
    some_input = game.inputs([0], 0)
    module = tf.Module()
    module.generator = generator
    module.generate = tf.function(
      lambda count, seed: images.to_uint8(
        game.generate(generator, game.inputs(tf.range(count), seed))
      ),
      input_signature=[scalar, scalar],
      autograph=False,
    )
    module.__call__ = tf.function(
      lambda inputs: game.generate(generator, inputs),
      autograph=False,
      input_signature=[tf.TensorSpec([None, *some_input.shape[1:]], some_input.dtype)],
    )
    with writing(path):
      tf.saved_model.save(module, path)
    return path


def _ranges(steps: Sequence[int]) -> str:
  return (
    ', '.join(map(str, steps))
    if len(steps) <= 8
    else (f'{len(steps)} from {steps[0]} to {steps[-1]}')
  )
