"""`--dataset="domains(a=..., b=...)"`: two unpaired datasets, for translation between them."""

from __future__ import annotations

import dataclasses

from tfgan_pipeline import registry
from tfgan_pipeline.data.combined.joint_split import JointSplit
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError


@registry.dataset
def domains(options: DataOptions, *, a: str = 'digits', b: str = 'shapes(size=32)') -> Dataset:
  """Two unpaired datasets side by side: fields image_a and label_a, image_b and label_b.

  Args:
    options: Folder and memory limit, for each of the two datasets.
    a: Call string of the first dataset, such as `digits(size=32)`.
    b: Call string of the second dataset.

  Returns:
    A dataset of the splits that both have. An example is a random combination of a picture of `a`
    and one of `b`, which are augmented independently of each other.

  Raises:
    UsageError: The datasets have no train split in common, or one of them cannot be read.
  """
  parts = {}
  for word, text in (('a', a), ('b', b)):
    try:
      parts[word] = registry.dataset.build(text, options)
    except UsageError as error:
      raise UsageError(f"dataset 'domains': {word}={text}: {error}") from None
  common = [name for name in parts['a'].splits if name in parts['b'].splits]
  if 'train' not in common:
    raise UsageError("dataset 'domains': both need a train split")
  fields = Fields()
  for word, part in parts.items():
    for name, field in part.fields.items():
      twin = field.twin and f'{field.twin}_{word}'
      origin = field.reduced_from and f'{field.reduced_from}_{word}'
      label = part.fields.label_of(name)
      label = label and f'{label}_{word}'
      fields[f'{name}_{word}'] = dataclasses.replace(
        field, twin=twin, label=label, reduced_from=origin
      )
  names = {word: tuple(part.fields) for word, part in parts.items()}
  splits = {
    name: JointSplit({word: part.splits[name] for word, part in parts.items()}, names)
    for name in common
  }
  return Dataset(f'{parts["a"].name}-{parts["b"].name}', fields, splits)
