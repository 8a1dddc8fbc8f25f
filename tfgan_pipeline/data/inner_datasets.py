"""Datasets that a dataset is made of, known from its call string and without TensorFlow.

inner_datasets(registry.dataset.parse('paired(a=shapes, b=digits)'))    # {'a': Call, 'b': Call}
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry.calls import Call


def inner_datasets(call: Call) -> dict[str, Call]:
  """Returns the datasets in the arguments of a dataset's call, by argument.

  An argument is a dataset if its default is the call string of one, as of the parts of `domains`;
  the name of a folder or a column may be that of a dataset, too. Call strings that cannot be
  parsed, perhaps as they are of another script, are left out.
  """
  found = {}
  for parameter in registry.dataset.components()[call.name].parameters:
    if _parsed(parameter.default) and (inner := _parsed(call.arguments.get(parameter.name))):
      found[parameter.name] = inner
  return found


def _parsed(value: object) -> Call | None:
  """Returns a value as a dataset's call; None if it is none."""
  try:
    return registry.dataset.parse(value) if isinstance(value, str) else None
  except UsageError:
    return None
