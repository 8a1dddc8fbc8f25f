"""Datasets of TFDS whose splits are two sides, as those of cycle_gan: trainA, trainB, testA, testB.

if has_two_domains(info.splits):
  dataset = two_domains(options, info.splits, arguments)    # fields image_a, image_b and labels
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry.calls import Call


def has_two_domains(splits: Collection[str]) -> bool:
  """Returns whether splits in TFDS have the names of training data of two sides."""
  return {'trainA', 'trainB'} <= set(splits)


def two_domains(
  options: DataOptions, splits: Collection[str], arguments: Mapping[str, Any]
) -> Dataset:
  """Builds the data set `domains` of the two sides of a dataset of TFDS.

  Args:
    options: Folder and memory limit.
    splits: Names of the splits in TFDS.
    arguments: Arguments of the data set `tfds`, for both sides.

  Raises:
    UsageError: An argument can be of one side alone.
  """
  of_one_side = 'attributes' if arguments['attributes'] else ''
  if isinstance(arguments['validation'], str) and arguments['validation']:
    of_one_side = 'validation'
  if of_one_side:
    value = arguments[of_one_side]
    text = value if isinstance(value, str) else f'({", ".join(value)})'
    share = 'a number such as 0.1 is a share of both; ' if of_one_side == 'validation' else ''
    name = arguments['name']
    raise UsageError(
      f"dataset 'tfds': {of_one_side}={text}: {name} has two domains, and this is of one; {share}"
      f'name each, as in domains(a="tfds({name!r}, train=trainA, {of_one_side}=...)", '
      f'b="tfds({name!r}, train=trainB)")'
    )
  sides = {
    side.lower(): str(
      Call(
        'tfds',
        {
          **arguments,
          **{part: f'{part}{side}' for part in ('train', 'test') if f'{part}{side}' in splits},
        },
      )
    )
    for side in 'AB'
  }
  return registry.dataset.build(str(Call('domains', sides)), options)
