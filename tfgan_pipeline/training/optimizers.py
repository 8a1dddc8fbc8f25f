"""Optimisers: `--generator_optimizer=adam(2e-4, beta_1=0.5)`.

Components return a tf_keras optimiser. `TFGANOptimizer` makes one acceptable to
`tfgan.gan_train_ops`, which wants the TensorFlow 1 interface.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.replicas.collectives import assign, total


@registry.optimizer
def adam(
  *,
  learning_rate: float = 2e-4,
  beta_1: float = 0.9,
  beta_2: float = 0.999,
  epsilon: float = 1e-7,
  schedule: str = '',
) -> keras.optimizers.Optimizer:
  """Kingma and Ba 2015, arXiv:1412.6980."""
  require('', at_least=0, below=1, beta_1=beta_1, beta_2=beta_2)
  require('', at_least=0, epsilon=epsilon)
  return keras.optimizers.Adam(
    _rate(learning_rate, schedule), beta_1, beta_2, epsilon, jit_compile=False
  )


@registry.optimizer
def rmsprop(
  *,
  learning_rate: float = 5e-5,
  rho: float = 0.9,
  momentum: float = 0.0,
  epsilon: float = 1e-7,
  schedule: str = '',
) -> keras.optimizers.Optimizer:
  """Tieleman and Hinton 2012, as in the Wasserstein GAN paper."""
  require('', at_least=0, below=1, rho=rho, momentum=momentum)
  require('', at_least=0, epsilon=epsilon)
  return keras.optimizers.RMSprop(
    _rate(learning_rate, schedule), rho, momentum, epsilon, jit_compile=False
  )


@registry.optimizer
def sgd(
  *,
  learning_rate: float = 0.01,
  momentum: float = 0.0,
  nesterov: bool = False,
  schedule: str = '',
) -> keras.optimizers.Optimizer:
  """Stochastic gradient descent, optionally with momentum."""
  require('', at_least=0, below=1, momentum=momentum)
  return keras.optimizers.SGD(_rate(learning_rate, schedule), momentum, nesterov, jit_compile=False)


def _rate(
  learning_rate: float, schedule: str
) -> float | keras.optimizers.schedules.LearningRateSchedule:
  """The rate, or a Keras schedule that starts from it."""
  require('', at_least=0, learning_rate=learning_rate)
  return registry.schedule.build(schedule, learning_rate) if schedule else learning_rate


_Gradients = list[tuple[tf.Tensor, tf.Variable]]


class TFGANOptimizer:
  """A Keras optimiser as `tfgan.gan_train_ops` wants one.

  Args:
    optimizer: The Keras optimiser, or None to leave this player as it is: TF-GAN then builds its
      half of the update, nothing uses it, and TensorFlow drops it from the graph.
    parts: How many losses make one update: it is asked for the gradients of so many, adds them up,
      and applies the sum after the last.

  Attributes:
    gate: bool scalar, whether the update is made at all, or None for always.
    gradients: What has been added up so far on this replica.
    gradient_norm: float32 scalar after the last part: the norm of the gradient over all replicas.
  """

  def __init__(self, optimizer: keras.optimizers.Optimizer | None, parts: int = 1):
    self._optimizer = optimizer
    self._parts_left = parts
    self.gate: tf.Tensor | None = None
    self.gradients: list[tf.Tensor] = []
    self.gradient_norm: tf.Tensor | None = None

  def compute_gradients(
    self, loss: tf.Tensor, variables: Sequence[tf.Variable], **_: object
  ) -> _Gradients:
    scaled = self._optimizer
    if not isinstance(scaled, keras.mixed_precision.LossScaleOptimizer):
      scaled = None
    if scaled is not None:
      loss = scaled.get_scaled_loss(loss)
    gradients = tf.gradients(loss, variables, unconnected_gradients='zero')
    if self._optimizer is None:
      return list(zip(gradients, variables))
    if self.gradients:
      gradients = [before + now for before, now in zip(self.gradients, gradients)]
    self.gradients = gradients
    self._parts_left -= 1
    if not self._parts_left:
      # Losses are already divided by the number of replicas: their gradients add up.
      gradients = total(gradients)
      if scaled is not None:
        gradients = scaled.get_unscaled_gradients(gradients)
      self.gradient_norm = tf.linalg.global_norm(gradients)
    return list(zip(gradients, variables))

  def apply_gradients(self, gradients_and_variables: _Gradients, **_: object) -> tf.Operation:
    if self._optimizer is not None and not self._parts_left:
      gated = []
      if self.gate is not None:
        gated = [variable for _, variable in gradients_and_variables] + self._optimizer.variables
      before = [tf.identity(variable) for variable in gated]
      self._optimizer.apply_gradients(gradients_and_variables, skip_gradients_aggregation=True)
      # A conditional update would need one around what replicas do together, which they cannot.
      after = [tf.identity(variable) for variable in gated]
      assign(gated, [tf.where(self.gate, new, old) for new, old in zip(after, before)])
    return tf.no_op()  # tf.function runs assignments in program order by itself.
