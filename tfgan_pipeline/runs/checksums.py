"""Checksums of variables, equal if and only if every bit of the variables is equal.

    parts = of_variables(root)        # {'generator': '9f0c...', 'global_step': ...}
    parts == of_file(prefix)          # True if the file holds these values
    checksum = combined(parts)        # one value to compare two runs by

A part is an object that the checkpoint's root holds under one name, such as a network. A checksum
is 64 bits of BLAKE2b as 16 hexadecimal digits, fed with the name on disk, dtype, shape and bytes of
each variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import hashlib

import numpy as np

from tfgan_pipeline.compat import tf

SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'  # What tf.train.Checkpoint appends to each name.


def of_variables(root: tf.train.Checkpoint) -> dict[str, str]:
  """Returns the checksum of each part of `root`, by name, from the variables' current values."""
  variables = named_variables(root)
  return _hash_arrays((name, variable.numpy()) for name, variable in sorted(variables.items()))


def arrays(root: tf.train.Checkpoint) -> dict[str, np.ndarray]:
  """Returns copies of the variables below `root`, by name on disk."""
  return {name: variable.numpy() for name, variable in named_variables(root).items()}


def of_arrays(values: Mapping[str, np.ndarray]) -> dict[str, str]:
  """Returns the checksum of each part, by name, of values of variables by name on disk."""
  return _hash_arrays(sorted(values.items()))


def of_file(prefix: str) -> dict[str, str]:
  """Returns the checksum of each part of the checkpoint at `prefix`, by name, from its files."""
  reader = tf.train.load_checkpoint(prefix)
  keys = reader.get_variable_to_shape_map()
  names = sorted(key.removesuffix(SUFFIX) for key in keys if key.endswith(SUFFIX))
  return _hash_arrays((name, reader.get_tensor(name + SUFFIX)) for name in names)


def combined(parts: Mapping[str, str]) -> str:
  """Returns one checksum over the checksums of all parts."""
  return _hash_lines(f'{name} {parts[name]}'.encode() for name in sorted(parts))


def _hash_arrays(arrays: Iterable[tuple[str, np.ndarray]]) -> dict[str, str]:
  digests: dict[str, hashlib.blake2b] = {}
  for name, array in arrays:
    array = np.asarray(array)
    part = digests.setdefault(name.split('/')[0], _new_digest())
    part.update(f'{name} {array.dtype.name} {array.shape}\n'.encode())
    part.update(array.astype(array.dtype.newbyteorder('<'), copy=False).tobytes())
  return {name: digest.hexdigest() for name, digest in digests.items()}


def _hash_lines(chunks: Iterable[bytes]) -> str:
  digest = _new_digest()
  for chunk in chunks:
    digest.update(chunk + b'\n')
  return digest.hexdigest()


def _new_digest() -> hashlib.blake2b:
  return hashlib.blake2b(digest_size=8)


def shapes_of_variables(root: tf.train.Checkpoint) -> dict[str, tuple[int, ...]]:
  """Returns the shape of each variable of `root`, by its name on disk."""
  return {name: tuple(variable.shape) for name, variable in named_variables(root).items()}


def named_variables(root: tf.train.Checkpoint) -> dict[str, tf.Variable]:
  """Returns the variables below `root`, by the name on disk: the shortest path from the root."""
  view = tf.train.TrackableView(root)
  variables: dict[str, tf.Variable] = {}
  seen_ids, queue = {id(root)}, [('', root)]
  for path, item in queue:  # Breadth first: the queue grows while it is walked.
    if isinstance(item, tf.Variable):
      variables[path] = item
      continue
    for name, child in view.children(item).items():
      if id(child) not in seen_ids:
        seen_ids.add(id(child))
        # TensorFlow's escapes, which keep a slash in a name apart from the separators of a path.
        escaped = name.replace('.', '..').replace('/', '.S')
        queue.append((f'{path}/{escaped}' if path else escaped, child))
  return variables
