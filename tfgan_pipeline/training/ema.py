"""Exponential moving average of the generator, kept as a second Keras model.

Being a model of its own, it is saved in each checkpoint under a name of its own, and evaluation
restores it without knowing that an average is what it is.
"""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas.collectives import assign


def start(average: keras.Model, model: keras.Model) -> None:
  """Makes the average equal to the model. Outside of replicas."""
  for target, source in zip(average.variables, model.variables):
    target.assign(source)


def update(average: keras.Model, model: keras.Model, *, decay: float, step: tf.Tensor) -> None:
  """One update in replica context: `average += (1 - d) * (model - average)`.

  Args:
    average: Moves.
    model: Is followed; variables that are not trained, such as batch-norm statistics, are copied.
    decay: The final decay d. Early on it is (1 + step) / (10 + step), if less, as in
      `tf.train.ExponentialMovingAverage`, so that the initial weights are soon forgotten.
    step: int64 scalar, updates made before this one.
  """
  step = tf.cast(step, tf.float32)
  rate = 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))
  moved = [
    target + rate * (source - target)
    for target, source in zip(average.trainable_variables, model.trainable_variables)
  ]
  assign(average.trainable_variables, moved)
  assign(
    average.non_trainable_variables,
    [tf.identity(variable) for variable in model.non_trainable_variables],
  )
