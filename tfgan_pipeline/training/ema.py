"""Moving averages of a network's weights, kept as further Keras models.

As a separate model, an average is saved in each checkpoint under its own name, and evaluation
restores it like any other network.
"""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.models import power_averages
from tfgan_pipeline.replicas.collectives import assign


def start(average: keras.Model, model: keras.Model) -> None:
  """Copies all variables of `model` to `average`; to be called outside replica context."""
  for target, source in zip(average.variables, model.variables):
    target.assign(source)


def rates(experiment: Experiment, step: tf.Tensor) -> list[tf.Tensor]:
  """Returns the rates, float32 scalars, of a run's averages, of which --ema=posthoc has two.

  Args:
    experiment: The run's choices.
    step: int64 scalar, number of updates made before this one.
  """
  if experiment.ema == 'posthoc':
    return [power_rate(length, step) for length in power_averages.STORED]
  return [exponential_rate(experiment.ema_decay, step)]


def exponential_rate(decay: float, step: tf.Tensor) -> tf.Tensor:
  """Returns the rate 1 - d of an exponential average, a float32 scalar.

  Args:
    decay: Upper limit of the decay d. Early in a run d is (1 + step) / (10 + step), as in
      `tf.train.ExponentialMovingAverage`, so that the initial weights are soon forgotten.
    step: int64 scalar, number of updates made before this one.
  """
  step = tf.cast(step, tf.float32)
  return 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))


def power_rate(length: float, step: tf.Tensor) -> tf.Tensor:
  """Returns the rate of a power-function average of a length, a float32 scalar.

  It is 1 - (1 - 1 / t)^(gamma + 1) at update t, equation 2 of arXiv:2312.02696: the first update
  forgets the initial weights.

  Args:
    length: Length of the average, see power_averages.py.
    step: int64 scalar, number of updates made before this one.
  """
  updates = tf.cast(step, tf.float32) + 1.0
  # Not 1 minus a power close to 1, which would round: expm1 of the power's logarithm.
  return -tf.math.expm1((power_averages.gamma(length) + 1) * tf.math.log1p(-1.0 / updates))


def update(average: keras.Model, model: keras.Model, rate: tf.Tensor) -> None:
  """Moves a weight average one step towards the trained weights; to be called in replica context.

  Trained variables follow `average += rate * (model - average)`. Variables that are not trained,
  such as batch-norm statistics, are copied.

  Args:
    average: The averaged network, which is changed.
    model: The trained network.
    rate: float32 scalar between 0 and 1.
  """
  new_values = [
    target + rate * (source - target)
    for target, source in zip(average.trainable_variables, model.trainable_variables)
  ]
  assign(average.trainable_variables, new_values)
  assign(
    average.non_trainable_variables,
    [tf.identity(variable) for variable in model.non_trainable_variables],
  )
