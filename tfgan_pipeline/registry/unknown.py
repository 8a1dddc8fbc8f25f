"""Errors for names that no component has, with hints at those that were perhaps meant."""

from __future__ import annotations

from collections.abc import Mapping
import re

from tfgan_pipeline.errors import UsageError, did_you_mean
from tfgan_pipeline.registry.calls import Component


def error(
  kind: str, name: str, components: Mapping[str, Component], advice: Mapping[str, str]
) -> UsageError:
  """Returns the error for an unknown component.

  Args:
    kind: Word for components of the kind, such as 'loss'.
    name: The name that no component has.
    components: All components of the kind, by name.
    advice: Messages about components of runs that are unknown here, by name.
  """
  if name in advice:
    return UsageError(advice[name])
  hint = similar(name, components)
  if kind == 'dataset' and not hint:
    hint = f'; tfds({name}) reads one of TensorFlow Datasets.'
  hint += hint and f' tfgan-train --list={kind} shows all'
  others = '; there are: ' + ', '.join(one.signature for one in components.values())
  return UsageError(f'unknown {kind} {name!r}{hint or others}')


def similar(word: str, components: Mapping[str, Component]) -> str:
  """Returns '; did you mean hinge?' for an unknown name, or ''; words of descriptions go first."""
  hint = did_you_mean(word, components)  # Of 'unpaired', paired, and not domains.
  described = [one.name for one in components.values() if word in re.findall(r'\w+', one.doc)]
  return f'; did you mean {described[0]}?' if hint and len(described) == 1 else hint
