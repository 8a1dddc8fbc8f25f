"""Old generated images for the discriminator: `--replay_pool=256` (Shrivastava et al. 2017).

TF-GAN's own pool keeps its images in a queue on the host, which neither a TPU nor a checkpoint has.
This one is made of variables of fixed shape that every replica holds alike, and goes where TF-GAN's
would: `tfgan.gan_loss(tensor_pool_fn=...)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.replicas import collectives, randomness


class ReplayPool:
  """A pool of generated images with the inputs that they were made from.

  Each new image meets another place of the pool, chosen at random. An empty place takes it. From a
  full one it gets, one time in two, the older image in exchange for itself, and the discriminator
  sees that one instead.

  Args:
    size: Places; at least the images of a global batch, or of a part of it.
    examples: An input of the generator and an image, tensors [1, ...].

  Attributes:
    variables: What it remembers, by name.
  """

  def __init__(self, size: int, examples: tuple[Inputs, tf.Tensor]):
    self._size = size

    def variable(shape: Sequence[int], dtype: tf.DType, name: str) -> tf.Variable:
      return tf.Variable(
        tf.zeros(shape, dtype),
        trainable=False,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        name=name,
      )

    self.variables = {'full': variable([size], tf.bool, 'full')}
    for index, example in enumerate(tf.nest.flatten(examples)):
      name = f'held_{index}'
      self.variables[name] = variable([size, *example.shape[1:]], example.dtype, name)

  def __call__(self, values: tuple[Inputs, tf.Tensor]) -> tuple[Inputs, tf.Tensor]:
    """Exchanges a replica's (inputs, images); structures and shapes stay. In a `scope`."""
    new = [_of_all_replicas(value) for value in tf.nest.flatten(values)]
    batch = new[0].shape[0]
    replica = tf.distribute.get_replica_context()
    share = batch // replica.num_replicas_in_sync
    first = replica.replica_id_in_sync_group * share
    places = tf.argsort(randomness.shared([self._size]), stable=True)[:batch]
    full = tf.gather(self.variables['full'], places)
    swap = full & (randomness.shared([batch]) < 0.5)
    enters = swap | ~full
    shown, updates = [], []
    for variable, value in zip(list(self.variables.values())[1:], new):
      variable = tf.identity(variable)
      old = tf.gather(variable, places)
      mine = tf.range(share) + first
      shown.append(tf.gather(_where(swap, old, value), mine))
      updates.append(
        tf.tensor_scatter_nd_update(variable, places[:, None], _where(enters, value, old))
      )
    filled = tf.tensor_scatter_nd_update(
      self.variables['full'], places[:, None], tf.ones([batch], tf.bool)
    )
    collectives.assign(list(self.variables.values()), [filled, *updates])
    return tf.nest.pack_sequence_as(values, shown)


def _of_all_replicas(value: tf.Tensor) -> tf.Tensor:
  value = tf.stop_gradient(value)
  replica = tf.distribute.get_replica_context()
  if replica.num_replicas_in_sync == 1:
    return value
  size = value.shape[0] * replica.num_replicas_in_sync
  # Between workers the size gets lost on the way.
  return tf.ensure_shape(replica.all_gather(value, axis=0), [size, *value.shape[1:]])


def _where(condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
  """Rows of one or the other."""
  return tf.where(tf.reshape(condition, [-1] + [1] * (yes.shape.rank - 1)), yes, no)
