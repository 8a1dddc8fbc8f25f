"""Inputs of samples that metrics need: classes asked for, and learnt categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError


def require_inputs(metrics: str, chosen: Mapping[str, Any]) -> None:
  """Raises UsageError if a metric needs labels or codes, and samples have none.

  Args:
    metrics: Call strings of metrics.
    chosen: Classes and learnt categories that samples are made from, integers [n] under the keys
      'labels' and 'codes'; a key is missing or None where samples have none.
  """
  for call in registry.metric.parse_all(metrics):
    key = getattr(registry.metric.function(call.name), 'needs', None)
    if key and chosen.get(key) is None:
      raise UsageError(f'--metrics={call.name}: the generator of this run is not given {key}')
