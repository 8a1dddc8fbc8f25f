"""Formats of exports, and the packages that writing them needs.

checked_formats('savedmodel,onnx')     # ('savedmodel', 'onnx')
"""

from __future__ import annotations

from collections.abc import Sequence
import importlib.util

from tfgan_pipeline.errors import UsageError, did_you_mean

SAVED_MODEL = 'savedmodel'
# Modules that a format needs besides TensorFlow; the extra of this package that installs them has
# the name of the format.
FORMATS = {SAVED_MODEL: (), 'litert': ('ai_edge_litert',), 'onnx': ('tf2onnx', 'onnxruntime')}
# Endings of the names of files by which a folder is known to have a format.
_ENDINGS = {SAVED_MODEL: 'saved_model.pb', 'litert': '.tflite', 'onnx': '.onnx'}


def checked_formats(text: str) -> tuple[str, ...]:
  """Returns the formats that a string names, with commas between them.

  Raises:
    UsageError: There is no such format, or a package is missing.
  """
  formats = tuple(dict.fromkeys(name.strip() for name in text.split(',')))
  for name in formats:
    if name not in FORMATS:
      raise UsageError(
        f'--format={text}: {name!r} should be one of {", ".join(FORMATS)}, or several with commas'
        f'{did_you_mean(name, list(FORMATS))}'
      )
    missing = [module for module in FORMATS[name] if importlib.util.find_spec(module) is None]
    if missing:
      raise UsageError(
        f'--format={name}: {" and ".join(missing)} missing; '
        f'python -m pip install "tfgan-pipeline[{name}]"'
      )
  return formats


def require_room(path: str, names: Sequence[str], formats: Sequence[str]) -> None:
  """Raises UsageError for a folder in which an export would lie beside files of something else.

  Args:
    path: The folder.
    names: Names of what the folder holds.
    formats: The formats that are going to be written.
  """
  if not names:
    return
  if not any(name.endswith(tuple(_ENDINGS.values())) for name in names):
    raise UsageError(f'--output={path}: holds other files, such as {names[0]}; name a new folder')
  for format, ending in _ENDINGS.items():
    stale = [name for name in names if name.endswith(ending) and format not in formats]
    if stale:
      raise UsageError(
        f'--output={path}: holds {stale[0]} of an earlier export, which --format='
        f'{",".join(formats)} would leave there; name a new folder, or add {format}'
      )
