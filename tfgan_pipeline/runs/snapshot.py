"""Snapshots: copies of all variables, from which a checkpoint is written while training goes on.

snapshots = Snapshots(root)                # root: tf.train.Checkpoint
snapshot = snapshots.take()                # Copies; root may change from here on.
snapshot.write(prefix)                     # In any thread: the files that root.write would write.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
import functools

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.runs import checksums

_GRAPH = (
  '_CHECKPOINTABLE_OBJECT_GRAPH'  # What tf.train.Checkpoint names its description of objects.
)


class Snapshots:
  """Maker of snapshots of one root.

  TensorFlow alone knows how to describe the objects below a root, and does so in every checkpoint.
  The first snapshot is therefore written by the root itself, and its description is kept.

  Args:
    root: The objects to copy; which objects there are must not change.

  Attributes:
    is_ready: Whether the root may change before a snapshot is written; False before the first.
  """

  def __init__(self, root: tf.train.Checkpoint):
    self._root = root
    self._graph: bytes | None = None

  @property
  def is_ready(self) -> bool:
    return self._graph is not None

  def take(self) -> Snapshot:
    """Copies all variables to the host."""
    return Snapshot(self, checksums.arrays(self._root))

  def write(self, prefix: str, values: Mapping[str, np.ndarray]) -> None:
    """Writes a checkpoint at `prefix` of values by name on disk."""
    if self._graph is None:
      self._root.write(prefix)
      reader = tf.compat.v1.train.NewCheckpointReader(prefix)
      names = {name + checksums.SUFFIX for name in values} | {_GRAPH}
      if reader.get_variable_to_shape_map().keys() == names:  # Else there are other objects, too.
        self._graph = reader.get_tensor(_GRAPH)
      return
    _write(prefix, values, self._graph)


class Rewriter:
  """Writer of checkpoints that describe the objects of another, with other values.

  Args:
    prefix: Path of the other checkpoint.
  """

  def __init__(self, prefix: str):
    self._graph: bytes = tf.train.load_checkpoint(prefix).get_tensor(_GRAPH)

  def write(self, prefix: str, values: Mapping[str, np.ndarray]) -> None:
    """Writes a checkpoint at `prefix` of values by name on disk."""
    _write(prefix, values, self._graph)


def _write(prefix: str, values: Mapping[str, np.ndarray], graph: bytes) -> None:
  named = {name + checksums.SUFFIX: value for name, value in values.items()}
  named[_GRAPH] = np.array(graph, object)
  with tf.device('CPU'):
    tf.raw_ops.SaveV2(
      prefix=prefix,
      tensor_names=list(named),
      shape_and_slices=[''] * len(named),
      tensors=[tf.constant(value) for value in named.values()],
    )


class Snapshot:
  """Values of all variables at one step.

  Args:
    source: What writes them.
    values: Arrays by name on disk.
  """

  def __init__(self, source: Snapshots | Rewriter, values: Mapping[str, np.ndarray]):
    self._source = source
    self._values = values

  @functools.cached_property
  def checksums(self) -> dict[str, str]:
    """Checksum of each part, see checksums.py."""
    return checksums.of_arrays(self._values)

  def of(self, parts: Collection[str]) -> dict[str, np.ndarray]:
    """Returns the numbers of some parts, such as 'generator', by name on disk."""
    return {
      name: value
      for name, value in sorted(self._values.items())
      if name.split('/')[0] in parts and value.dtype.kind == 'f' and value.size
    }

  def write(self, prefix: str) -> None:
    """Writes the checkpoint at `prefix`."""
    self._source.write(prefix, self._values)
