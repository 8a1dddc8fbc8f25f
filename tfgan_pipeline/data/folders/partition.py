"""Reproducible partition of examples into train, validation and test.

    parts = partition(names, labels, {'test': 0.1, 'validation': 0.1})

Used for data without official splits.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
import hashlib

import numpy as np

from tfgan_pipeline.data.folders.side_folder import folders_of_both, partner_keys
from tfgan_pipeline.errors import UsageError


def partition(
  names: Sequence[str], labels: Sequence[int], fractions: Mapping[str, float]
) -> dict[str, np.ndarray]:
  """Partitions examples into disjoint parts, each with all classes in proportion.

  Membership follows from hashes of the names. No random generator is needed, whose numbers might
  change with a version; the order of `names` does not matter, and adding a file moves few others.

  Args:
    names: N distinct names.
    labels: int [N]. Every part gets each class in proportion, to within one example.
    fractions: Part -> share of all examples. The rest is 'train'.

  Returns:
    Part -> indices into `names`, int64, ascending. 'train' comes first; empty parts are left out.

  Raises:
    UsageError: A fraction is negative, or nothing is left for training.
  """
  text = ', '.join(f'{part}={fraction}' for part, fraction in fractions.items())
  if min(fractions.values(), default=0) < 0 or sum(fractions.values()) >= 1:
    raise UsageError(f'{text}: fractions should be 0 or more, and leave something for training')
  by_class = collections.defaultdict(list)
  for index in sorted(range(len(names)), key=lambda i: _hash(names[i])):
    by_class[labels[index]].append(index)
  # Classes are interleaved at rates given by their sizes, so that every prefix of the order, and
  # with it every part, has all classes in proportion.
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


def partition_of_partners(
  names: Sequence[str], partners: Mapping[str, str]
) -> dict[str, np.ndarray]:
  """Partitions files as their partners are parted, so that no pair is torn.

  Args:
    names: Paths of N files.
    partners: Part of each file of the other side of pairs, by its path.

  Returns:
    Part -> indices into `names`, int64, ascending, 'train' first; files without a partner are in
    'train'. {} if no file has a partner in 'train'.
  """
  both = folders_of_both(names, partners)
  part_of = dict(zip(partner_keys(partners, both), partners.values()))
  found = [part_of.get(key, '') for key in partner_keys(names, both)]
  if 'train' not in found:
    return {}
  parts = np.array([part or 'train' for part in found])
  return {
    part: np.flatnonzero(parts == part)
    for part in dict.fromkeys(['train', *part_of.values()])
    if part in found
  }


def _hash(name: str) -> bytes:
  """Returns the SHA-256 of a name, which may have bytes that are no UTF-8."""
  return hashlib.sha256(name.encode('utf-8', 'surrogateescape')).digest()
