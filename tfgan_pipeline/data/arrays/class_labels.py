"""Labels as they lie beside arrays, to class names and numbers 0 to K - 1.

classes, numbers = read_labels({'train': np.array(['cat', 'dog'])}, 'labels.npy')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfgan_pipeline.errors import UsageError


def read_labels(
  labels: Mapping[str, np.ndarray], where: str, names: Sequence[str] = ()
) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
  """Returns the names of the classes and the class of each example.

  Args:
    labels: By split, whole numbers or texts [N] or [N, 1].
    where: Start of the error message.
    names: Names of the classes 0, 1, and so on; by default the labels themselves, sorted.

  Returns:
    (names, int32 [N] by split).

  Raises:
    UsageError: Labels are no classes, or have no name; the message says what to do.
  """
  flat = {split: _flatten(values, where) for split, values in labels.items()}
  everything = np.concatenate(list(flat.values()))
  is_text = everything.dtype.kind in 'US'
  if not names:
    values = np.unique(everything)
    classes = tuple(_text(value) for value in values)
    return classes, {
      split: np.searchsorted(values, part).astype(np.int32) for split, part in flat.items()
    }
  places: dict[object, int] = {name if is_text else i: i for i, name in enumerate(names)}
  unknown = next((v for v in np.unique(everything).tolist() if _key(v) not in places), None)
  if unknown is not None:
    raise UsageError(
      f'{where}: has the label {_text(unknown)}, for which classes=({", ".join(names)}) has no name'
    )
  return tuple(names), {
    split: np.array([places[_key(value)] for value in part.tolist()], np.int32)
    for split, part in flat.items()
  }


def _flatten(values: np.ndarray, where: str) -> np.ndarray:
  values = np.asarray(values)
  if values.ndim == 2 and values.shape[1] == 1:
    values = values[:, 0]
  if values.ndim == 2:
    raise UsageError(
      f'{where}: {values.shape} is no number per picture; save np.argmax(labels, axis=1) '
      'if each row marks one class'
    )
  if values.ndim != 1:
    raise UsageError(f'{where}: labels are [N], not {values.shape}')
  if values.dtype.kind == 'f' and np.array_equal(values, np.rint(values)):
    values = values.astype(np.int64)
  if values.dtype.kind not in 'buiUS':
    raise UsageError(f'{where}: is {values.dtype}; labels are whole numbers or texts')
  return values.astype(np.int64) if values.dtype.kind == 'b' else values


def _key(value: object) -> object:
  return value.decode(errors='replace') if isinstance(value, bytes) else value


def _text(value: object) -> str:
  return str(_key(value.item() if isinstance(value, np.generic) else value))
