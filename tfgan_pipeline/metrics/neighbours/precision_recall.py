"""Precision and recall, density and coverage: fidelity and variety as two numbers, not one.

A sample is covered when it lies in the neighbourhood of a sample of the other set, the ball that
reaches to that sample's k-th nearest other sample of its own set. All scores come from one pass
over the distances, see crossing.py. A sample with k duplicates has a neighbourhood of radius 0: in
precision_recall (closed) it holds exact copies, in prdc (open) nothing, as in the packages of both
papers; the evaluator warns and counts them.
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.cautions import warns
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.crossing import Ball, cross
from tfgan_pipeline.metrics.neighbours.nearest import duplicates_caution
from tfgan_pipeline.metrics.ranking import higher_is_better


@registry.metric
@warns(duplicates_caution)
@higher_is_better('precision', 'recall')
def precision_recall(reference: Features, generated: Features, *, k: int = 3) -> dict[str, float]:
  """Precision and recall: the share of each set that lies within the other's neighbourhoods.

  Kynkaanniemi et al. 2019 (arXiv:1904.06991), equations 1 and 2: samples at the very radius are
  inside. Both scores depend on N and M.

  Args:
    reference: N real samples.
    generated: M generated samples.
    k: A neighbourhood reaches to the k-th nearest other sample of its set.

  Returns:
    precision: Share of the generated samples within neighbourhoods of the real ones.
    recall: Share of the real samples within neighbourhoods of the generated ones.

  Raises:
    UsageError: The two sets differ in width, or k is not below N and M.
  """
  ball = Ball(k, closed=True)
  members = cross(reference, generated, ball).balls[ball]
  return {'precision': float(members.generated.mean()), 'recall': float(members.real.mean())}


@registry.metric
@warns(duplicates_caution)
@higher_is_better('prdc_precision', 'prdc_recall', 'density', 'coverage')
def prdc(reference: Features, generated: Features, *, k: int = 5) -> dict[str, float]:
  """Density and coverage, with precision and recall at the same k.

  Naeem et al. 2020 (arXiv:2002.09797) and their package `prdc`: samples at the very radius are
  outside. For two sets from one continuous distribution the expected density is 1, and the expected
  coverage 1 - prod_{j=1..k} (N - j) / (N + M - j).

  Args:
    reference: N real samples.
    generated: M generated samples.
    k: A neighbourhood reaches to the k-th nearest other sample of its set.

  Returns:
    prdc_precision: Share of the generated samples within neighbourhoods of the real ones.
    prdc_recall: Share of the real samples within neighbourhoods of the generated ones.
    density: Mean number of real neighbourhoods that a generated sample is in, over k.
    coverage: Share of the real samples with a generated one in their own neighbourhood.

  Raises:
    UsageError: The two sets differ in width, or k is not below N and M.
  """
  ball = Ball(k, closed=False)
  members = cross(reference, generated, ball).balls[ball]
  return {
    'prdc_precision': float(members.generated.mean()),
    'prdc_recall': float(members.real.mean()),
    'density': members.pairs / (k * len(generated)),
    'coverage': float(members.reached.mean()),
  }
