"""Input pipeline of training: an endless, exactly resumable stream of batches.

    batches = train_batches(split, batch_size=64, seed=0, first_batch=step, augment='flip')
    batches = strategy.distribute_datasets_from_function(
        lambda context: train_batches(split, batch_size=64, seed=0, context=context))

Position p of the stream is example p % N of epoch p // N, and global batch b is positions
b * batch_size and following. Every random choice is keyed by the seed and the position, so what a
batch contains depends neither on where the stream was started nor on how many replicas and hosts
share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import functools
from types import MappingProxyType

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import random_keys
from tfgan_pipeline.data.reduction import reduce
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError

# The default of `augmented`: the field 'image', which has no twin.
_IMAGES = MappingProxyType({'image': 'image'})
_AUGMENTATION = 2  # Word that separates the keys of augmentation from those of shuffling.


def train_batches(
  split: Split,
  *,
  batch_size: int,
  seed: int,
  first_batch: int = 0,
  augment: str = '',
  augmented: Mapping[str, str] = _IMAGES,
  reduced: Mapping[str, str] = MappingProxyType({}),
  context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
  """Returns an endless dataset of shuffled, augmented training batches.

  Args:
    split: Split that the examples come from.
    batch_size: Examples per global batch, over all replicas.
    seed: Seed of the order and of the augmentations.
    first_batch: Global batch to start at; equal to skipping that many, at no cost for splits with
      random access.
    augment: Call strings of `registry.augmentation`, in order of application.
    augmented: Fields to augment -> field whose random changes they share, or themselves; see
      Fields.augmented.
    reduced: Fields that are made again, after augmentation, of a larger picture -> field of that
      picture; see Fields.reduced.
    context: Input context from `distribute_datasets_from_function`: this host then yields, in
      order, the contiguous slices of each global batch for its own replicas. None: one replica.

  Returns:
    A dataset of tensors [n, ...] by field, such as 'image' uint8 [n, H, W, C] and 'label' int32
    [n], of static shape, where n is `batch_size` divided by the number of replicas.

  Raises:
    UsageError: The batch does not divide among the replicas, or `augment` is invalid.
  """
  replicas = context.num_replicas_in_sync if context else 1
  local_replicas = replicas // (context.num_input_pipelines if context else 1)
  first_replica = local_replicas * (context.input_pipeline_id if context else 0)
  if batch_size < 1 or batch_size % replicas:
    raise UsageError(
      f'--batch_size={batch_size}: should be a positive multiple of {replicas}, '
      'the number of replicas'
    )
  size = batch_size // replicas
  augment_batch = _augmenter(augment, augmented, reduced, seed)
  first, last = size * first_replica, size * (first_replica + local_replicas)

  @tf.autograph.experimental.do_not_convert
  def local_slices(
    number: tf.Tensor, references: tf.Tensor | Mapping[str, tf.Tensor]
  ) -> tf.data.Dataset:
    # References are sliced before loading, so that a host decodes only what it trains on.
    positions = number * batch_size + tf.range(first, last, dtype=tf.int64)
    slices = tf.nest.map_structure(
      lambda values: tf.reshape(values[first:last], [-1, size, *values.shape[1:]]), references
    )
    return tf.data.Dataset.from_tensor_slices((tf.reshape(positions, [-1, size]), slices))

  @tf.autograph.experimental.do_not_convert
  def load(
    positions: tf.Tensor, references: tf.Tensor | Mapping[str, tf.Tensor]
  ) -> dict[str, tf.Tensor]:
    return augment_batch(split.load(references), positions)

  references = split.references(batch_size=batch_size, seed=seed, first_batch=first_batch)
  numbered = references.enumerate(first_batch)
  examples = numbered.flat_map(local_slices).map(
    load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
  )
  options = tf.data.Options()
  options.deterministic = True
  # Batches are computed in parallel; further threads within a batch would mostly wait.
  options.threading.max_intra_op_parallelism = 1
  # The slices are per replica already; sharding files on top of that would lose examples.
  options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
  # Without this, several workers would agree before every batch on whether all still have one.
  endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
  return examples.apply(endless).prefetch(tf.data.AUTOTUNE).with_options(options)


def _augmenter(
  augment: str, augmented: Mapping[str, str], reduced: Mapping[str, str], seed: int
) -> Callable[[dict[str, tf.Tensor], tf.Tensor], dict[str, tf.Tensor]]:
  """Returns a function (batch, positions int64 [n]) -> batch with its pictures augmented.

  The fields in `augmented` are uint8 [n, H, W, C] before and after.
  """
  steps = [
    functools.partial(registry.augmentation.function(call.name), **call.arguments)
    for call in registry.augmentation.parse_all(augment)
  ]
  # A group is a field and its twins, which share random keys. The keys of the first group have no
  # word for the group, as in versions that had a single group.
  leaders = dict.fromkeys(augmented.values())
  groups = {leader: [index] if index else [] for index, leader in enumerate(leaders)}

  def augment_batch(batch: dict[str, tf.Tensor], positions: tf.Tensor) -> dict[str, tf.Tensor]:
    changed = {
      name: augment_images(values, groups[augmented[name]], positions)
      if name in augmented
      else values
      for name, values in batch.items()
    }
    for name, origin in reduced.items() if steps else ():  # Stored ones fit stored pictures.
      changed[name] = reduce(changed[origin], batch[name].shape[1:3])
    return changed

  def augment_images(images: tf.Tensor, group: list[int], positions: tf.Tensor) -> tf.Tensor:
    pixels = images
    for index, step in enumerate(steps):
      pixels = step(pixels, random_keys(2, seed, _AUGMENTATION, index, *group, positions))
    if pixels.dtype != tf.uint8:
      pixels = tf.saturate_cast(tf.round(pixels), tf.uint8)
    return tf.ensure_shape(pixels, images.shape)

  return augment_batch
