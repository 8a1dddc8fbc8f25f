"""Rules by which an evaluator asks a trainer to stop: "fid has not improved for 10 evaluations"."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import re

from tfgan_pipeline.errors import UsageError

_SENTENCE = re.compile(
  r'(?P<score>\S+) has not improved (?:for|in) (?P<count>\d+) (?P<unit>evaluation|step)s?\.?', re.I
)


@dataclasses.dataclass(frozen=True)
class StopRule:
  """Rule to stop when a score has not improved for long.

  Attributes:
    text: The sentence.
    score: Name of the score, such as 'fid'.
    count: Number of units without an improvement.
    unit: 'evaluation' or 'step'.
  """

  text: str
  score: str
  count: int
  unit: str

  @classmethod
  def parse(cls, text: str) -> StopRule:
    """Returns the rule of a sentence; raises UsageError, with an example, for another sentence."""
    match = _SENTENCE.fullmatch(' '.join(text.split()))
    if not match or not int(match['count']):
      raise UsageError(
        f'--stop_when={text}: should be as in --stop_when="fid has not improved for 10 '
        'evaluations", with any score that ranks, and with evaluations or steps'
      )
    return cls(text, match['score'], int(match['count']), match['unit'].lower())

  def reason(self, values: Mapping[int, float], *, lower_is_better: bool) -> str:
    """Returns why it is time to stop, or '' if it is not.

    Args:
      values: The score by step.
      lower_is_better: The direction of the score.
    """
    steps = sorted(values)
    if not steps:
      return ''
    sign = 1 if lower_is_better else -1
    best = min(steps, key=lambda step: sign * values[step])  # The first of equals.
    waited = steps[-1] - best if self.unit == 'step' else sum(step > best for step in steps)
    if waited < self.count:
      return ''
    return f'{self.text}: {values[best]:.4g} at step {best}, {values[steps[-1]]:.4g} at {steps[-1]}'
