"""Checksums of variables: equal where every bit is, whoever trained, restored or copied them.

    parts = of_variables(root)        # {'generator': '9f0c...', 'global_step': ...}
    parts == of_file(prefix)          # of what is on disk
    checksum = combined(parts)        # one value that two runs can be compared by

A part is what the checkpoint's root holds under one name. A checksum is 64 bits of BLAKE2b as 16
hexadecimal digits, fed with the name on disk, dtype, shape and bytes of each variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import hashlib

import numpy as np

from tfgan_pipeline.compat import tf

_SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'  # Of every variable in a checkpoint of tf.train.Checkpoint.


def of_variables(root: tf.train.Checkpoint) -> dict[str, str]:
  """Computes the checksum of each part of `root` from the values that its variables have now."""
  variables = _named_variables(root)
  return _of_arrays((name, variable.numpy()) for name, variable in sorted(variables.items()))


def of_file(prefix: str) -> dict[str, str]:
  """Computes the checksum of each part of the checkpoint at `prefix` from its files."""
  reader = tf.train.load_checkpoint(prefix)
  keys = reader.get_variable_to_shape_map()
  names = sorted(key.removesuffix(_SUFFIX) for key in keys if key.endswith(_SUFFIX))
  return _of_arrays((name, reader.get_tensor(name + _SUFFIX)) for name in names)


def combined(parts: Mapping[str, str]) -> str:
  """Returns one checksum over those of all parts."""
  return _hash(f'{name} {parts[name]}'.encode() for name in sorted(parts))


def _of_arrays(arrays: Iterable[tuple[str, np.ndarray]]) -> dict[str, str]:
  digests: dict[str, hashlib.blake2b] = {}
  for name, array in arrays:
    array = np.asarray(array)
    part = digests.setdefault(name.split('/')[0], _new_digest())
    part.update(f'{name} {array.dtype.name} {array.shape}\n'.encode())
    part.update(array.astype(array.dtype.newbyteorder('<'), copy=False).tobytes())
  return {name: digest.hexdigest() for name, digest in digests.items()}


def _hash(chunks: Iterable[bytes]) -> str:
  digest = _new_digest()
  for chunk in chunks:
    digest.update(chunk + b'\n')
  return digest.hexdigest()


def _new_digest() -> hashlib.blake2b:
  return hashlib.blake2b(digest_size=8)


def _named_variables(root: tf.train.Checkpoint) -> dict[str, tf.Variable]:
  """Finds the variables below `root`, each by the shortest path to it, as TensorFlow saves it."""
  view = tf.train.TrackableView(root)
  found: dict[str, tf.Variable] = {}
  seen, queue = {id(root)}, [('', root)]
  for path, item in queue:  # Breadth first: the queue grows while it is walked.
    if isinstance(item, tf.Variable):
      found[path] = item
      continue
    for name, child in view.children(item).items():
      if id(child) not in seen:
        seen.add(id(child))
        # Names are escaped as TensorFlow does, so that a slash in one cannot be taken for a path.
        escaped = name.replace('.', '..').replace('/', '.S')
        queue.append((f'{path}/{escaped}' if path else escaped, child))
  return found
