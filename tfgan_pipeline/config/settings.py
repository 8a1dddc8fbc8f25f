"""Frozen dataclasses whose fields are flags: the base of Experiment and EvaluationOptions.

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Options(Settings):
      batch_size: int = setting(64, 'Images per update.', minimum=1)

    Options.define_flags()                      # before flags are parsed
    options = Options.from_flags(flags.FLAGS)   # UsageError names the flag at fault

A field added to such a class has its flag, its check and its place in every file it is saved to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
import dataclasses
import math
import os
from typing import Any, TypeVar, cast

from absl import flags

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.registry import Registry

Self = TypeVar('Self', bound='Settings')


def setting(
  default: Any,
  help: str,
  *,
  defines: bool = True,
  minimum: float | None = None,
  below: float | None = None,
  choices: tuple[str, ...] = (),
  one_of: Registry[Any] | None = None,
  some_of: Registry[Any] | None = None,
  once: bool = True,
  path: bool = False,
  size: bool = False,
) -> Any:
  """A field and its flag.

  Args:
    default: Its type is the flag's type.
    help: For --help.
    defines: Whether another value makes another experiment, or another kind of score.
    minimum: The least number allowed.
    below: Numbers must be less than this.
    choices: The words allowed, for a string.
    one_of: The registry of which the string names one component, or none if the default is ''.
    some_of: The registry of which the string names any number of components.
    once: Whether each of them may be named only once.
    path: Whether it is a path, in which ~ is the home directory; it becomes absolute.
    size: Whether it is a size of images, a number of pixels a side or (height, width); the flag's
      text is '64' or '64,128'.
  """
  return dataclasses.field(
    default=default,
    metadata=dict(
      help=help,
      defines=defines,
      minimum=minimum,
      below=below,
      choices=choices,
      one_of=one_of,
      some_of=some_of,
      once=once,
      path=path,
      size=size,
    ),
  )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
  """Checked and in canonical form once constructed; construction raises UsageError."""

  def __post_init__(self) -> None:
    for field in dataclasses.fields(self):
      try:
        object.__setattr__(self, field.name, canonical_value(field, getattr(self, field.name)))
      except UsageError as error:
        raise UsageError(f'--{field.name}={getattr(self, field.name)}: {error}') from None

  @classmethod
  def define_flags(
    cls,
    only: Collection[str] | None = None,
    *,
    recorded: bool = False,
    flag_values: flags.FlagValues = flags.FLAGS,
  ) -> None:
    """Defines a flag per field.

    Args:
      only: The fields wanted, if not all.
      recorded: Without a default, for binaries that work on a run, which has recorded the value.
      flag_values: Where, as in absl's own functions.
    """
    for field in dataclasses.fields(cls):
      kind: Any = type(field.default)
      if only is not None and field.name not in only:
        continue
      text, default = field.metadata['help'], cast(Any, field.default)
      if recorded:
        text, default = f'{text} Default: as recorded in the run.', None
      if field.metadata['choices']:
        flags.DEFINE_enum(
          field.name, default, field.metadata['choices'], text, flag_values=flag_values
        )
      elif field.metadata['size']:
        default = None if default is None else str(default)
        flags.DEFINE_string(field.name, default, text, flag_values=flag_values)
      else:
        define: Callable[..., object] = {
          str: flags.DEFINE_string,
          int: flags.DEFINE_integer,
          float: flags.DEFINE_float,
          bool: flags.DEFINE_bool,
        }[kind]
        define(field.name, default, text, flag_values=flag_values)

  @classmethod
  def from_flags(cls: type[Self], values: flags.FlagValues) -> Self:
    """The settings that parsed flags describe."""
    return cls(**{field.name: getattr(values, field.name) for field in dataclasses.fields(cls)})

  def to_dict(self) -> dict[str, Any]:
    return dataclasses.asdict(self)


def canonical_value(field: dataclasses.Field[Any], value: Any) -> Any:
  """The value in canonical form, or UsageError."""
  default: Any = field.default
  kind, rules = type(default), field.metadata
  if rules['size']:
    return _checked_size(value, rules['minimum'])
  if kind is float and isinstance(value, int) and not isinstance(value, bool):
    value = float(value)
  if not isinstance(value, kind) or isinstance(value, bool) and kind is not bool:
    raise UsageError(f'should be {kind.__name__}')
  if isinstance(value, float) and not math.isfinite(value):
    raise UsageError('should be a finite number')
  if rules['minimum'] is not None and value < rules['minimum']:
    raise UsageError(f'should be at least {rules["minimum"]}')
  if rules['below'] is not None and value >= rules['below']:
    raise UsageError(f'should be less than {rules["below"]}')
  if rules['choices'] and value not in rules['choices']:
    raise UsageError(f'should be one of {", ".join(rules["choices"])}')
  if rules['one_of'] and not value == default == '':
    return str(rules['one_of'].parse(value))
  if rules['some_of']:
    calls = rules['some_of'].parse_all(value)
    names = [call.name for call in calls]
    if rules['once'] and len(set(names)) < len(names):
      raise UsageError('names a component twice')
    return ', '.join(map(str, calls))
  if rules['path'] and value and '://' not in value:
    # Absolute, since files that record it are read elsewhere; what exists is meant literally.
    return os.path.abspath(value if os.path.exists(value) else os.path.expanduser(value))
  return value


def _checked_size(value: Any, minimum: int) -> int | tuple[int, int]:
  if isinstance(value, str):
    try:
      numbers = tuple(map(int, value.split(',')))
    except ValueError:
      numbers = ()
    value = numbers[0] if len(numbers) == 1 else numbers
  if type(value) is int and value >= minimum:
    return value
  if isinstance(value, tuple) and len(value) == 2:
    if all(type(side) is int and side > 0 for side in value):
      return value
  raise UsageError(f'should be a number of at least {minimum}, or height,width as in 64,128')
