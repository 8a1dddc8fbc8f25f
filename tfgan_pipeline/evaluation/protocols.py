"""Named protocols of scoring, `--protocol=train_50k`, and the published tables they compare with.

A protocol is a registered function that returns values of flags. Flags on the command line override
the protocol, and a score made that way names no protocol. No protocol chooses the extractor:
published tables compare only with scores by the Inception network of 2015, on the same data set at
the same resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import logging
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Protocol:
  """Settings of a named way to score.

  Attributes:
    values: Values of fields of EvaluationOptions, by field.
    comparable: A text that says which other scores are comparable.
    checkpoint: Rule by which the checkpoint is chosen: 'last', or 'best' for the best of all that
      there are; '' where the user chooses.
  """

  values: Mapping[str, Any]
  comparable: str
  checkpoint: str = ''


def rule_of(options: EvaluationOptions) -> str:
  """Returns the rule of the protocol of options, see Protocol.checkpoint; '' without one."""
  return registry.protocol.build(options.protocol).checkpoint if options.protocol else ''


def log_protocol(options: EvaluationOptions) -> None:
  """Logs with what scores by the protocol of options, if they have one, compare."""
  if options.protocol:
    comparable = registry.protocol.build(options.protocol).comparable
    _log.info('protocol %s: %s', options.protocol, comparable)


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


@registry.protocol
def translation_last() -> Protocol:
  """Compares outputs for the whole test split with it, by the last checkpoint of a finished run."""
  return Protocol(
    {'reference_split': 'test'},
    'comparable with itself, on one test split: the record has the number of outputs, the '
    'reference and the floor. Published FIDs of a few hundred pictures are mostly of the best of '
    'all epochs (translation_best_of_k), and lower; of so few pictures kid is the honest score',
    checkpoint='last',
  )


@registry.protocol
def translation_best_of_k() -> Protocol:
  """Compares outputs for the whole test split with it, by the best of all K checkpoints."""
  return Protocol(
    {'reference_split': 'test'},
    'comparable with itself for one K, on one test split: choosing by the score that is reported '
    'flatters it, the more so the larger K is. Published FIDs of translators are mostly of this '
    'kind, with the K of all epochs; of a few hundred pictures kid is the honest score',
    checkpoint='best',
  )
