"""Components outside of the package: of files and modules for --import, and of installed packages.

    registry.outside.add('path/mine.py')
    registry.outside.add('my_gan.losses')

Their source is read as that of the package is. Its code runs when one of its components is built. A
package is found by its entry points of the group tfgan_pipeline.components, each of which names a
module: `losses = my_gan.losses`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import sys

from tfgan_pipeline.errors import ComponentError, UsageError, first_line
from tfgan_pipeline.registry import component_files
from tfgan_pipeline.registry.calls import Component

GROUP = 'tfgan_pipeline.components'


class Outside:
  """All components of files, modules and packages that are not of tfgan_pipeline.

  Args:
    known: For each kind, a function that returns its components that are known already, by name.

  Attributes:
    named: Absolute paths and names of modules that a user asked for, in order.
    importing: What is being imported, as `add` was given it; '' while nothing is.
  """

  def __init__(self, known: Mapping[str, Callable[[], dict[str, Component]]]):
    self.named: list[str] = []
    self.importing = ''
    self._known = known
    self._components: dict[str, dict[str, Component]] = {kind: {} for kind in known}
    self._labels: dict[str, str] = {}  # How messages call a module, by its dotted name.
    self._paths: dict[str, str] = {}  # Files of modules that were given as files.
    self._contents: set[bytes] = set()
    self._asked: set[str] = set()
    self._has_packages = False

  def components(self, kind: str) -> dict[str, Component]:
    """Returns the components of a kind by name."""
    return self._components[kind]

  def owner(self, kind: str, name: str) -> Component | None:
    """Returns the component that owns a name: one of a file or module that a user asked for."""
    component = self._components[kind].get(name)
    return component if component and component.module in self._asked else None

  def module_of(self, kind: str, name: str) -> str:
    """Returns the dotted name by which the module of a component can be imported anywhere.

    '' if the component is not of a module or package, but of a file or the running program.
    """
    component = self._components[kind].get(name)
    return component.module if component and component.module not in self._paths else ''

  def add(self, name: str, *, asked: bool = True) -> None:
    """Finds the components of a file or module, as --import names it.

    A file whose content equals that of an earlier one adds nothing.

    Args:
      name: A path that ends in '.py', or the dotted name of a module or package.
      asked: Whether a user asked for this one. The running program may register components under
        the names of others.

    Raises:
      UsageError: There is no such file or module, no component is in it, or one is invalid or has
        a name that is taken.
    """
    label = f'--import={name}'
    is_file = name.endswith('.py') or os.sep in name
    path = os.path.abspath(os.path.expanduser(name))
    try:
      files = [(path, _module_name(path))] if is_file else list(_files_of_module(name))
      if is_file and not os.path.isfile(path):
        kind = 'a folder; name a file in it' if os.path.isdir(path) else 'no such file'
        raise UsageError(f'{kind}; a run keeps copies of its files in its folder code/')
      found = sum(self._read(file, module, label) for file, module in files)
    except (UsageError, ComponentError, OSError) as error:
      raise UsageError(f'{label}: {error}') from None
    if not found:
      raise UsageError(
        f'{label}: registers no component; write @registry. and its kind above a def, as in '
        'docs/extending.md'
      )
    if is_file:
      self._paths[_module_name(path)] = path
    if asked:
      self._asked.update(module for _, module in files)
      if (place := path if is_file else name) not in self.named:
        self.named.append(place)

  def names_in(self, path: str) -> list[tuple[str, str]]:
    """Returns kind and name of the components in a file, which stay unknown; [] if it has none."""
    file = pathlib.Path(path)
    if not file.is_file():
      return []
    try:
      found = list(component_files.read_components(file, _module_name(path), self._known))
    except ComponentError:
      return []
    return [(kind, component.name) for kind, component in found]

  def find_packages(self) -> None:
    """Finds the components of installed packages; does nothing from the second call on.

    Raises:
      ComponentError: A package has no such module, or a component that is invalid or whose name is
        taken.
    """
    if self._has_packages:
      return
    self._has_packages = True
    for entry in importlib.metadata.entry_points(group=GROUP):
      label = f'package {entry.dist.name if entry.dist else entry.name}, installed here'
      try:
        for file, module in _files_of_module(entry.module):
          self._read(file, module, label)
      except (UsageError, ComponentError) as error:
        raise ComponentError(f'{label}: {error}') from None

  def _read(self, path: str, module: str, label: str) -> bool:
    """Adds the components of a file; returns whether there are any, or were in an equal file."""
    file = pathlib.Path(path)
    content = hashlib.sha256(file.read_bytes()).digest()
    if content in self._contents:
      return True
    components = list(component_files.read_components(file, module, self._known))
    for kind, component in components:
      owner = self._known[kind]().get(component.name)
      if owner and owner.file != component.file:
        raise ComponentError(
          f'{component.place}: {kind} {component.name}: the name is taken, see {owner.place}; '
          'rename yours'
        )
    for kind, component in components:
      self._components[kind][component.name] = component
      self._labels[component.module] = label
    if components:
      self._contents.add(content)
    return bool(components)

  def load(self, kind: str, name: str) -> None:
    """Imports the module of a component, which thereby registers itself.

    Raises:
      UsageError: The module cannot be imported.
    """
    module = self._components[kind][name].module
    label = self._labels[module]
    with self._importing(label):
      try:
        if module in self._paths:
          _run_file(self._paths[module], module)
        else:
          importlib.import_module(module)
      except (UsageError, ComponentError):
        raise
      except (Exception, SystemExit) as error:
        reason = f'{type(error).__name__}: {first_line(error)}'
        raise UsageError(f'{label}: cannot be imported ({reason})') from error

  @contextlib.contextmanager
  def _importing(self, label: str) -> Iterator[None]:
    outer, self.importing = self.importing, label
    try:
      yield
    finally:
      self.importing = outer

  def refuse_runs(self) -> None:
    """Raises UsageError while a module is imported for its components: importing makes no run."""
    if self.importing:
      raise UsageError(
        f"{self.importing}: makes a run when imported; put that under if __name__ == '__main__':"
      )


def _module_name(path: str) -> str:
  """Returns a name for the module of a file, which no module of another path has."""
  stem = re.sub(r'\W', '_', os.path.basename(path).removesuffix('.py'))
  return f'{stem}_{hashlib.sha256(path.encode()).hexdigest()[:8]}'


def _run_file(path: str, module: str) -> None:
  """Imports a file as the module of a name; modules beside the file can be imported by the file."""
  if os.path.dirname(path) not in sys.path:
    sys.path.append(os.path.dirname(path))
  spec = importlib.util.spec_from_file_location(module, path)
  assert spec and spec.loader  # The name of the file ends in '.py', or it is read as source.
  sys.modules[module] = importlib.util.module_from_spec(spec)
  try:
    spec.loader.exec_module(sys.modules[module])
  except BaseException:
    del sys.modules[module]
    raise


def _files_of_module(name: str) -> Iterator[tuple[str, str]]:
  """Yields path and dotted name of the files of a module or package that mention this package.

  Nothing is imported. The name of a package ends in '.__init__' for its own file.

  Raises:
    UsageError: There is no such module, or it is no Python source.
  """
  spec = _find_spec(name)
  if spec is None:
    hint = f'--import={name}.py' if os.path.isfile(f'{name}.py') else 'a file by path/to/it.py'
    raise UsageError(f'no module of this name can be imported; name it in full, or {hint}')
  folders = spec.submodule_search_locations
  if not folders:
    if not (spec.origin or '').endswith('.py'):
      raise UsageError('this module is no Python source')
    yield str(spec.origin), name
  for folder in folders or ():
    for path in sorted(pathlib.Path(folder).rglob('*.py')):
      if b'tfgan_pipeline' in path.read_bytes():
        relative = path.relative_to(folder).with_suffix('')
        yield str(path), '.'.join((name, *relative.parts))


def _find_spec(name: str) -> importlib.machinery.ModuleSpec | None:
  """Returns the spec of a module without importing the packages that it is in; None if missing."""
  path = spec = None
  parts = name.split('.')
  for count in range(1, len(parts) + 1):
    part = '.'.join(parts[:count])
    finders = (finder.find_spec(part, path) for finder in sys.meta_path)
    spec = next(filter(None, finders), None)
    if spec is None:
      return None
    path = spec.submodule_search_locations
    if path is None and count < len(parts):
      return None
  return spec
