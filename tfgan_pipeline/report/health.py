"""Health of a run: its measurements with their good values, and warnings in words.

A rule is a function of the run that yields sentences; each says what was seen, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import os
import re
import statistics

from tfgan_pipeline.report.numbers import percent, short
from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.stop_request import stop_reason
from tfgan_pipeline.training import collapse

_SURE = 0.97  # Share of right outputs on both sides, from which on the generator learns little.
_OVERFITTED = 0.5  # r_v, half of the way from none (0) to complete overfitting (1).
_BEHIND = 0.5  # Distance of averaged weights, half of the norm of the weights themselves.
_RUNAWAY = 3.0  # Factor of a norm over the second half of a run; those of healthy runs level off.
_PEAK = 100.0  # Factor of a gradient's norm over its median.
_TAIL = 0.1  # Part of the curves that counts as now.

# What is measured -> (heading, good value), as docs/tensorboard.md has them.
_GOOD = {
  'samples/diversity': ('Diversity of samples', 'about 1'),
  'discriminator_accuracy/real': ("Discriminator's accuracy, real", 'between 0.5 and 1'),
  'discriminator_accuracy/generated': ("Discriminator's accuracy, generated", 'between 0.5 and 1'),
  'overfitting/r_t': ('Overfitting r_t, of training pictures', 'near 0'),
  'overfitting/r_v': ('Overfitting r_v, beside held-out pictures', 'near 0'),
  'weight_norm/generator': ("Norm of the generator's weights", 'level'),
  'weight_norm/discriminator': ("Norm of the discriminator's weights", 'level'),
  'gradient_norm/generator': ("Norm of the generator's gradient", 'level'),
  'gradient_norm/discriminator': ("Norm of the discriminator's gradient", 'level'),
  'moving_average/distance': ('Distance of the averaged weights', 'falling'),
}


@dataclasses.dataclass(frozen=True)
class Measurement:
  """One measurement of health.

  Attributes:
    heading: What is measured.
    first: The first value.
    middle: The median over the run.
    last: The last value.
    good: Value of a healthy run.
  """

  heading: str
  first: float
  middle: float
  last: float
  good: str


def measurements(run: RecordedRun) -> list[Measurement]:
  """Returns the measurements of a run that have a known good value."""
  found = []
  for name, (heading, good) in _GOOD.items():
    if values := _values(run, name):
      middle = statistics.median(values)
      found.append(Measurement(heading, values[0], middle, values[-1], good))
  return found


def warnings(run: RecordedRun) -> list[str]:
  """Returns all that is wrong with a run, in sentences; [] for a healthy one."""
  return [text for rule in _RULES for text in rule(run)]


def _values(run: RecordedRun, name: str) -> list[float]:
  """Returns the values of a curve, or of a health metric, by step."""
  return [line[name] for lines in (run.curves, run.health) for line in lines if name in line]


def _now(values: Sequence[float]) -> float:
  """Returns the mean of the newest tenth of some values."""
  return statistics.fmean(values[-max(1, round(_TAIL * len(values))) :])


def _unfinished(run: RecordedRun) -> Iterator[str]:
  if not run.directory.is_done():
    yield (
      f'The training stands at step {run.step:,} of {run.experiment.max_steps:,}: it runs, or was '
      'stopped, and the command that began it goes on.'
    )


def _asked_to_stop(run: RecordedRun) -> Iterator[str]:
  if reason := stop_reason(run.directory, run.experiment.max_steps):
    yield f'An evaluator has asked the trainer to stop: {reason}.'


def _not_finite(run: RecordedRun) -> Iterator[str]:
  names = files.names_in(run.directory.train)
  steps = sorted({int(m[1]) for name in names if (m := re.match(r'not_finite-(\d+)', name))})
  if steps:
    yield (
      f'A loss or gradient was infinite or not a number at step {", ".join(map(str, steps))}; '
      f'{os.path.join(run.directory.train, "not_finite-*.json")} says which. Lower the learning '
      'rates, or train in float32.'
    )


def _damaged(run: RecordedRun) -> Iterator[str]:
  if names := files.names_in(os.path.join(run.directory.checkpoints, 'damaged')):
    yield f'Damaged checkpoints were set aside in checkpoints/damaged: {", ".join(names)}.'


def _collapsed(run: RecordedRun) -> Iterator[str]:
  pattern = re.compile(r'samples/diversity(?:/(.+))?')
  for name in dict.fromkeys(name for line in run.health for name in line):
    if not (match := pattern.fullmatch(name)):
      continue
    lines = [line for line in run.health if name in line]
    collapsed = [line for line in lines if collapse.has_collapsed(line['step'], line[name])]
    if not collapsed:
      continue
    last = collapsed[-1]
    words = collapse.words(last[name], match[1] or '', inputs='inputs')
    since = (
      'and recovered since' if last is not lines[-1] else 'more augmentation or a penalty helps'
    )
    yield f'At step {last["step"]:,}, {words}; {since}.'


def _sure(run: RecordedRun) -> Iterator[str]:
  sides = [_values(run, f'discriminator_accuracy/{side}') for side in ('real', 'generated')]
  if all(sides) and min(map(_now, sides)) > _SURE:
    yield (
      f'The discriminator is right about {percent(_now(sides[0]))} of the real and '
      f'{percent(_now(sides[1]))} of the generated pictures of late, which leaves the generator '
      'little to learn from. More augmentation, a penalty or a smaller discriminator helps.'
    )


def _overfitted(run: RecordedRun) -> Iterator[str]:
  values = _values(run, 'overfitting/r_v')
  if values and _now(values) > _OVERFITTED:
    yield (
      f'The discriminator learns training pictures by heart: r_v is {short(_now(values))}, where 0 '
      'is none and 1 complete overfitting. --discriminator_augment=diff_augment or more data helps.'
    )


def _running_away(run: RecordedRun) -> Iterator[str]:
  for name in dict.fromkeys(name for line in run.health for name in line):
    values = _values(run, name)
    middle = values[len(values) // 2]
    if name.startswith(('weight_norm/', 'spectral_norm/')) and len(values) > 3:
      if middle > 0 and values[-1] > _RUNAWAY * middle:
        yield (
          f'{name} runs away: from {short(middle)} in the middle of the run to '
          f'{short(values[-1])}, as before many a collapse. Lower learning rates help.'
        )


def _peaks(run: RecordedRun) -> Iterator[str]:
  for name in dict.fromkeys(name for line in run.curves for name in line):
    values = _values(run, name) if name.startswith('gradient_norm/') else []
    if values and max(values) > _PEAK * statistics.median(values) > 0:
      step = next(line['step'] for line in run.curves if line.get(name) == max(values))
      yield (
        f'{name} peaks at {short(max(values))} at step {step:,}, '
        f'{max(values) / statistics.median(values):,.0f} times its median; a peak says that a '
        'learning rate is too large.'
      )


def _lagging(run: RecordedRun) -> Iterator[str]:
  values = _values(run, 'moving_average/distance')
  if values and values[-1] > _BEHIND:
    yield (
      f'The averaged weights are {percent(values[-1])} of the norm of the weights behind them, so '
      'that samples lag. A smaller --ema_decay follows faster.'
    )


def _not_scored(run: RecordedRun) -> Iterator[str]:
  scored = {(record['step'], record.get('definition_id')) for record in run.scores}
  for records in run.records.values():
    for record in records:
      if 'error' in record and (record['step'], record.get('definition_id')) not in scored:
        yield f'Step {record["step"]:,} could not be scored: {record["error"]}.'


_RULES: Sequence[Callable[[RecordedRun], Iterator[str]]] = (
  *(_not_finite, _collapsed, _running_away, _peaks, _sure, _overfitted, _lagging),
  *(_damaged, _not_scored, _unfinished, _asked_to_stop),
)
