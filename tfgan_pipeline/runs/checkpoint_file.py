"""Variables in the files of one checkpoint, by their names on disk such as 'generator/kernel'."""

from __future__ import annotations

from collections.abc import Collection, Iterator
import contextlib
import os
import re
import tempfile
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.runs import checksums

SUFFIX = checksums.SUFFIX


@contextlib.contextmanager
def literal_path(prefix: str) -> Iterator[str]:
  """Yields a path to a checkpoint without *, ? and [...], which TensorFlow takes for patterns."""
  if '://' in prefix or not re.search(r'[][*?\\]', prefix):
    yield prefix
    return
  with tempfile.TemporaryDirectory() as folder:
    link = os.path.join(folder, 'checkpoints')
    os.symlink(os.path.abspath(os.path.dirname(prefix)), link)
    yield os.path.join(link, os.path.basename(prefix))


def shapes(prefix: str) -> dict[str, tuple[int, ...]]:
  """Returns the shape of each variable in the checkpoint at `prefix`."""
  with literal_path(prefix) as path:
    found = tf.train.load_checkpoint(path).get_variable_to_shape_map()
  return {
    key.removesuffix(SUFFIX): tuple(shape) for key, shape in found.items() if key.endswith(SUFFIX)
  }


def values(prefix: str, names: Collection[str]) -> dict[str, np.ndarray]:
  """Returns the values of variables in the checkpoint at `prefix`."""
  with literal_path(prefix) as path:
    reader = tf.train.load_checkpoint(path)
    return {name: reader.get_tensor(name + SUFFIX) for name in names}


def is_rate(name: str) -> bool:
  """Returns whether a variable is the learning rate of an optimiser."""
  return name.endswith(('/_learning_rate', '/_current_learning_rate'))


def require_all(status: Any, root: tf.train.Checkpoint, prefix: str) -> None:
  """Raises AssertionError unless all variables of `root` were read, apart from learning rates.

  A rate has another name where a schedule sets it, and may have got its schedule since.

  Args:
    status: What `root.read` returned.
    root: The objects that were read.
    prefix: Path of the checkpoint.
  """
  try:
    status.assert_existing_objects_matched()
  except AssertionError:
    missing = checksums.named_variables(root).keys() - shapes(prefix).keys()
    if not missing or not all(map(is_rate, missing)):
      raise
  status.expect_partial()
