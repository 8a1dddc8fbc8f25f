"""`--dataset="arrays('faces.npy', labels='labels.npy')" --data_dir=/data`: NumPy's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging
import os
import re

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.arrays import array_files
from tfgan_pipeline.data.arrays.pictures import Part, Reading, dataset_of_parts
from tfgan_pipeline.data.arrays.pixels import AXES
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

_log = logging.getLogger(__name__)
# What stands for each split in names, besides the name itself.
SPLIT_WORDS: Mapping[str, Sequence[str]] = {
  'train': ('train', 'training'),
  'validation': ('validation', 'valid', 'val'),
  'test': ('test', 'testing'),
}
_SPLIT = '{split}'


@registry.dataset
def arrays(
  options: DataOptions,
  *,
  file: str | tuple[str, ...],
  key: str = '',
  labels: str | tuple[str, ...] = '',
  range: tuple[float, float] | str = '',
  axes: str = 'NHWC',
  classes: tuple[str, ...] = (),
  validation: float = 0.1,
  test: float = 0.1,
) -> Dataset:
  """Pictures in NumPy's files under --data_dir: npy, npz, or several shards of either.

  Nothing in the files is run. Files beyond the memory limit stay on disk, mapped into memory.

  Args:
    options: `data_dir` (may be gs://) and the memory limit.
    file: A path below data_dir, or an absolute one, a pattern such as 'part-*.npy', or several of
      these in order. With `{split}` in it, as in '{split}.npy', files called train, val, test and
      the like are splits.
    key: Name of the pictures in npz files; not needed where only one array looks like pictures.
      'x_{split}' takes x_train, x_test and the like as splits.
    labels: Name of the labels in the same npz files, or their own file or files, [N] of whole
      numbers or texts; '' for none. May hold `{split}`.
    range: The two values that stand for black and white, such as (-1, 1); 'data' for the smallest
      and the largest. Not needed for uint8.
    axes: NHWC or NCHW. Grey pictures may lack the axis of channels.
    classes: Names of the classes 0, 1, and so on; by default labels are their own names.
    validation: Share held out for validation, in proportion to the classes, where files name no
      splits.
    test: Share held out for the final evaluation, where files name no splits.

  Raises:
    UsageError: There is no such file or array, or it holds other than pictures of one shape; the
      message says what to do.
  """
  if axes not in AXES:
    raise UsageError(f"dataset 'arrays': axes={axes} should be {' or '.join(AXES)}")
  reading = Reading(range, axes, classes, validation, test)
  limit = options.memory_limit_gb * 1e9
  texts = (file,) if isinstance(file, str) else file
  label_texts = (labels,) if isinstance(labels, str) else labels
  parts: dict[str, Part] = {}
  if any(_SPLIT in text for text in (*texts, key, *label_texts)):
    for split, words in SPLIT_WORDS.items():
      for word in words:
        part = _find_part(options.data_dir, texts, key, label_texts, limit, word=word)
        if part and split in parts:
          raise UsageError(f"dataset 'arrays': {part.names[0]}: {split} is there by two names")
        parts |= {split: part} if part else {}
    if 'train' not in parts:
      raise UsageError(
        f"dataset 'arrays': nothing is there with train for {_SPLIT} in {file} and key={key!r}"
      )
  else:
    parts['train'] = _read_part(options.data_dir, texts, key, label_texts, limit)
  name = os.path.basename(texts[0] if texts else '').split('.')[0]
  return dataset_of_parts(
    re.sub(r'[^\w-]+', '-', name).strip('-') or 'arrays', parts, reading, memory_bytes=limit
  )


def _find_part(
  root: str | None,
  texts: Sequence[str],
  key: str,
  labels: Sequence[str],
  limit: float,
  *,
  word: str,
) -> Part | None:
  """Returns the part whose names have `word` in place of {split}; None if there is none."""
  texts = [text.replace(_SPLIT, word) for text in texts]
  key, labels = key.replace(_SPLIT, word), [text.replace(_SPLIT, word) for text in labels]
  paths = [path for text in texts for path in _matches(root, text)]
  if not paths or key and not all(key in array_files.kinds_in(path) for path in paths):
    return None
  return _read_part(root, texts, key, labels, limit)


def _read_part(
  root: str | None, texts: Sequence[str], key: str, labels: Sequence[str], limit: float
) -> Part:
  paths = _paths(root, texts)
  keys = [_picture_key(path, key, told=any(labels)) for path in paths]
  pictures = [array_files.open_array(path, k, limit=limit) for path, k in zip(paths, keys)]
  names = [f'{os.path.basename(path)}[{k}]' if k else path for path, k in zip(paths, keys)]
  return Part(pictures, _label_arrays(root, paths, labels, limit), names)


def _paths(root: str | None, texts: Sequence[str]) -> list[str]:
  """Returns the files that texts name, in their order; raises UsageError for one that names none.

  Files of one pattern are in the order of their names, in which numbers count as numbers.
  """
  if not texts:
    raise UsageError("dataset 'arrays': file=() names no file")
  paths = []
  for text in texts:
    found = _matches(root, text)
    if not found:
      raise UsageError(f'{_below(root, text)}: there is no such file')
    paths += found
  return paths


def _matches(root: str | None, text: str) -> list[str]:
  path = _below(root, text)
  if files.exists(path):
    return [path]
  found = files.matches(path) if re.search(r'[*?[]', path) else []
  return sorted(found, key=lambda one: [part.zfill(20) for part in re.split(r'(\d+)', one)])


def _below(root: str | None, text: str) -> str:
  path = os.path.join(root or '', os.path.expanduser(text))
  if not os.path.isabs(path) and files.is_local(path):
    # A run may be continued and scored from other folders.
    raise UsageError(f"--data_dir: name the folder of {text}, or give the file's absolute path")
  return path


def _picture_key(path: str, key: str, *, told: bool) -> str:
  """Returns the name of the pictures in a file; '' for an npy file."""
  kinds = array_files.kinds_in(path)
  if '' in kinds:
    if key:
      raise UsageError(f'{path}: is an npy file, which holds one array; leave key={key} out')
    return ''
  listed = ', '.join(f'{name} {kind}' for name, kind in kinds.items()) or 'no arrays'
  if key:
    if key not in kinds:
      raise UsageError(f'{path}: has no {key}; it holds {listed}')
    return key
  found = [name for name, kind in kinds.items() if len(kind.shape) in (3, 4)]
  if len(kinds) == 1:
    found = list(kinds)
  if len(found) != 1:
    raise UsageError(f'{path}: holds {listed}; say which are the pictures: key=')
  count = kinds[found[0]].shape[:1]
  for name, kind in kinds.items():
    if name != found[0] and kind.shape[:1] == count and not told:
      _log.info('%s: labels=%s would read its %s as classes', path, name, kind)
  return found[0]


def _label_arrays(
  root: str | None, paths: Sequence[str], labels: Sequence[str], limit: float
) -> list[np.ndarray]:
  """Returns arrays of labels, of one name in all files or of files of their own."""
  if not any(labels):
    return []
  if all(text.endswith(('.npy', '.npz')) for text in labels):
    own = _paths(root, labels)
    return [array_files.open_array(path, _only_key(path), limit=limit) for path in own]
  if len(labels) > 1:
    raise UsageError(f'labels={tuple(labels)}: should be npy files, or one name in npz files')
  arrays = []
  for path in paths:
    kinds = array_files.kinds_in(path)
    if labels[0] not in kinds or '' in kinds:
      holds = 'pictures alone' if '' in kinds else ', '.join(kinds)
      raise UsageError(
        f"{path}: has no {labels[0]}, but {holds}; labels='labels.npy' names a file of labels"
      )
    arrays.append(array_files.open_array(path, labels[0], limit=limit))
  return arrays


def _only_key(path: str) -> str:
  kinds = array_files.kinds_in(path)
  if len(kinds) != 1:
    raise UsageError(f'{path}: holds {", ".join(kinds)}; a file of labels holds one array')
  return next(iter(kinds))
