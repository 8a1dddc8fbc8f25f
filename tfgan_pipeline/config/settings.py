"""Frozen dataclasses whose fields are flags: the base of Experiment and EvaluationOptions.

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Options(Settings):
      batch_size: int = setting(64, 'Images per update.', minimum=1)

    Options.define_flags()                      # before flags are parsed
    options = Options.from_flags(flags.FLAGS)   # UsageError names the flag at fault

A field added to such a class thereby gets a flag, a check, and a place in every saved file.
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
  later: bool = False,
) -> Any:
  """Declares a field of a Settings dataclass together with its flag.

  Args:
    default: Default of field and flag; its type is the type of the flag.
    help: Text for --help.
    defines: Whether another value makes another experiment, or scores that are not comparable.
      With False, a run may be resumed with another value.
    minimum: Smallest number allowed.
    below: Bound that numbers must stay below.
    choices: Words allowed, for a string.
    one_of: Registry of which the string must name exactly one component; '' is allowed, too, if it
      is the default.
    some_of: Registry of which the string may name any number of components.
    once: Whether `some_of` refuses a component that is named twice.
    path: Whether the string is a path; ~ is expanded and the path made absolute.
    size: Whether the value is a size of images, a number of pixels a side or (height, width); the
      flag's text is '64' or '64,128'.
    later: Whether records leave the field out at its default, as they did before it existed.
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
      later=later,
    ),
  )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
  """Base class of dataclasses with a flag per field, declared by `setting`.

  Values are checked, and converted by `canonical_value`, when an object is made.

  Raises:
    UsageError: A value is not allowed; the message names the flag.
  """

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
    """Defines one flag per field.

    Args:
      only: Names of the fields that get a flag; by default all.
      recorded: Whether flags default to None, for binaries that read the value from a run's record.
      flag_values: The absl flags to define them in.
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
    """Returns the settings that parsed flags describe.

    Raises:
      UsageError: A value is not allowed; the message names the flag.
    """
    return cls(**{field.name: getattr(values, field.name) for field in dataclasses.fields(cls)})

  @classmethod
  def given_flags(cls, values: flags.FlagValues) -> dict[str, Any]:
    """Returns the values, by field name, that the command line or a flagfile gives."""
    names = [field.name for field in dataclasses.fields(cls)]
    return {name: values[name].value for name in names if not values[name].using_default_value}

  def to_dict(self) -> dict[str, Any]:
    """Returns all values by field name; leaves out later fields at their defaults."""
    later = {f.name: f.default for f in dataclasses.fields(self) if f.metadata['later']}
    values = dataclasses.asdict(self)
    return {name: value for name, value in values.items() if later.get(name, ...) != value}

  def changed(self) -> dict[str, Any]:
    """Returns the settings that are not at their defaults, by name, short for people to read.

    `model_dir` is left out: a run may move.
    """
    default = type(self)()
    return {
      field.name: short_value(field, value)
      for field in dataclasses.fields(self)
      if (value := getattr(self, field.name)) != getattr(default, field.name)
      and field.name != 'model_dir'
    }


def as_flag(name: str, value: object) -> str:
  """Returns the value of a setting as a flag, such as --seed=0 or --evaluate=true."""
  return f'--{name}={str(value).lower() if isinstance(value, bool) else value}'


def canonical_value(field: dataclasses.Field[Any], value: Any) -> Any:
  """Checks a value of a field and returns it in a form in which equal choices compare equal.

  Call strings get all their arguments (`adam` becomes 'adam(learning_rate=0.0002, ...)'), paths
  become absolute, and ints become floats in float fields.

  Args:
    field: A field made by `setting`.
    value: Value for the field, as a caller or a flag gives it.

  Raises:
    UsageError: The field does not allow the value.
  """
  default: Any = field.default
  kind, rules = type(default), field.metadata
  if rules['size']:
    return _check_size(value, rules['minimum'])
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
    # Absolute, as files that record the path are read from other working directories. An existing
    # path that starts with ~ is taken literally.
    return os.path.abspath(value if os.path.exists(value) else os.path.expanduser(value))
  return value


def updated_value(field: dataclasses.Field[Any], value: Any) -> Any:
  """Returns a recorded value in today's form, with arguments that its component gained since."""
  try:
    return canonical_value(field, value)
  except UsageError:  # A component of another script or version.
    return value


def short_value(field: dataclasses.Field[Any], value: Any) -> Any:
  """Returns a value for people to read: calls of components without arguments at their defaults.

  Args:
    field: A field made by `setting`.
    value: Value of the field.
  """
  kind = field.metadata['one_of'] or field.metadata['some_of']
  try:
    calls = kind.parse_all(value) if kind else ()
  except UsageError:  # A component of another script or version.
    return value
  short = []
  for call in calls:
    defaults = {one.name: one.default for one in kind.components()[call.name].parameters}
    given = {name: value for name, value in call.arguments.items() if value != defaults[name]}
    short.append(str(dataclasses.replace(call, arguments=given)))
  return ', '.join(short) or value


def _check_size(value: Any, minimum: int) -> int | tuple[int, int]:
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
