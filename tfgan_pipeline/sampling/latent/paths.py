"""Samples along latent axes, and on the way from sample to sample.

pictures = traversal(sampler, seed=0, columns=8)              # a row for each axis
pictures = interpolation(sampler, seed=0, rows=4, columns=8)  # rows from sample r to r + 1
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.image_game import ImageGame
from tfgan_pipeline.models.latent_paths import along_arc, along_line
from tfgan_pipeline.sampling.sampler import GeneratorSampler

PATHS = {'slerp': along_arc, 'linear': along_line}


def image_game(sampler: GeneratorSampler) -> ImageGame:
  """Returns the game of a sampler; raises UsageError if it makes no images of noise."""
  if not isinstance(sampler.game, ImageGame):
    raise UsageError(f'the game of {sampler.restored.run.path} has no way from sample to sample')
  return sampler.game


def choose_path(sampler: GeneratorSampler, path: str) -> None:
  """Makes ways between samples those of --path: 'slerp', 'linear', or '' as the noise has them.

  Raises:
    UsageError: The path is none of these.
  """
  if not path:
    return
  if path not in PATHS:
    raise UsageError(f'--path={path}: should be one of {", ".join(PATHS)}')
  sampler.game.noise = dataclasses.replace(sampler.game.noise, between=PATHS[path])


def traversal(sampler: GeneratorSampler, seed: int, columns: int) -> np.ndarray:
  """Returns rows of samples, uint8 [rows * columns, H, W, C], each along a latent axis or code.

  Args:
    sampler: The sampler, restored.
    seed: Seed of all samples.
    columns: Number of steps along each axis.

  Raises:
    UsageError: The game has no latent axes, or the generator gives values that are not finite.
  """
  return sampler.of_inputs(image_game(sampler).traversal(seed, columns))


def interpolation(
  sampler: GeneratorSampler,
  seed: int,
  rows: int | None,
  columns: int,
  labels: Labels = (),
  numbers: Sequence[int] = (),
) -> np.ndarray:
  """Returns rows of samples, uint8 [rows * columns, H, W, C]; row r goes from sample r to r + 1.

  Both end points are part of a row.

  Args:
    sampler: The sampler, restored.
    seed: Seed of all samples.
    rows: Number of rows; None for one of each class chosen, or each way between `numbers`, else 8.
    columns: Number of samples in each row.
    labels: Classes that rows take in turn, by name or number; by default a row has the class of its
      first sample.
    numbers: Numbers of the samples to go between, two or more, in place of 0, 1, 2 and so on.

  Raises:
    UsageError: The game cannot interpolate, the generator does not know the classes, or gives
      values that are not finite.
  """
  classes = sampler.class_numbers(labels) if len(labels) else []
  parts = []
  for row in range(rows or max(len(numbers) - 1, 0) or len(classes) or 8):
    start, end = row, row + 1
    if numbers:
      start, end = (numbers[place % len(numbers)] for place in (row, row + 1))
    label = classes[row % len(classes)] if classes else None
    inputs = image_game(sampler).interpolation(start, seed, columns, label, end)
    parts.append(sampler.of_inputs(inputs))
  return np.concatenate(parts)
