"""Choice of an extractor by the data: by its classes if there are any, else without labels."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext


@registry.extractor
def auto(
  context: ExtractorContext,
  *,
  labelled: str = 'classifier',
  unlabelled: str = 'self_supervised',
) -> Extractor:
  """Extractor `labelled` for data of two classes or more, else `unlabelled`.

  Scores bear the name and the fingerprint of the extractor that is chosen.

  Args:
    context: Data set, cache and strategy of the run that is scored.
    labelled: Call of an extractor for data of two classes or more.
    unlabelled: Call of an extractor for data of fewer classes.

  Raises:
    UsageError: A call is wrong, or the extractor does not suit the data.
  """
  text = _choice(context.dataset, labelled, unlabelled)
  return registry.extractor.build(text, context)


def chosen(options: EvaluationOptions, dataset: Dataset) -> str:
  """Returns the call of the extractor that scores have: `auto` chooses, others are returned.

  Where no score reads features, `auto` is `random_projection`, which is not trained.

  Args:
    options: What to measure.
    dataset: Data of the run that is scored.

  Raises:
    UsageError: A call is wrong.
  """
  call = registry.extractor.parse(options.extractor)
  if call.name != 'auto':
    return options.extractor
  text = _choice(dataset, **call.arguments)
  return text if _reads_features(options) else 'random_projection'


def _reads_features(options: EvaluationOptions) -> bool:
  """Returns whether anything that is measured depends on features of images."""
  pairs = registry.pair_metric.parse_all(options.pair_metrics)
  needs = [getattr(registry.pair_metric.function(call.name), 'needs', '') for call in pairs]
  return bool(
    options.metrics or options.generator_calls or options.per_sample or 'features' in needs
  )


def _choice(dataset: Dataset, labelled: str, unlabelled: str) -> str:
  # A single class is none: a classifier with one logit has nothing to learn.
  text = labelled if dataset.num_classes > 1 else unlabelled
  for name, call in (('labelled', labelled), ('unlabelled', unlabelled)):
    try:
      if registry.extractor.parse(call).name == 'auto':
        raise UsageError('should be another extractor')
    except UsageError as error:
      raise UsageError(f'--extractor=auto: {name}={call}: {error}') from None
  return text
