"""Components of a run that are not of the package: found where the run's record says they are.

    own_components.find('/tmp/run', record)     # then registry.loss.parse('mine') works, or advises

Nothing is imported here: the source is read, and runs when a component of it is built.
"""

from __future__ import annotations

from collections.abc import Mapping
import functools
import hashlib
import logging
import os
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.source_code import Source
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import atomic_files, files

_log = logging.getLogger(__name__)
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_REGISTRIES = {kind.kind: kind for kind in registry.ALL}

# What makes components that only the Python program of a run can know.
_MADE_IN_PYTHON = {
  'network keras_models': 'networks_of',
  'network tf_functions': 'GANEstimator.from_functions',
  'model tf_functions_gan': 'GANEstimator.from_functions',
  'loss tf_function_losses': 'GANEstimator.from_functions',
  'dataset input_function': 'GANEstimator.from_functions',
}


def made_in_python(component: str) -> str:
  """Returns the message that a component, such as 'network keras_models', is of another program."""
  return (
    f'{component}: is in the memory of the Python program that called '
    f'{_MADE_IN_PYTHON[component]}; go on there, or write a component in a file for --import'
  )


for _component in _MADE_IN_PYTHON:
  _kind, _, _name = _component.partition(' ')
  _REGISTRIES[_kind].advice[_name] = made_in_python(_component)


def copy_name(component: str, digest: str) -> str:
  """Returns the name of a component's file in the folder code of a run.

  Args:
    component: Kind and name, such as 'loss mine'.
    digest: Hash of the file's content.
  """
  return f'{component.replace(" ", "-")}-{digest[:8]}.py'


def keep(folder: str, sources: Mapping[str, Source]) -> None:
  """Writes the source of components, by kind and name, into a folder, once for each content."""
  for component, source in sources.items():
    path = os.path.join(folder, copy_name(component, source.hash))
    if source.text and not files.exists(path):
      files.make_folder(folder)
      atomic_files.write(path, source.text)


def find(model_dir: str, record: Mapping[str, Any]) -> None:
  """Makes the components of a run known to the registry, from the modules or files they were in.

  Of a component that is neither known nor found, the registry gets the advice to import the copy
  in the run's folder code/, or in that of the scores which used it.

  Args:
    model_dir: The directory of the run.
    record: Content of its experiment.json.
  """
  sessions = record.get('sessions') or [{}]
  for place in sessions[-1].get('imports', ()):
    _problem_of(place)
  for component, facts in (sessions[-1].get('code') or {}).items():
    kind, _, name = component.partition(' ')
    if kind not in _REGISTRIES or component in _MADE_IN_PYTHON:
      continue
    path, module = facts.get('path', ''), facts.get('module', '')
    copy = os.path.join(model_dir, 'code', copy_name(component, facts['hash']))
    problem = ''
    for place in filter(None, (module, path)):
      if not _is_known(kind, name):
        problem = _problem_of(place)
    if _is_known(kind, name):
      _warn_if_other(_REGISTRIES[kind].components()[name].file, component, facts['hash'], copy)
      continue
    where = f'the module {module}' if module else path or 'a notebook'
    what = 'where it is not to be found now'
    if problem and os.path.isfile(path):
      what = f'which cannot be read now ({problem})'
    told = f'{component} of {model_dir} is of {where}, {what}; ' + _use_of_copy(
      copy, has_imports=bool(path)
    )
    _REGISTRIES[kind].advice[name] = told
    # The file may have more, as a metric that the training did not use.
    for other_kind, other in registry.outside.names_in(copy):
      of_other = told.replace(component, f'{other_kind} {other}', 1)
      _REGISTRIES[other_kind].advice.setdefault(other, of_other)
  scores = os.path.join(model_dir, 'eval')
  for name in files.names_in(scores) if os.path.isdir(scores) else ():
    advise_copies(os.path.join(scores, name, 'code'))


def advise_copies(folder: str) -> None:
  """Gives the registry the advice to import the copies of components in a folder of sources."""
  for file in files.names_in(folder):
    copy = os.path.join(folder, file)
    for kind, name in registry.outside.names_in(copy):
      if not _is_known(kind, name):
        told = f'{kind} {name} is not of this package; '
        _REGISTRIES[kind].advice.setdefault(name, told + _use_of_copy(copy, has_imports=True))


def _use_of_copy(copy: str, *, has_imports: bool) -> str:
  if not has_imports:
    return f'put {copy} and its imports into a file for --import'
  return f'download {copy} for --import' if '://' in copy else f'--import={copy} takes the copy'


@functools.cache  # Once is enough: a run's record is read several times.
def _warn_if_other(path: str, component: str, digest: str, copy: str) -> None:
  """Warns if the file of a component that is known by the name is not as it was in the run."""
  if path.startswith(_PACKAGE) or not os.path.isfile(path):
    return  # The revision tells of the package's own files, and cells of notebooks have none.
  with open(path, 'rb') as file:
    if hashlib.sha256(file.read()).hexdigest()[:16] != digest:
      _log.warning('%s: %s is not as in the run; that is in %s', component, path, copy)


def _is_known(kind: str, name: str) -> bool:
  return name in _REGISTRIES[kind].components()


def _problem_of(place: str) -> str:
  """Adds a file or module to the registry; returns why that is not possible, or ''."""
  try:
    registry.outside.add(place, asked=False)
  except UsageError as error:
    return str(error.args[0]).removeprefix(f'--import={place}: ')
  return ''
