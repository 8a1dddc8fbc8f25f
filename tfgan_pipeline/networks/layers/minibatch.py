"""Layers that let a discriminator compare the images of a batch, on any number of replicas.

The standard deviation is that of groups of neighbours, which lie within one replica; the
discrimination is against the global batch, gathered from all replicas. With `--accumulate`, which
treats a batch in equal parts one after the other, both see the images of one part.
"""

from __future__ import annotations

import math

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.spec import Networks, NetworkSpec

layers = keras.layers


def minibatch_layers(name: str, spec: NetworkSpec, role: str) -> list[layers.Layer]:
  """Returns the layers that compare images, to insert before a network's last layer.

  Only the discriminator gets such a layer; for other roles the list is empty.

  Args:
    name: '' for none, 'std' or 'discrimination'.
    spec: Networks to build.
    role: Name of the network that reads images, such as 'discriminator'.

  Raises:
    UsageError: `name` is another word, or the game has no discriminator.
  """
  choices = {'': [], 'std': [MinibatchStdDev], 'discrimination': [MinibatchDiscrimination]}
  if name not in choices:
    raise UsageError(f"--networks: minibatch={name!r} should be '', std or discrimination")
  if name and 'discriminator' not in spec.outputs:
    raise UsageError(f'--networks: minibatch={name} needs a discriminator, which --model has not')
  return [make() for make in choices[name]] if role == 'discriminator' else []


def require_groups(networks: Networks, batch: int) -> None:
  """Raises UsageError if the groups of some MinibatchStdDev layer do not divide the batch.

  Args:
    networks: Models by role.
    batch: Images that a replica reads at a time: batch size / replicas / --accumulate.
  """
  for network in networks.values():
    for layer in network._flatten_layers():
      if isinstance(layer, MinibatchStdDev):
        layer.require_groups(batch)


class MinibatchStdDev(layers.Layer):
  """Appends the standard deviation within groups of images as a channel (Karras et al. 2018).

  Maps [n, H, W, C] get one more channel (features [n, C] one more column): the standard deviation
  of each place and channel within the group, averaged over both (section 3 of arXiv:1710.10196).
  The authors' code strides its groups through the batch; here `group` neighbours make one, so that
  no group is spread over replicas and their number does not change which images meet.

  Args:
    group: Images in a group. Inference takes batches of any size, with groups of the greatest
      common divisor of `group` and the size.

  Raises:
    UsageError: `group` is below 2 or, when called in training, does not divide the batch.
  """

  def __init__(self, group: int = 4, **kwargs):
    super().__init__(**kwargs)
    if group < 2:
      raise UsageError(f'--networks: group={group} should be at least 2')
    self.group = group

  def call(self, inputs, training=None):
    batch, group = inputs.shape[0], self.group
    if batch is not None:
      if training:
        self.require_groups(batch)
      group = math.gcd(group, batch)
    # [n / group, group, H, W, C]
    groups = tf.reshape(tf.cast(inputs, tf.float32), [-1, group, *inputs.shape[1:]])
    variance = tf.math.reduce_variance(groups, axis=1)
    axes = range(1, inputs.shape.rank)
    # 1e-8 as in the authors' code: the gradient of the root is infinite at zero.
    spread = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=axes, keepdims=True)
    channel = tf.repeat(tf.cast(spread, inputs.dtype), group, axis=0)  # [n, 1, 1, 1]
    channel *= tf.ones_like(inputs[..., :1])
    return tf.concat([inputs, channel], axis=-1)

  def require_groups(self, batch: int) -> None:
    """Raises UsageError if groups do not divide `batch`, the images read at a time."""
    if batch % self.group:
      raise UsageError(
        f'--networks: minibatch standard deviation of groups of {self.group} needs '
        f'batches (per replica and accumulated part) that they divide, not {batch}'
      )

  def get_config(self):
    return {**super().get_config(), 'group': self.group}


class MinibatchDiscrimination(layers.Layer):
  """Appends the nearness of each image to the others of its batch (Salimans et al. 2016).

  Features [n, A] get `kernels` more columns: the sum over all other images of exp(-L1 distance)
  between `dims` linear functions of the features (section 3.2 of arXiv:1606.03498). In training the
  other images are gathered from all replicas; in inference they are those of the call.

  Args:
    kernels: Columns to add.
    dims: Linear functions per column.
  """

  def __init__(self, kernels: int = 16, dims: int = 5, **kwargs):
    super().__init__(**kwargs)
    for name, value in (('kernels', kernels), ('dims', dims)):
      if value < 1:
        raise UsageError(f'--networks: {name}={value} should be at least 1')
    self.kernels = kernels
    self.dims = dims

  def build(self, input_shape):
    self.kernel = self.add_weight(
      name='kernel',
      shape=[input_shape[-1], self.kernels * self.dims],
      initializer=keras.initializers.RandomNormal(stddev=0.05),  # As in the authors' code.
    )
    super().build(input_shape)

  def call(self, inputs, training=None):
    rows = tf.matmul(tf.cast(inputs, self.kernel.dtype), self.kernel)
    rows = tf.reshape(tf.cast(rows, tf.float32), [-1, self.kernels, self.dims])
    all_rows = rows  # [global n, kernels, dims]
    replica = tf.distribute.get_replica_context()
    if training and replica is not None and replica.num_replicas_in_sync > 1:
      all_rows = replica.all_gather(rows, axis=0)
    # [n, global n, kernels]
    distances = tf.reduce_sum(tf.abs(rows[:, tf.newaxis] - all_rows[tf.newaxis]), axis=3)
    nearness = tf.reduce_sum(tf.exp(-distances), axis=1) - 1.0  # Less exp(0) for itself.
    return tf.concat([inputs, tf.cast(nearness, inputs.dtype)], axis=1)

  def get_config(self):
    return {**super().get_config(), 'kernels': self.kernels, 'dims': self.dims}
