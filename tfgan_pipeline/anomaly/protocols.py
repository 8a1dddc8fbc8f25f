"""Protocols: the classes that are normal, those that are anomalous, and a name.

A detector that was trained on one class and has to tell it from nine others is another thing than
one that was trained on nine and has to find the tenth: their scores cannot be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from tfgan_pipeline.data.class_names import chosen_classes, class_numbers
from tfgan_pipeline.data.combined.chosen import whole_of
from tfgan_pipeline.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Protocol:
  """Classes by what they are to a detector.

  Attributes:
    name: 'one_normal', 'one_anomalous', 'some_normal' for anything between, 'all_normal' if no
      class is anomalous, or 'unlabelled'.
    normal: Numbers of the normal classes.
    anomalous: Numbers of the anomalous classes.
  """

  name: str
  normal: tuple[int, ...] = ()
  anomalous: tuple[int, ...] = ()


def protocol_of(
  dataset: str, names: Sequence[str], normal: str = '', anomalous: str = ''
) -> Protocol:
  """Returns the protocol of a run.

  Args:
    dataset: Call string of the run's dataset.
    names: Names of all classes.
    normal: Value of --normal_classes; '' for the classes that the run was trained on.
    anomalous: Value of --anomalous_classes; '' for all others.

  Raises:
    UsageError: There is no such class, or one is called both.
  """
  if not names:
    for flag, value in (('normal_classes', normal), ('anomalous_classes', anomalous)):
      if value:
        raise UsageError(f'--{flag}={value}: the data of this run has no classes')
    return Protocol('unlabelled')
  every = range(len(names))
  _, kind, classes = whole_of(dataset)
  trained = tuple(every)
  if kind:
    numbers = chosen_classes(classes, names)
    trained = tuple(n for n in every if (n in numbers) == (kind == 'chosen'))
  strange = _classes(anomalous, names, '--anomalous_classes')
  usual = _classes(normal, names, '--normal_classes')
  if both := set(strange) & set(usual):
    raise UsageError(f'--anomalous_classes={anomalous}: {names[min(both)]} is a normal class too')
  usual = usual or tuple(n for n in trained if n not in strange)
  strange = strange or tuple(n for n in every if n not in usual)
  if not usual:
    raise UsageError(f'--anomalous_classes={anomalous}: leaves no normal class')
  name = 'some_normal'
  if not strange:
    name = 'all_normal'
  elif len(usual) == 1:
    name = 'one_normal'
  elif len(strange) == 1 and len(usual) == len(names) - 1:
    name = 'one_anomalous'
  return Protocol(name, usual, strange)


def _classes(text: str, names: Sequence[str], flag: str) -> tuple[int, ...]:
  return tuple(sorted(set(class_numbers(text, names, flag)))) if text else ()
