"""A partition into train, validation and test that anyone can repeat exactly.

    parts = partition(names, labels, {'test': 0.1, 'validation': 0.1})

For data that comes without official splits.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
import hashlib

import numpy as np

from tfgan_pipeline.errors import UsageError


def partition(
  names: Sequence[str], labels: Sequence[int], fractions: Mapping[str, float]
) -> dict[str, np.ndarray]:
  """Stratified, disjoint and covering parts.

  Membership follows from hashes of the names. It needs no random generator whose numbers might
  change with a version, ignores the order of `names`, and adding a file moves few others.

  Args:
    names: N distinct names.
    labels: int [N]. Every part gets each class in proportion, to within one example.
    fractions: Part -> its share of the whole. What is left over is 'train'.

  Returns:
    Part -> its indices, int64 ascending. 'train' comes first; parts that would be empty are absent.

  Raises:
    UsageError: A fraction is negative, or nothing is left for training.
  """
  text = ', '.join(f'{part}={fraction}' for part, fraction in fractions.items())
  if min(fractions.values(), default=0) < 0 or sum(fractions.values()) >= 1:
    raise UsageError(f'{text}: fractions should be 0 or more, and leave something for training')
  by_class = collections.defaultdict(list)
  for index in sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest()):
    by_class[labels[index]].append(index)
  # Walking through all classes at the pace of their sizes keeps every prefix in proportion.
  ranked = sorted(
    ((rank + 0.5) / len(members), label, index)
    for label, members in by_class.items()
    for rank, index in enumerate(members)
  )
  order = np.array([index for _, _, index in ranked], np.int64)
  parts, start = {}, 0
  for part, fraction in fractions.items():
    stop = start + round(fraction * len(order))
    parts[part] = order[start:stop]
    start = stop
  parts = {'train': order[start:], **parts}
  if not len(parts['train']):
    raise UsageError(f'{text}: leaves nothing of {len(order)} examples for training')
  return {part: np.sort(members) for part, members in parts.items() if len(members)}
