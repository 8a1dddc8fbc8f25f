"""Replay pool, which shows older generated images to the discriminator: `--replay_pool=256`.

The history of images is that of Shrivastava et al. 2017 (arXiv:1612.07828), and the exchange with
the pool that of `tfgan.features.tensor_pool`. TF-GAN's pool keeps images in a queue on the host,
which neither a TPU nor a checkpoint has. This pool consists of variables of fixed shape, with equal
values on every replica, and takes the same place: `tfgan.gan_loss(tensor_pool_fn=...)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.replicas import collectives, randomness


class ReplayPool:
  """A pool of generated images with the inputs that they were generated from.

  Each new image is assigned a place of the pool at random, no two the same place. An empty place
  stores the image. A full place exchanges its image for the new one with probability 1/2, and the
  discriminator then sees the older image instead. A pool is called with the (inputs, images) of a
  step and returns those that the discriminator is to see.

  Args:
    size: Number of places; at least the images of a global batch, divided by --accumulate.
    examples: An input of the generator and an image, tensors [1, ...], whose shapes and dtypes are
      those of the entries; values do not matter.

  Attributes:
    variables: The variables of the pool, by name: which places are full, and their contents.
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
    """Returns the (inputs, images) that the discriminator is to see, and updates the pool.

    To be called in replica context and inside `randomness.scope`.

    Args:
      values: This replica's new inputs and images, nested tensors [n, ...].

    Returns:
      Tensors of the structure and shapes of `values`.
    """
    # All replicas make all exchanges, so that the pools stay equal; each returns its own rows.
    arrivals = [_gather_batch(value) for value in tf.nest.flatten(values)]  # [global batch, ...]
    batch = arrivals[0].shape[0]
    replica = tf.distribute.get_replica_context()
    share = batch // replica.num_replicas_in_sync
    first = replica.replica_id_in_sync_group * share
    # A random permutation gives each image a place of its own: int32 [global batch].
    places = tf.argsort(randomness.shared([self._size]), stable=True)[:batch]
    is_full = tf.gather(self.variables['full'], places)
    # TF-GAN's default of `pooling_probability` is 0.5, too.
    swap = is_full & (randomness.shared([batch]) < 0.5)
    is_stored = swap | ~is_full
    outputs, updates = [], []
    for variable, value in zip(list(self.variables.values())[1:], arrivals):
      variable = tf.identity(variable)
      residents = tf.gather(variable, places)
      own_rows = tf.range(share) + first
      outputs.append(tf.gather(_select_rows(swap, residents, value), own_rows))
      updates.append(
        tf.tensor_scatter_nd_update(
          variable, places[:, None], _select_rows(is_stored, value, residents)
        )
      )
    new_full = tf.tensor_scatter_nd_update(
      self.variables['full'], places[:, None], tf.ones([batch], tf.bool)
    )
    collectives.assign(list(self.variables.values()), [new_full, *updates])
    return tf.nest.pack_sequence_as(values, outputs)


def _gather_batch(value: tf.Tensor) -> tf.Tensor:
  """Returns the rows of all replicas [replicas * n, ...] of `value` [n, ...], without gradient."""
  value = tf.stop_gradient(value)
  replica = tf.distribute.get_replica_context()
  if replica.num_replicas_in_sync == 1:
    return value
  size = value.shape[0] * replica.num_replicas_in_sync
  # A gathering between workers loses the static size.
  return tf.ensure_shape(replica.all_gather(value, axis=0), [size, *value.shape[1:]])


def _select_rows(condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
  """Returns row i of `yes` if condition[i] is true, else row i of `no`."""
  return tf.where(tf.reshape(condition, [-1] + [1] * (yes.shape.rank - 1)), yes, no)
