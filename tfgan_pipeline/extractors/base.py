"""Extractors, which turn images into the features that metrics compare.

    @registry.extractor
    def my_extractor(context: ExtractorContext, *, width: int = 64) -> Extractor: ...

An extractor's name stands in the name of every score made with it, `fid[classifier:mnist]`, and its
fingerprint in the record: scores of different fingerprints are different measurements. For a
network use on_replicas.network_extractor, which spreads it over replicas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
import contextlib
import dataclasses
from typing import Any

import numpy as np

from tfgan_pipeline.compat import op_determinism, tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.images.checks import axes_problem
from tfgan_pipeline.metrics.stored_rows import StoredRows


@dataclasses.dataclass(frozen=True)
class ExtractorContext:
  """Arguments that the pipeline passes to every extractor component.

  Attributes:
    dataset: Data of the run that is scored.
    cache_dir: Folder for results that are slow to compute.
    strategy: Strategy whose replicas share the work; None takes all GPUs there are.
  """

  dataset: Dataset
  cache_dir: str
  strategy: tf.distribute.Strategy | None = None

  def require_medium(self, extractor: str, medium: type[Medium], told: str) -> None:
    """Raises UsageError unless the field 'image' holds samples of a medium.

    Args:
      extractor: Name of the extractor that asks.
      medium: Class of the medium.
      told: What the dataset should hold, for the message.
    """
    field = self.dataset.fields.get('image')
    if field is None or not isinstance(field.medium, medium):
      raise UsageError(f'--extractor={extractor}: dataset {self.dataset.name} should hold {told}')


@dataclasses.dataclass(frozen=True)
class Extractor:
  """Fixed function of images, with its identity.

  Attributes:
    name: Name for people, such as 'classifier:mnist'.
    fingerprint: Hexadecimal digest of everything that determines the output of `function`.
    function: uint8 [batch_size, H, W, C] -> (pool float32 [batch_size, D], logits float32
      [batch_size, K] or None), each row a function of its own image.
    details: Facts for the record of scores, such as a classifier's accuracy.
    batch_size: Number of images that `function` is always called with.
    continuous: Whether `function` also takes float32 images in [0, 255], and does not round them.
    differentiable: The features as graph code, float32 images [n, H, W, C] in [0, 255] to float32
      [n, D] with gradients, for losses that compare features; None for an extractor without.
  """

  name: str
  fingerprint: str
  function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
  details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  batch_size: int = 256
  continuous: bool = True
  differentiable: Callable[[tf.Tensor], tf.Tensor] | None = None

  @property
  def facts(self) -> dict[str, Any]:
    """Name, fingerprint and details, for the definitions of scores."""
    return {'name': self.name, 'fingerprint': self.fingerprint, **self.details}

  def features(self, batches: Iterable[np.ndarray]) -> Features:
    """Returns the features of uint8 [n, H, W, C] batches, rows in the order of the images.

    The sizes of the batches change nothing, to the last bit: images are regrouped first. Features
    beyond 128 MiB are an np.memmap of a temporary file, see metrics/stored_rows.py.

    Raises:
      UsageError: A batch has another dtype or order of axes.
    """
    pool, logits = StoredRows(), None
    for images in regroup(map(_checked, batches), self.batch_size):
      rows, scores = self._rows(images)
      pool.append(rows)
      if scores is not None:
        logits = logits or StoredRows()
        logits.append(scores)
    return Features(pool.matrix(), logits.matrix() if logits else None)

  def of_floats(self, images: np.ndarray) -> np.ndarray:
    """Returns pool features [n, D] of float32 [n, H, W, C] in [0, 255], for n up to `batch_size`.

    Raises:
      UsageError: The extractor rounds images.
    """
    if not self.continuous:
      raise UsageError(f'{self.name} rounds images to uint8, so small changes are lost')
    return self._rows(images)[0]

  def _rows(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    # One shape, compiled once: the last batch is padded, and rows of the padding are dropped.
    count = len(images)
    blank = np.zeros((self.batch_size - count, *images.shape[1:]), images.dtype)
    with full_precision():
      pool, logits = self.function(np.concatenate([images, blank]))
    return pool[:count], None if logits is None else logits[:count]


def _checked(images: np.ndarray) -> np.ndarray:
  """Returns the images; raises UsageError unless they are uint8 [n, H, W, C]."""
  problem = axes_problem(images.dtype, images.shape)
  if problem or images.ndim != 4:
    raise UsageError(problem or f'should be images [n, H, W, C], and is {list(images.shape)}')
  return images


def regroup(batches: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
  """Yields the images of `batches` in batches of `size`; the last one may have fewer."""
  pending: list[np.ndarray] = []
  missing = size
  for batch in batches:
    while len(batch):
      pending.append(batch[:missing])
      batch = batch[missing:]
      missing -= len(pending[-1])
      if not missing:
        yield np.concatenate(pending)
        pending, missing = [], size
  if pending:
    yield np.concatenate(pending)


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
  """Runs a block with exact float32 products and repeatable operations, and restores the settings.

  By default NVIDIA GPUs round the inputs of float32 products to 10 bits (TensorFloat-32) and TPUs
  to 7 (bfloat16). TensorFlow has one switch for both: with it off, XLA is told to multiply at the
  highest precision, for as long as the compiled function lives. Both settings belong to the process
  and not to the thread.
  """
  config = tf.config.experimental
  previous = config.tensor_float_32_execution_enabled()
  config.enable_tensor_float_32_execution(False)
  try:
    with op_determinism():
      yield
  finally:
    config.enable_tensor_float_32_execution(previous)
