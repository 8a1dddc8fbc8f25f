"""Named ways to score, `--protocol=train_50k`: what they set, and with which tables they compare.

A protocol is a function that is registered here and returns its values. Flags that are given
override it, and a score made that way names no protocol. The extractor is always the user's: where
published tables are spoken of, they are comparable only with the Inception network of 2015, on the
same data set, at the same resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from tfgan_pipeline import registry


@dataclasses.dataclass(frozen=True)
class Protocol:
  """What a protocol is.

  Attributes:
    values: Fields of EvaluationOptions.
    comparable: With what the scores compare, for people.
  """

  values: Mapping[str, Any]
  comparable: str


@registry.protocol
def train_50k() -> Protocol:
  """50,000 generated images against the whole train split."""
  return Protocol(
    {'num_samples': 50000, 'reference_split': 'train', 'weights': 'average'},
    'with Inception of 2015, comparable with FID of 50,000 samples against training statistics, '
    "as BigGAN and StyleGAN report it (NVIDIA's fid50k_full: with fid(ddof=0), and images "
    'truncated to uint8 instead of rounded); with any other extractor only with itself',
  )


@registry.protocol
def ttur_10k() -> Protocol:
  """10,000 generated images against the whole train split, the least that FID's authors advise."""
  return Protocol(
    {'num_samples': 10000, 'reference_split': 'train', 'weights': 'average'},
    'with Inception of 2015, comparable with tables that say 10,000 samples against training '
    'statistics, and not with those of 50,000, which are lower for the same generator; with any '
    'other extractor only with itself',
  )


@registry.protocol
def test_10k() -> Protocol:
  """10,000 generated images against the whole test split."""
  return Protocol(
    {'num_samples': 10000, 'reference_split': 'test', 'weights': 'average'},
    'comparable only with itself, on test splits of one size',
  )


@registry.protocol
def quick_2k() -> Protocol:
  """2,000 generated images against the whole train split, to see where a training is going."""
  return Protocol(
    {'num_samples': 2000, 'reference_split': 'train', 'weights': 'average'},
    'comparable only with itself: fewer samples than Inception has features',
  )
