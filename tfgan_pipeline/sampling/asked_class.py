"""The class that a translator is told, where its game has one: by name or number.

asked_class(translator, labels='dark')                 # {'label_asked': int32 []}
asked_class(translator, attributes='blond,young')      # {'label_asked': int32 [K]} of 0 and 1
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.data.class_names import class_numbers
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.told_class import FIELD, told_field
from tfgan_pipeline.sampling.translator import Translator


def asked_class(
  translator: Translator, *, labels: str = '', attributes: str = ''
) -> dict[str, np.ndarray]:
  """Returns the field of the class asked for, for one example; {} for a task that is told none.

  Args:
    translator: The translator.
    labels: Name or number of the class.
    attributes: Names of the attributes that outputs should have, separated by commas; they have
      none of the others. 'none' stands for no attribute.

  Raises:
    UsageError: The task is told no class and one is asked for, or there is no such class, or none
      is asked for.
  """
  task = translator.task
  field = told_field(translator.game, task)
  if field is None:
    for flag, value in (('labels', labels), ('attributes', attributes)):
      if value:
        raise UsageError(f'--{flag}={value}: not of --task={task.name}, which is told no class')
    return {}
  flag, other = ('attributes', 'labels') if field.shape else ('labels', 'attributes')
  value, wrong = (attributes, labels) if field.shape else (labels, attributes)
  listed = ','.join(field.classes[:20])
  if wrong or not value:
    start = f'--{other}={wrong}' if wrong else f'--{flag}'
    raise UsageError(f'{start}: --task={task.name} is told --{flag}, of {listed}; say which')
  if field.shape:
    chosen = [] if value == 'none' else class_numbers(value, field.classes, '--attributes')
    return {FIELD: np.isin(np.arange(*field.shape), chosen).astype(np.int32)}
  numbers = class_numbers(value, field.classes)
  if len(numbers) > 1:
    raise UsageError(f'--labels={value}: one class at a time, of {listed}')
  return {FIELD: np.array(numbers[0], np.int32)}
