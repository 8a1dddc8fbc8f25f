"""Definitions: the facts that scores depend on, besides the checkpoint.

definition = definition_of(scorer, sampler, options, sources)

Equal definitions make comparable scores. Facts that came with later versions are left out where
they are as they always were, so that records of earlier versions keep their meaning.
"""

from __future__ import annotations

from typing import Any

from tfgan_pipeline.config import source_code
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import Split
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.sampling.task_sampler import TaskSampler


def definition_of(
  scorer: Scorer, sampler: TaskSampler, options: EvaluationOptions, sources: Split | None
) -> dict[str, Any]:
  """Returns the definition of scores of a sampler's outputs, as plain values for a record.

  Args:
    scorer: Measures them.
    sampler: Makes them.
    options: Name the components whose code is not the package's.
    sources: The examples that outputs are made of; None of a task that samples noise.
  """
  code = {name: source.hash for name, source in source_code.unreleased(options).items()}
  labels = sampler.labels(range(1)) is not None
  return {
    **scorer.definition,
    'weights': sampler.weights,
    'batch_norm': sampler.batch_norm,
    **_task_facts(sampler, options, sources),
    **({'code': code} if code else {}),
    **({'labels': 'of sample i: i modulo the number of classes'} if labels else {}),
  }


def _task_facts(
  sampler: TaskSampler, options: EvaluationOptions, sources: Split | None
) -> dict[str, object]:
  """Returns facts on a task; none of a game's one task that samples noise, as all once were."""
  task = sampler.task
  facts = {'name': task.name, 'source': task.source, 'target': task.target}
  if sources is not None:
    facts |= {'split': options.reference_split, 'fingerprint': sources.fingerprint}
  return {'task': facts} if sources is not None or len(sampler.game.tasks()) > 1 else {}
