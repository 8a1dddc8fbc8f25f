"""Layers that let a discriminator see images side by side, the same on any number of replicas.

The standard deviation is of groups of neighbours, which lie within one replica; the discrimination
is against the global batch, gathered from all replicas. With `--accumulate` both see the images of
a part.
"""

from __future__ import annotations

import math

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.spec import Networks, NetworkSpec

layers = keras.layers


def minibatch_layers(name: str, spec: NetworkSpec, role: str) -> list[layers.Layer]:
  """What to put before a reader's last layer; nothing if it is no discriminator.

  Args:
    name: '' for nothing, 'std' or 'discrimination'.
    spec: Tells whether there is a discriminator.
    role: Of the reader.

  Raises:
    UsageError: `name` is another word, or the game has no discriminator.
  """
  known = {'': [], 'std': [MinibatchStdDev], 'discrimination': [MinibatchDiscrimination]}
  if name not in known:
    raise UsageError(f"--networks: minibatch={name!r} should be '', std or discrimination")
  if name and 'discriminator' not in spec.outputs:
    raise UsageError(f'--networks: minibatch={name} needs a discriminator, which --model has not')
  return [make() for make in known[name]] if role == 'discriminator' else []


def require_groups(networks: Networks, batch: int) -> None:
  """Raises UsageError for a batch (of one replica and part) that groups do not divide."""
  for network in networks.values():
    for layer in network._flatten_layers():
      if isinstance(layer, MinibatchStdDev):
        layer.require_groups(batch)


class MinibatchStdDev(layers.Layer):
  """Appends a channel that tells how much a group of images differs (Karras et al. 2018).

  Maps [n, H, W, C] get one more channel (features [n, C] one more column): the standard deviation
  of each place and channel within the group, averaged over both. The paper (arXiv:1710.10196)
  strides its groups through the batch; here `group` neighbours make one, so that none is spread
  over replicas and their number does not change which images meet.

  Args:
    group: Images in a group. In inference, where any number may come, its largest part that
      divides their number.

  Raises:
    UsageError: In training, a replica's batch that groups do not divide.
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
    groups = tf.reshape(tf.cast(inputs, tf.float32), [-1, group, *inputs.shape[1:]])
    variance = tf.math.reduce_variance(groups, axis=1)
    inside = range(1, inputs.shape.rank)
    # The root's own gradient is infinite at zero.
    spread = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=inside, keepdims=True)
    channel = tf.repeat(tf.cast(spread, inputs.dtype), group, axis=0)
    channel *= tf.ones_like(inputs[..., :1])
    return tf.concat([inputs, channel], axis=-1)

  def require_groups(self, batch: int) -> None:
    """Raises UsageError for a batch to train on that groups do not divide."""
    if batch % self.group:
      raise UsageError(
        f'--networks: minibatch standard deviation of groups of {self.group} needs '
        f'batches (per replica and accumulated part) that they divide, not {batch}'
      )

  def get_config(self):
    return {**super().get_config(), 'group': self.group}


class MinibatchDiscrimination(layers.Layer):
  """Appends how near each image is to the others of its global batch (Salimans et al. 2016).

  Features [n, A] get `kernels` more columns: the sum over all other images of exp(-L1 distance)
  between `dims` linear functions of the features (arXiv:1606.03498). In training the other images
  are those of all replicas, gathered; in inference those given.

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
      initializer=keras.initializers.RandomNormal(stddev=0.05),
    )
    super().build(input_shape)

  def call(self, inputs, training=None):
    here = tf.matmul(tf.cast(inputs, self.kernel.dtype), self.kernel)
    here = tf.reshape(tf.cast(here, tf.float32), [-1, self.kernels, self.dims])
    everywhere = here
    replica = tf.distribute.get_replica_context()
    if training and replica is not None and replica.num_replicas_in_sync > 1:
      everywhere = replica.all_gather(here, axis=0)
    distances = tf.reduce_sum(tf.abs(here[:, tf.newaxis] - everywhere[tf.newaxis]), axis=3)
    nearness = tf.reduce_sum(tf.exp(-distances), axis=1) - 1.0  # Each is nearest to itself.
    return tf.concat([inputs, tf.cast(nearness, inputs.dtype)], axis=1)

  def get_config(self):
    return {**super().get_config(), 'kernels': self.kernels, 'dims': self.dims}
