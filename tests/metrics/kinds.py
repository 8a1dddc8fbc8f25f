"""Kinds of metrics and extractors, for tests of all of one kind."""

from __future__ import annotations

from tfgan_pipeline import registry

# Of what samples in time are scored by: metrics of the features of one extractor, and extractors of
# one kind of samples; test_melody.py and test_signals.py have their tests.
OF_ONE_EXTRACTOR = ('melody',)
OF_ONE_MEDIUM = ('melody', 'signals')
METRICS = {
  name: component
  for name, component in registry.metric.components().items()
  if name not in OF_ONE_EXTRACTOR
}
EXTRACTORS = [name for name in registry.extractor.components() if name not in OF_ONE_MEDIUM]
