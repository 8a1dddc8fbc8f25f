"""References that are no images: statistics or features in a file of this package or another tool.

given = read_given(options)                       # None if the options name no such file
given.reference, given.facts(extractor.facts)
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import logging
from typing import Any

from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.references.features_file import read_features
from tfgan_pipeline.references.statistics_file import read_statistics
from tfgan_pipeline.runs.digests import digest

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Given:
  """Reference that was read from a file.

  Attributes:
    name: Flag and path, for messages: '--reference_stats=/tmp/cifar10.npz'.
    reference: Features of the real images, or their statistics.
    definition: The file's definition of extractor and images; None in files of other tools.
  """

  name: str
  reference: Features | Statistics
  definition: Mapping[str, Any] | None

  def facts(self, extractor: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the reference's part of a score's definition: `num_reference` and `reference`.

    Logs a warning if the file does not say which extractor it was made with.

    Args:
      extractor: Facts of the extractor of the generated samples.

    Raises:
      UsageError: The file was made with another extractor.
    """
    reference = self.reference
    if self.definition is None:
      if isinstance(reference, Statistics):
        more = (
          '; ddof=1 is taken for granted, and without the number of images there is no noise floor'
        )
        count, content = None, {'statistics': digest(reference.mean, reference.covariance)}
      else:
        more, count, content = '', len(reference), {'features': digest(reference.pool)}
      _log.warning(
        '%s does not say which extractor, preprocessing and images it was made of: that these suit '
        '%s could not be checked beyond their width, %d%s',
        self.name,
        extractor['name'],
        reference.width,
        more,
      )
      return {'num_reference': count, 'reference': content}
    recorded = self.definition['extractor']
    if recorded['fingerprint'] != extractor['fingerprint']:
      raise UsageError(
        f'{self.name}: made with extractor {_format(recorded)}, not {_format(extractor)}'
      )
    count = reference.count if isinstance(reference, Statistics) else len(reference)
    return {'num_reference': count, 'reference': self.definition['reference']}


def read_given(options: EvaluationOptions) -> Given | None:
  """Reads --reference_stats or --reference_features; returns None if neither is given.

  Raises:
    UsageError: The file cannot be read, or another reference is named as well.
  """
  names = ('reference_stats', 'reference_features', 'reference_dir')
  given = [name for name in names if getattr(options, name)]
  if len(given) > 1:
    raise UsageError(f'--{given[0]}: not with --{given[1]}; one reference is needed')
  name = f'--{options.reference_flag}={getattr(options, options.reference_flag)}'
  if options.reference_stats:
    try:
      return Given(name, *read_statistics(options.reference_stats))
    except UsageError as error:
      raise UsageError(f'--reference_stats={error}') from None
  if options.reference_features:
    return Given(name, *read_features(options.reference_features, '--reference_features'))
  return None


def _format(extractor: Mapping[str, Any]) -> str:
  parts = [f'fingerprint {extractor["fingerprint"]}', extractor.get('preprocessing', '')]
  return f'{extractor.get("name")} ({", ".join(filter(None, parts))})'
