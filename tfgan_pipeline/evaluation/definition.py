"""Definitions of scores: the facts that scores depend on, besides the checkpoint.

    definition = definition_of(scorer, sampler, options, sources)

Scores with equal definitions are comparable. A fact that a later version introduced is left out
where it has its former value, so that records of earlier versions stay comparable.
"""

from __future__ import annotations

from typing import Any

from tfgan_pipeline.config import source_code
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.sampling.task_sampler import TaskSampler


def definition_of(
  scorer: Scorer,
  sampler: TaskSampler,
  options: EvaluationOptions,
  sources: Split | None,
  checkpoint: str = '',
) -> dict[str, Any]:
  """Returns the definition of a sampler's scores as plain values, ready for a JSON record.

  Args:
    scorer: The scorer that measures the samples.
    sampler: The sampler that makes them.
    options: Options of the evaluation. Components that they name and that are not of the released
      package enter the definition with the hash of their code.
    sources: The examples that a translator reads; None for a task that samples noise.
    checkpoint: The rule by which checkpoints are chosen, such as 'last'; '' for none.
  """
  code = {name: source.hash for name, source in source_code.unreleased(options).items()}
  labels = {}
  if sampler.class_proportions != 'uniform':
    labels = {'label_proportions': sampler.class_proportions}
  elif sampler.labels(range(1)) is not None:
    labels = {'labels': _describe_labels(options)}
  return {
    **scorer.definition,
    'weights': sampler.weights,
    'batch_norm': sampler.batch_norm,
    **_task_facts(sampler, options, sources),
    **({'checkpoint': checkpoint} if checkpoint else {}),
    **({'code': code} if code else {}),
    **labels,
  }


def _describe_labels(options: EvaluationOptions) -> str:
  if options.labels:
    return f'of sample i: {options.labels} in turn'
  return 'of sample i: i modulo the number of classes'


def _task_facts(
  sampler: TaskSampler, options: EvaluationOptions, sources: Split | None
) -> dict[str, object]:
  """Returns facts on a task; {} for a game whose only task samples noise.

  Earlier versions had no other games and recorded no task.
  """
  task = sampler.task
  facts = {'name': task.name, 'source': task.source, 'target': task.target}
  if sources is not None:
    facts |= {'split': options.reference_split, 'fingerprint': sources.fingerprint}
  return {'task': facts} if sources is not None or len(sampler.game.tasks()) > 1 else {}
