"""How a learning rate changes: `--generator_optimizer=adam(2e-4, schedule=linear(steps=10000))`.

A component gets the optimiser's learning rate and returns a Keras schedule. Steps are the
optimiser's own updates; a discriminator may make several per step of the run.
"""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import require

_Schedule = keras.optimizers.schedules.LearningRateSchedule
_Shape = Callable[[tf.Tensor], tf.Tensor]  # The share of the way made -> that left.


@registry.schedule
def linear(rate: float, *, steps: int, start: int = 0, final: float = 0.0) -> _Schedule:
  """As it is until `start`, then down to `final` times the rate within `steps` (CycleGAN's)."""
  return _ramp(rate, steps, start, final, _straight)


@registry.schedule
def cosine(rate: float, *, steps: int, start: int = 0, final: float = 0.0) -> _Schedule:
  """As linear, along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983)."""
  return _ramp(rate, steps, start, final, _half_cosine)


@registry.schedule
def warmup(rate: float, *, steps: int) -> _Schedule:
  """Up from 0 to the rate within `steps`, and then as it is."""
  return _ramp(rate, steps, 0, 0.0, lambda way: way)


@registry.schedule
def exponential(
  rate: float, *, steps: int, factor: float = 0.5, staircase: bool = False
) -> _Schedule:
  """Times `factor` every `steps`, at once if it is a staircase, else bit by bit."""
  require('schedule', at_least=1, steps=steps)
  require('schedule', above=0, factor=factor)
  return keras.optimizers.schedules.ExponentialDecay(rate, steps, factor, staircase)


class _Ramp(_Schedule):
  """From the rate to `final` times it: `shape` maps the share of the way made to that left."""

  def __init__(self, rate: float, start: int, steps: int, final: float, shape: _Shape):
    self._rate, self._start, self._steps, self._final = rate, start, steps, final
    self._shape = shape

  def __call__(self, step: tf.Tensor) -> tf.Tensor:
    way = tf.clip_by_value((tf.cast(step, tf.float32) - self._start) / self._steps, 0.0, 1.0)
    return self._rate * (self._final + (1.0 - self._final) * self._shape(way))

  def get_config(self) -> dict[str, float]:
    return {'rate': self._rate, 'start': self._start, 'steps': self._steps, 'final': self._final}


def _straight(way: tf.Tensor) -> tf.Tensor:
  return 1.0 - way


def _half_cosine(way: tf.Tensor) -> tf.Tensor:
  return 0.5 * (1.0 + tf.cos(3.141592653589793 * way))


def _ramp(rate: float, steps: int, start: int, final: float, shape: _Shape) -> _Schedule:
  require('schedule', at_least=1, steps=steps)
  require('schedule', at_least=0, start=start, final=final)
  return _Ramp(rate, start, steps, final, shape)
