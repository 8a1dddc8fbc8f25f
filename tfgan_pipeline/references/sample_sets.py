"""Sets of images that any program made: a folder of pictures, or an array in an .npy or .npz file.

    split = sample_split('/tmp/samples.npz', '--generated_dir', options)

Nothing but uint8 [n, height, width, channels] is taken from an array: other dtypes, ranges and
orders of axes are refused, since a guess would give a score of other images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import hashlib
from typing import NoReturn

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.checks import axes_problem
from tfgan_pipeline.references.array_file import EXTENSIONS, StoredArray, arrays_in
from tfgan_pipeline.runs import files

_LUMINANCE = np.array([19595, 38470, 7471])  # Of 65536: ITU-R 601, as Pillow rounds it.


def sample_split(
  path: str,
  flag: str,
  options: EvaluationOptions,
  image_shape: Sequence[int] | None = None,
) -> Split:
  """Returns a split of all images at `path`, in stored order; without labels.

  Args:
    path: A folder of pictures, or an .npy or .npz file of images.
    flag: Flag that named the path, for messages.
    options: `resize_pictures` and `picture_channels` say how pictures are read.
    image_shape: (height, width, channels) of the images that these are compared with.

  Raises:
    UsageError: There are no images, one cannot be read, or they differ in shape.
  """
  if path.endswith(EXTENSIONS) and not files.is_folder(path):
    if options.resize_pictures:
      raise UsageError(f'--resize_pictures: of pictures in folders, and {flag}={path} is an array')
    split: Split = ArraySplit(path, flag)
  else:
    split = picture_split(path, flag, size=options.resize_pictures, image_shape=image_shape)
  channels = options.picture_channels
  return with_channels(split, channels, f'{flag}={path}') if channels else split


def class_names(split: Split) -> tuple[str, ...]:
  """Returns the sorted names of the folders at the top; () if some pictures lie in none."""
  names = [name.split('/') for name in split.names]
  is_sorted = all(len(parts) > 1 for parts in names)
  return tuple(sorted({parts[0] for parts in names})) if is_sorted else ()


def folder_labels(split: Split, classes: Sequence[str]) -> np.ndarray | None:
  """Returns the class of each picture by its folder, int [n]; None if the folders are no classes.

  Args:
    split: Pictures of a folder.
    classes: Names of the classes in the order of their labels.
  """
  found = class_names(split)
  if not found or not set(found) <= set(classes):
    return None
  return np.array([classes.index(name.split('/')[0]) for name in split.names])


class _ReadOnce(Split):
  """Base class of splits that are read in stored order and never trained on."""

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> NoReturn:
    raise NotImplementedError('samples are scored, and not trained on')

  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> NoReturn:
    raise NotImplementedError('samples are scored, and not trained on')


class ArraySplit(_ReadOnce):
  """Split of the images in an .npy or .npz file, which are read a batch at a time.

  Args:
    path: Path of the file.
    flag: Flag that named the file, for messages.

  Raises:
    UsageError: The file holds no images uint8 [n, H, W, C] or grey [n, H, W], or several arrays of
      images; or the first of its images are black but for ones.
  """

  def __init__(self, path: str, flag: str):
    try:
      self._array = _find_images(arrays_in(path))
      first = next(self._array.blocks(256), np.zeros(0))
      if not first.size:
        raise UsageError('holds no images')
    except UsageError as error:
      text = str(error).removeprefix(f'{path}: ')
      raise UsageError(f'{flag}={path}: {text}') from None
    self.names: tuple[str, ...] = ()
    self.size = self._array.shape[0]
    shape = self._array.shape[1:]
    self.image_shape = shape if len(shape) == 3 else (*shape, 1)
    if first.max() <= 1:
      raise UsageError(
        f'{flag}={path}: its values are 0 and 1; images are 0 to 255, np.rint(255 * x)'
      )

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for block in self._array.blocks(batch_size):
      images = block.reshape(-1, *self.image_shape)
      yield {'image': images, 'label': np.zeros(len(images), np.int32)}

  def add_content(self, digest: hashlib._Hash) -> None:
    for batch in self.ordered(1024):
      digest.update(np.ascontiguousarray(batch['image']).data)


def _find_images(arrays: Mapping[str, StoredArray]) -> StoredArray:
  """Returns the only array that looks like images; raises UsageError that names no flag."""
  found = {name: array for name, array in arrays.items() if len(array.shape) in (3, 4)}
  stored = ', '.join(f'{name} {array}'.strip() for name, array in arrays.items())
  pixels = {name: array for name, array in found.items() if array.dtype == np.uint8}
  if len(pixels or found) != 1:
    raise UsageError(f'should hold one array of images uint8 [n, H, W, C], and holds {stored}')
  (array,) = (pixels or found).values()
  if problem := axes_problem(array.dtype, array.shape):
    raise UsageError(problem)
  return array


class _ChannelSplit(_ReadOnce):
  """Images of another split as grey ones, or as RGB.

  Args:
    split: The other split, of 1, 3 or 4 channels.
    channels: 1 for luminance, which of three equal channels is any of them; 3 for three channels,
      of grey images equal ones.
  """

  def __init__(self, split: Split, channels: int):
    self.size = split.size
    self.image_shape = (*split.image_shape[:2], channels)
    self.names = split.names
    self.recipe = getattr(split, 'recipe', '')
    self._split = split

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for batch in self._split.ordered(batch_size):
      images = batch['image']
      if images.shape[-1] == 1:
        images = np.repeat(images, self.image_shape[2], axis=-1)
      elif self.image_shape[2] == 1:
        images = ((images @ _LUMINANCE + 32768) >> 16)[..., np.newaxis].astype(np.uint8)
      yield {**batch, 'image': images}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(f'channels {self.image_shape[2]}'.encode())
    self._split.add_content(digest)


def with_channels(split: Split, channels: int, name: str) -> Split:
  """Returns a split's images with 1 or 3 channels; the split itself if it has as many.

  Raises:
    UsageError: The images have alpha.
  """
  if split.image_shape[2] == channels:
    return split
  if split.image_shape[2] not in (1, 3):
    raise UsageError(
      f'--picture_channels={channels}: of grey and RGB images, and those of {name} are '
      f'{split.image_shape}'
    )
  return _ChannelSplit(split, channels)


def is_grey(split: Split) -> bool:
  """Returns whether all images have three equal channels; reads up to the first that has not."""
  return split.image_shape[2] == 3 and all(
    (batch['image'] == batch['image'][..., :1]).all() for batch in split.ordered(256)
  )
