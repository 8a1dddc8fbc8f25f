"""Latents in .npy files, and the samples that a generator makes of given latents."""

from __future__ import annotations

from collections.abc import Sequence
import io

import numpy as np

from tfgan_pipeline.compat import Inputs, tf
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.sampling.latent.features import latent_game
from tfgan_pipeline.sampling.sampler import GeneratorSampler


def read_latents(path: str, size: int, flag: str) -> np.ndarray:
  """Reads latents from an .npy file, float32 [n, size].

  Args:
    path: The file, with one latent [size] or several [n, size]; may be gs://.
    size: Length of a latent of the run.
    flag: Flag that named the file, for messages.

  Raises:
    UsageError: The file is not there, is no array of numbers, or has another shape.
  """
  if not files.exists(path) or files.is_folder(path):
    raise UsageError(f'{flag}={path}: there is no such file')
  try:
    array = np.load(io.BytesIO(files.read_bytes(path)), allow_pickle=False)
  except (ValueError, EOFError, OSError) as error:
    raise UsageError(f'{flag}={path}: is no .npy file ({first_line(error)})') from None
  if not isinstance(array, np.ndarray) or array.dtype.kind not in 'fiu':
    raise UsageError(f'{flag}={path}: holds no array of numbers')
  latents = array.astype(np.float32)
  latents = latents[np.newaxis] if latents.ndim == 1 else latents
  if latents.ndim != 2 or latents.shape[1] != size or not len(latents):
    raise UsageError(
      f'{flag}={path}: holds an array of {list(array.shape)}, and latents of this run are '
      f'[n, {size}]'
    )
  if not np.isfinite(latents).all():
    raise UsageError(f'{flag}={path}: holds numbers that are not finite')
  return latents


def write_latents(path: str, latents: np.ndarray) -> None:
  """Writes latents float32 [n, Z] as an .npy file; `path` may be gs://."""
  stream = io.BytesIO()
  np.save(stream, latents.astype(np.float32))
  atomic_files.write(path, stream.getvalue())


def inputs_of(sampler: GeneratorSampler, latents: np.ndarray, labels: Sequence[int]) -> Inputs:
  """Returns generator inputs for latents float [n, Z].

  Args:
    sampler: The sampler.
    latents: The latents.
    labels: Classes that they take in turn; empty for those of samples 0 to n - 1. Without effect
      on a generator that reads no class.

  Raises:
    UsageError: The generator reads no plain noise.
  """
  game = latent_game(sampler.restored, '--latents')
  noise = tf.constant(latents, tf.float32)
  own = game.labels(range(len(latents)))
  if own is None:
    return noise
  if not labels:
    return [noise, own]
  return [noise, tf.constant([labels[row % len(labels)] for row in range(len(latents))], tf.int32)]


def way_between(
  sampler: GeneratorSampler, start: np.ndarray, end: np.ndarray, columns: int
) -> np.ndarray:
  """Returns latents on the way from one to another, ends included, float32 [columns, Z]."""
  ends = (np.repeat(values[np.newaxis].astype(np.float64), columns, 0) for values in (start, end))
  return sampler.game.noise.between(*ends, np.linspace(0, 1, columns)).astype(np.float32)
