"""Exponential moving average of a network's weights, kept as a second Keras model.

As a separate model, the average is saved in each checkpoint under its own name, and evaluation
restores it like any other network.
"""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas.collectives import assign


def start(average: keras.Model, model: keras.Model) -> None:
  """Copies all variables of `model` to `average`; to be called outside replica context."""
  for target, source in zip(average.variables, model.variables):
    target.assign(source)


def update(average: keras.Model, model: keras.Model, *, decay: float, step: tf.Tensor) -> None:
  """Moves a weight average one step towards the trained weights; to be called in replica context.

  Trained variables follow `average += (1 - d) * (model - average)`. Variables that are not trained,
  such as batch-norm statistics, are copied.

  Args:
    average: The averaged network, which is changed.
    model: The trained network.
    decay: Upper limit of the decay d. Early in a run d is (1 + step) / (10 + step), as in
      `tf.train.ExponentialMovingAverage`, so that the initial weights are soon forgotten.
    step: int64 scalar, number of updates made before this one.
  """
  step = tf.cast(step, tf.float32)
  rate = 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))
  new_values = [
    target + rate * (source - target)
    for target, source in zip(average.trainable_variables, model.trainable_variables)
  ]
  assign(average.trainable_variables, new_values)
  assign(
    average.non_trainable_variables,
    [tf.identity(variable) for variable in model.non_trainable_variables],
  )
