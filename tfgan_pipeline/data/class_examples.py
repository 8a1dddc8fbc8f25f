"""Examples of a split that show every class.

examples = examples_of_classes(dataset.split('train'), 64, 'label', 10)
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.split import Example, Split

_SEARCHED = 1024  # Examples that are read to find all classes where labels are not known ahead.


def examples_of_classes(split: Split, count: int, label: str, classes: int) -> Example:
  """Returns the first examples of a split, or others if a class is missing among these.

  Args:
    split: The split.
    count: Number of examples; a smaller split gives all.
    label: Name of the field with the class.
    classes: Number of classes; 0 without labels.

  Returns:
    Arrays [count, ...] by field. Where the first examples lack a class, they are of all classes in
    turn; of data whose labels are stored with the pictures, of those classes that 1,024 examples
    from all over the split show.
  """
  first = next(split.ordered(count))
  if not classes or label not in first or first[label].ndim > 1:  # Or several attributes each.
    return first
  if len(np.unique(first[label])) >= min(classes, count):
    return first
  if label == 'label' and split.known_labels is not None:
    rows = _in_turn(split.known_labels, count)
    return {name: values.numpy() for name, values in split.load(tf.constant(rows)).items()}
  found = split.spread(min(split.size, max(_SEARCHED, count)))
  rows = _in_turn(found[label], count)
  return {name: values[rows] for name, values in found.items()}


def _in_turn(labels: np.ndarray, count: int) -> np.ndarray:
  """Returns the places of `count` labels, int64, taking one of each class in turn."""
  order = np.argsort(labels, kind='stable')
  _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
  ranks = np.arange(len(labels)) - np.repeat(starts, counts)
  return order[np.argsort(ranks, kind='stable')][:count].astype(np.int64)
