"""Attributes in the features of a dataset of TFDS: yes or no each, as celeb_a has forty.

places = attribute_places(info.features)            # {'Smiling': ('attributes', 'Smiling'), ...}
chosen_attributes(places, ('Smiling',), 'celeb_a')  # those asked for, in this order
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfgan_pipeline.errors import UsageError, did_you_mean, listed


def attribute_places(features: Any) -> dict[str, tuple[str, ...]]:
  """Returns the keys to each feature that is true or false, by its name; alone or in a group.

  The names are in alphabetical order: TFDS reads its features from a map whose order may differ
  between two processes, and a field has to mean one thing in both.

  Args:
    features: A FeaturesDict of tensorflow_datasets, as of `builder.info.features`.
  """
  places: dict[str, tuple[str, ...]] = {}
  for key, feature in features.items():
    if _is_mark(feature):
      places[key] = (key,)
    elif isinstance(feature, type(features)):
      places |= {name: (key, name) for name, one in feature.items() if _is_mark(one)}
  return dict(sorted(places.items()))


def chosen_attributes(
  places: Mapping[str, tuple[str, ...]], asked: str | tuple[str, ...], dataset: str
) -> dict[str, tuple[str, ...]]:
  """Returns the places of the attributes asked for, in this order; of 'all', all by alphabet.

  Raises:
    UsageError: The dataset has no such attribute.
  """
  names = (asked,) if isinstance(asked, str) and asked else tuple(asked)
  if names == ('all',) and places:
    return dict(places)
  for name in names:
    if name not in places:
      there = f'there are {listed(places)}' if places else 'it has none that are true or false'
      raise UsageError(
        f"dataset 'tfds': attributes={name}: not of {dataset}{did_you_mean(name, places)}; {there}"
      )
  return {name: places[name] for name in names}


def _is_mark(feature: Any) -> bool:
  """Returns whether a feature is a single value that is true or false."""
  return getattr(feature, 'shape', None) == () and getattr(feature, 'np_dtype', '') == np.bool_
