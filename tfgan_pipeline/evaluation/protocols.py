"""Named protocols of scoring, `--protocol=train_50k`, and the published tables they compare with.

A protocol is a registered function that returns values of flags. Flags on the command line override
the protocol, and a score made that way names no protocol. No protocol chooses the extractor:
published tables compare only with scores by the Inception network of 2015, on the same data set at
the same resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from tfgan_pipeline import registry


@dataclasses.dataclass(frozen=True)
class Protocol:
  """Settings of a named way to score.

  Attributes:
    values: Values of fields of EvaluationOptions, by field.
    comparable: A text that says which other scores are comparable.
  """

  values: Mapping[str, Any]
  comparable: str


@registry.protocol
def train_50k() -> Protocol:
  """Compares 50,000 generated images with the whole train split, as papers on StyleGAN do."""
  return Protocol(
    {'num_samples': 50000, 'reference_split': 'train', 'weights': 'average'},
    'with Inception of 2015, comparable with FID of 50,000 samples against training statistics, '
    "as BigGAN and StyleGAN report it (NVIDIA's fid50k_full: with fid(ddof=0), and images "
    'truncated to uint8 instead of rounded); with any other extractor only with itself',
  )


@registry.protocol
def ttur_10k() -> Protocol:
  """Compares 10,000 generated images, the least that FID's authors advise, with the train split."""
  return Protocol(
    {'num_samples': 10000, 'reference_split': 'train', 'weights': 'average'},
    'with Inception of 2015, comparable with tables that say 10,000 samples against training '
    'statistics, and not with those of 50,000, which are lower for the same generator; with any '
    'other extractor only with itself',
  )


@registry.protocol
def test_10k() -> Protocol:
  """Compares 10,000 generated images with the whole test split."""
  return Protocol(
    {'num_samples': 10000, 'reference_split': 'test', 'weights': 'average'},
    'comparable only with itself, on test splits of one size',
  )


@registry.protocol
def quick_2k() -> Protocol:
  """Compares 2,000 generated images with the whole train split: quick, to follow a training."""
  return Protocol(
    {'num_samples': 2000, 'reference_split': 'train', 'weights': 'average'},
    'comparable only with itself: fewer samples than Inception has features',
  )
