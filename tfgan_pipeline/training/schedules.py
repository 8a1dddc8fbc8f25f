"""Learning rate schedules: `--generator_optimizer=adam(2e-4, schedule=linear(steps=10000))`.

A component gets the optimiser's learning rate and returns a Keras schedule. Steps are the
optimiser's own updates; a discriminator may make several per step of the run.
"""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import require

_Schedule = keras.optimizers.schedules.LearningRateSchedule
# Progress of a ramp, from 0 to 1 -> weight of the initial rate against the final one.
_Shape = Callable[[tf.Tensor], tf.Tensor]


@registry.schedule
def linear(rate: float, *, steps: int, start: int = 0, final: float = 0.0) -> _Schedule:
  """Constant until `start`, then linear decay to `final` times the rate within `steps`.

  CycleGAN's schedule (Zhu et al. 2017, arXiv:1703.10593).
  """
  return _ramp(rate, steps, start, final, _linear_decay)


@registry.schedule
def cosine(rate: float, *, steps: int, start: int = 0, final: float = 0.0) -> _Schedule:
  """Constant until `start`, then cosine decay to `final` times the rate within `steps`.

  One period of SGDR, without its restarts (Loshchilov and Hutter 2017, arXiv:1608.03983).
  """
  return _ramp(rate, steps, start, final, _cosine_decay)


@registry.schedule
def warmup(rate: float, *, steps: int) -> _Schedule:
  """Linear rise from 0 to the rate within `steps`, then constant."""
  # With the shape turned around, the "final" rate of 0 is that of the first step.
  return _ramp(rate, steps, 0, 0.0, lambda progress: progress)


@registry.schedule
def exponential(
  rate: float, *, steps: int, factor: float = 0.5, staircase: bool = False
) -> _Schedule:
  """Exponential decay by `factor` per `steps` steps, in jumps if `staircase`, else continuous."""
  require('schedule', at_least=1, steps=steps)
  require('schedule', above=0, factor=factor)
  return keras.optimizers.schedules.ExponentialDecay(rate, steps, factor, staircase)


class _Ramp(_Schedule):
  """Schedule from the rate at `start` to `final` times the rate, `steps` later, along `shape`."""

  def __init__(self, rate: float, start: int, steps: int, final: float, shape: _Shape):
    self._rate, self._start, self._steps, self._final = rate, start, steps, final
    self._shape = shape

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    progress = tf.clip_by_value((tf.cast(step, tf.float32) - self._start) / self._steps, 0.0, 1.0)
    return self._rate * (self._final + (1.0 - self._final) * self._shape(progress))

  def get_config(self) -> dict[str, float]:
    return {'rate': self._rate, 'start': self._start, 'steps': self._steps, 'final': self._final}


def _linear_decay(progress: tf.Tensor) -> tf.Tensor:
  """Returns the weight of the initial rate in a linear decay."""
  return 1.0 - progress


def _cosine_decay(progress: tf.Tensor) -> tf.Tensor:
  """Returns the weight of the initial rate in a cosine decay."""
  return 0.5 * (1.0 + tf.cos(3.141592653589793 * progress))


def _ramp(rate: float, steps: int, start: int, final: float, shape: _Shape) -> _Schedule:
  """Returns a ramp; raises UsageError if an argument is out of range."""
  require('schedule', at_least=1, steps=steps)
  require('schedule', at_least=0, start=start, final=final)
  return _Ramp(rate, start, steps, final, shape)
