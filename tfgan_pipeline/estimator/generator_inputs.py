"""Generator inputs of TF-GAN: one tensor, or tuples and dictionaries of noise and a label.

    form = Form.of((noise, one_hot_labels))          # of a first batch
    form.text                                        # "('noise:64', 'one_hot:10')"
    form.unpack((noise, one_hot_labels))             # {'noise': [n, 64], 'label': int32 [n]}
    form.pack([noise, label])                        # (noise, one_hot_labels)

A run holds its inputs as noise and a class, like any conditional game, so that classes can be asked
for; functions get them in the form that their input_fn gives.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
import dataclasses
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError

_NOISE, _ONE_HOT, _NUMBER = 'noise', 'one_hot', 'label'
_ALLOWED = (
  'generator inputs may be noise, float [n, d], and one label, int [n] or one-hot [n, classes], in '
  'tuples or dictionaries'
)


@dataclasses.dataclass(frozen=True)
class Form:
  """Form of generator inputs.

  Attributes:
    text: Literal of Python with a text in place of each tensor: 'noise:SIZE', 'one_hot:CLASSES',
      or 'label:DIMENSIONS' for a number of a class; a dtype other than float32 or, of numbers,
      int32 comes last.
  """

  text: str

  @classmethod
  def of(cls, inputs: Any) -> Form:
    """Returns the form of a batch of generator inputs.

    Raises:
      UsageError: The inputs are something else than noise and a label.
    """
    form = cls(repr(tf.nest.map_structure(_leaf, _plain(inputs))))
    kinds = [leaf.split(':')[0] for leaf in form._leaves]
    if _NOISE not in kinds:
      raise UsageError(f'input_fn: no noise is among the generator inputs; {_ALLOWED}')
    if len(kinds) - kinds.count(_NOISE) > 1:
      raise UsageError(f'input_fn: generator inputs have several labels; {_ALLOWED}')
    return form

  @property
  def _structure(self) -> Any:
    return ast.literal_eval(self.text)

  @property
  def _leaves(self) -> list[str]:
    return tf.nest.flatten(self._structure)

  @property
  def has_label(self) -> bool:
    """Whether a label is among the inputs."""
    return any(not leaf.startswith(_NOISE) for leaf in self._leaves)

  @property
  def is_plain(self) -> bool:
    """Whether the inputs are one tensor of noise."""
    return isinstance(self._structure, str)

  def classes(self, labels: np.ndarray) -> int:
    """Returns the number of classes: that of one-hot labels, or one above the largest number.

    Args:
      labels: Labels int [n] of examples.
    """
    sizes = [int(leaf.split(':')[1]) for leaf in self._leaves if leaf.startswith(_ONE_HOT)]
    return sizes[0] if sizes else int(labels.max()) + 1

  def unpack(self, inputs: Any) -> dict[str, tf.Tensor]:
    """Returns 'noise', float32 [n, d], and 'label', int32 [n], if there is one, of given inputs."""
    noise, label = [], {}
    for leaf, value in zip(self._leaves, tf.nest.flatten(_plain(inputs)), strict=True):
      kind = leaf.split(':')[0]
      if kind == _NOISE:
        noise.append(tf.cast(value, tf.float32))
      elif kind == _ONE_HOT:
        label['label'] = tf.argmax(value, axis=1, output_type=tf.int32)
      else:
        label['label'] = tf.reshape(tf.cast(value, tf.int32), [-1])
    return {'noise': noise[0] if len(noise) == 1 else tf.concat(noise, 1), **label}

  def pack(self, parts: Sequence[tf.Tensor]) -> Any:
    """Returns inputs in their form, of noise float32 [n, d] and perhaps labels int32 [n]."""
    sizes = [int(leaf.split(':')[1]) for leaf in self._leaves if leaf.startswith(_NOISE)]
    noise = iter(tf.split(parts[0], sizes, axis=1) if len(sizes) > 1 else parts[:1])
    values = []
    for leaf in self._leaves:
      kind, size, *dtype = leaf.split(':')
      if kind == _NOISE:
        values.append(next(noise))
      elif kind == _ONE_HOT:
        values.append(tf.one_hot(parts[1], int(size), dtype=dtype[0] if dtype else 'float32'))
      else:
        label = tf.cast(parts[1], dtype[0] if dtype else 'int32')
        values.append(label if size == '0' else label[:, None])
    return tf.nest.pack_sequence_as(self._structure, values)


def _plain(inputs: Any) -> Any:
  """Returns inputs whose tuples have no names, which a text would not keep."""
  for part in [inputs, *(inputs.values() if isinstance(inputs, dict) else ())]:
    if hasattr(part, '_fields'):
      raise UsageError(f'input_fn: {type(part).__name__} is a named tuple; {_ALLOWED}')
  return inputs


def _leaf(value: tf.Tensor) -> str:
  """Returns the text that stands for one tensor [n, ...] of a first batch."""
  shape, dtype = value.shape[1:], value.dtype
  if dtype.is_integer and shape in ([], [1]):
    return f'{_NUMBER}:{shape.rank}' + ('' if dtype == tf.int32 else f':{dtype.name}')
  if shape.rank == 1 and (dtype.is_floating or dtype.is_integer):
    if shape[0] > 1 and _is_one_hot(value.numpy()):
      return f'{_ONE_HOT}:{shape[0]}' + ('' if dtype == tf.float32 else f':{dtype.name}')
    if dtype.is_floating:
      return f'{_NOISE}:{shape[0]}'
  raise UsageError(f'input_fn: gives {dtype.name} {value.shape}; {_ALLOWED}')


def _is_one_hot(values: np.ndarray) -> bool:
  return bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())
