"""Networks as extractors: built once, checked, and spread over the replicas of a strategy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfgan_pipeline.compat import seeded, tf
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext

# Images per replica and call: one number for any number of replicas keeps the arithmetic the same.
_REPLICA_BATCH = 64

# uint8 [n, H, W, C] -> (pool [n, ...], logits [n, ...] or None), as graph code.
Forward = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor | None]]


def network_extractor(
  context: ExtractorContext,
  where: str,
  name: str,
  fingerprint: str,
  build: Callable[[], Forward],
  details: Mapping[str, Any] | None = None,
) -> Extractor:
  """Returns an extractor that runs a network on every replica of the context's strategy.

  Args:
    context: Context that the registered function was called with.
    where: Start of error messages, such as '--extractor=saved_model: path=/tmp/net'.
    name: Name of the extractor.
    fingerprint: Digest of weights and preprocessing.
    build: Makes or loads the network, a function of uint8 [n, H, W, C] to (features [n, ...],
      logits [n, ...] or None) as graph code; called once, in the strategy's scope.
    details: Facts for the record of scores.

  Raises:
    UsageError: The network does not take these images, or does not give one row of floats for each.
  """
  strategy = context.strategy or tf.distribute.get_strategy()
  replicas = strategy.num_replicas_in_sync
  # Layers draw initial weights even where others replace these at once.
  with seeded(0), tf.init_scope(), strategy.scope():
    forward = build()

  def per_replica(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return tuple(
      _matrix(output, images.shape[0]) for output in forward(images) if output is not None
    )

  try:  # A bad network fails now, with one line, rather than at the first batch.
    tf.function(per_replica, autograph=False).get_concrete_function(
      tf.TensorSpec([_REPLICA_BATCH, *context.dataset.image_shape], tf.uint8)
    )
  except (ValueError, TypeError, LookupError, tf.errors.OpError) as error:
    raise UsageError(
      f'{where}: images {tuple(context.dataset.image_shape)} do not pass ({first_line(error)})'
    ) from None

  @tf.function(autograph=False)
  def run(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return strategy.run(per_replica, (images,))

  def extract(images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    shares = np.split(images, replicas)
    outputs = run(
      strategy.experimental_distribute_values_from_function(
        lambda replica: tf.constant(shares[replica.replica_id_in_sync_group])
      )
    )
    pool, *logits = (
      np.concatenate([part.numpy() for part in strategy.experimental_local_results(output)])
      for output in outputs
    )
    return pool, logits[0] if logits else None

  return Extractor(
    name,
    fingerprint,
    extract,
    details or {},
    _REPLICA_BATCH * replicas,
    differentiable=lambda images: per_replica(images)[0],
  )


def _matrix(output: tf.Tensor, count: int) -> tf.Tensor:
  """Returns a network's output for `count` images, such as [n, 1, 1, D] float16, as [n, D]."""
  output = tf.convert_to_tensor(output)
  if not output.dtype.is_floating or output.shape.rank == 0:
    raise UsageError(f'an output is {output.dtype.name} {output.shape}, not rows of floats')
  if output.shape[0] not in (None, count):
    raise UsageError(f'{count} images gave {output.shape[0]} rows')
  return tf.cast(tf.reshape(output, [count, -1]), tf.float32)
