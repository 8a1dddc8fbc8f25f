"""Optimisers: `--generator_optimizer=adam(2e-4, beta_1=0.5)`.

Components return a tf_keras optimiser. `TFGANOptimizer` adapts it to `tfgan.gan_train_ops`, which
expects the optimiser interface of TensorFlow 1.
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
  learning_rate: float = 2e-4,  # DCGAN's (Radford et al. 2016, arXiv:1511.06434).
  beta_1: float = 0.9,  # The two decays are those of the Adam paper.
  beta_2: float = 0.999,
  epsilon: float = 1e-7,  # Keras's default.
  schedule: str = '',
) -> keras.optimizers.Optimizer:
  """Adam: gradient descent with adaptive step sizes (Kingma and Ba 2015, arXiv:1412.6980).

  Args:
    learning_rate: Step size, at the start if there is a schedule.
    beta_1: Decay of the moving average of gradients, per update.
    beta_2: Decay of the moving average of squared gradients, per update.
    epsilon: Added to the root of the squared gradients' average.
    schedule: Call string of a component of training/schedules.py, such as 'linear(steps=10000)';
      '' keeps the learning rate constant.

  Raises:
    UsageError: A number is out of range.
  """
  require('', at_least=0, below=1, beta_1=beta_1, beta_2=beta_2)
  require('', at_least=0, epsilon=epsilon)
  return keras.optimizers.Adam(
    _rate(learning_rate, schedule), beta_1, beta_2, epsilon, jit_compile=False
  )


@registry.optimizer
def rmsprop(
  *,
  learning_rate: float = 5e-5,  # Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1.
  rho: float = 0.9,  # Keras's default, as are the next two.
  momentum: float = 0.0,
  epsilon: float = 1e-7,
  schedule: str = '',
) -> keras.optimizers.Optimizer:
  """RMSprop (Tieleman and Hinton 2012), the optimiser of the Wasserstein GAN paper.

  Args:
    learning_rate: Step size, at the start if there is a schedule.
    rho: Decay of the moving average of squared gradients, per update.
    momentum: Share of the last update that is added to the next one.
    epsilon: Added to the squared gradients' average.
    schedule: Call string of a component of training/schedules.py, such as 'linear(steps=10000)';
      '' keeps the learning rate constant.

  Raises:
    UsageError: A number is out of range.
  """
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
  """Stochastic gradient descent, optionally with momentum or Nesterov momentum.

  Args:
    learning_rate: Step size, at the start if there is a schedule.
    momentum: Share of the last update that is added to the next one.
    nesterov: Whether momentum is Nesterov's.
    schedule: Call string of a component of training/schedules.py, such as 'linear(steps=10000)';
      '' keeps the learning rate constant.

  Raises:
    UsageError: A number is out of range.
  """
  require('', at_least=0, below=1, momentum=momentum)
  return keras.optimizers.SGD(_rate(learning_rate, schedule), momentum, nesterov, jit_compile=False)


def _rate(
  learning_rate: float, schedule: str
) -> float | keras.optimizers.schedules.LearningRateSchedule:
  """Returns the learning rate or, if `schedule` names one, a Keras schedule based on it."""
  require('', at_least=0, learning_rate=learning_rate)
  return registry.schedule.build(schedule, learning_rate) if schedule else learning_rate


_Gradients = list[tuple[tf.Tensor, tf.Variable]]


class TFGANOptimizer:
  """Adapter of a Keras optimiser to the interface that `tfgan.gan_train_ops` expects.

  Args:
    optimizer: The Keras optimiser, or None to leave this player as it is: TF-GAN then builds the
      player's half of the update, nothing uses it, and TensorFlow drops it from the graph.
    parts: Number of parts in which --accumulate treats a batch, one after the other. Each has a
      loss; the gradients are added up, and the sum is applied after the last part.

  Attributes:
    gate: bool scalar, whether the update is made; None if it is always made.
    gradients: The sums of gradients so far on this replica.
    gradient_norm: float32 scalar, the norm of the gradient summed over replicas; None before the
      last part.
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
    """Returns (gradient, variable) pairs, gradients of earlier parts of the batch added.

    After the last part the gradients are summed over replicas and freed of the loss scale.

    Args:
      loss: The loss of one part, divided by the numbers of replicas and parts.
      variables: The trained variables of the player.
    """
    loss_scaler = self._optimizer
    if not isinstance(loss_scaler, keras.mixed_precision.LossScaleOptimizer):
      loss_scaler = None
    if loss_scaler is not None:
      loss = loss_scaler.get_scaled_loss(loss)
    gradients = tf.gradients(loss, variables, unconnected_gradients='zero')
    if self._optimizer is None:
      return list(zip(gradients, variables))
    if self.gradients:
      gradients = [earlier + gradient for earlier, gradient in zip(self.gradients, gradients)]
    self.gradients = gradients
    self._parts_left -= 1
    if not self._parts_left:
      # Losses are already divided by the number of replicas, so the sum is the batch's gradient.
      gradients = total(gradients)
      if loss_scaler is not None:
        gradients = loss_scaler.get_unscaled_gradients(gradients)
      self.gradient_norm = tf.linalg.global_norm(gradients)
    return list(zip(gradients, variables))

  def apply_gradients(self, gradients_and_variables: _Gradients, **_: object) -> tf.Operation:
    """Updates the variables after the last part, unless `gate` is false; does nothing before."""
    if self._optimizer is not None and not self._parts_left:
      variables = []
      if self.gate is not None:
        variables = [
          variable for _, variable in gradients_and_variables
        ] + self._optimizer.variables
      old_values = [tf.identity(variable) for variable in variables]
      self._optimizer.apply_gradients(gradients_and_variables, skip_gradients_aggregation=True)
      # A closed gate undoes the update: tf.cond cannot contain operations across replicas.
      new_values = [tf.identity(variable) for variable in variables]
      assign(variables, [tf.where(self.gate, new, old) for new, old in zip(new_values, old_values)])
    return tf.no_op()  # tf.function runs assignments in program order by itself.
