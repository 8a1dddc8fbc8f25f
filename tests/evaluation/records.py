"""Records of scores as an evaluator writes them, for tests that compare and find them."""

from __future__ import annotations

import copy

from tfgan_pipeline.runs.score_records import definition_id, score_ids

DEFINITION = {
  'extractor': {'name': 'mine', 'fingerprint': 'aa'},
  'metrics': 'fid(ddof=1)',
  'num_generated': 2000,
  'sample_seed': 0,
}


def record(step: int, fid: float, *, seed: int = 0, scores=(), changes=(), old=False) -> dict:
  """Returns a record like an evaluator's; `changes` are (dotted field, value) of the definition."""
  definition = {**copy.deepcopy(DEFINITION), 'sample_seed': seed}
  for field, value in changes:
    *parents, name = field.split('.')
    place = definition
    for parent in parents:
      place = place[parent]
    place[name] = value
  scores = {'fid[mine]': fid, 'inception_score[mine]': fid, **dict(scores)}
  metric_of = {name: definition['metrics'].split(', ')[0] for name in scores}
  ids = {} if old else {'score_ids': score_ids(definition, metric_of)}
  return {
    'step': step,
    'scores': scores,
    **ids,
    'definition_id': definition_id(definition),
    'definition': definition,
  }
