"""Translation of pictures of any size: padded to what the network takes, large ones in tiles.

    whole = AnySize(translator, seed=0)
    whole.translate([(3, picture)])           # [uint8 [h, w, C]] of picture 3, uint8 [H, W, C]

A picture of the size of training is made as `Translator.outputs` makes it, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import functools
import logging

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.sizes import ratio_of, stride_of
from tfgan_pipeline.sampling.tiles import Blend, TileGrid, offsets, reflected
from tfgan_pipeline.sampling.translator import Translator

_log = logging.getLogger(__name__)

TILE = 512  # A side of tiles of large pictures: 64 maps of this size are 67 MB.
# Pixels, of pictures or outputs, up to which a picture is translated as a whole: 64 maps of them
# are 268 MB, and a network keeps a few such at a time.
_WHOLE = 2**20
_TOGETHER = 2**16  # Pixels of pictures made together, as a smaller batch of them fills a processor.
_LEAST = 4  # Sides of the smallest map, which padding by reflection needs.
_RAMP = 16  # Pixels over which neighbouring tiles blend.
_CHANGE = 1e-6  # Of outputs in [-1, 1]: less is rounding.


class AnySize:
  """Translator of pictures of any height and width.

  Networks that reduce pictures to a single pixel, or that take no other size than that of training,
  get tiles of that size.

  Args:
    translator: The translator, restored.
    seed: Seed of what is random in outputs, if anything is.
    given: Further fields that the task reads, such as the class asked for, a row each without the
      batch axis.
    tile: Pixels of a side of tiles; 0 for 512 where a picture is too large to be made as a whole.
    overlap: Pixels that neighbouring tiles share; None for as many as outputs depend on.

  Attributes:
    translator: The translator.
    stride: Number that sides of pictures are padded to multiples of.

  Raises:
    UsageError: The tiles do not suit the network, or samples are no pictures.
  """

  def __init__(
    self,
    translator: Translator,
    *,
    seed: int = 0,
    given: Mapping[str, np.ndarray] | None = None,
    tile: int = 0,
    overlap: int | None = None,
  ):
    if not (translator.medium.is_picture and translator.source.require_medium().is_picture):
      raise UsageError(f'--task={translator.task.name}: is not from pictures to pictures')
    self.translator = translator
    self._seed, self._given = seed, dict(given or {})
    height, width, _ = translator.source.shape
    self._trained = (height, width)
    networks = [translator.restored.networks[role] for role in translator.task.roles]
    self.stride = max(map(stride_of, networks))
    self._asked_tile, self._overlap = tile, overlap
    if tile or overlap is not None:
      self._check_tile(tile, overlap)

  @functools.cached_property
  def ratio(self) -> int:
    """Pixels of outputs for one pixel that is read."""
    return _ratio(self.translator)

  @functools.cached_property
  def fixed(self) -> tuple[int, int] | None:
    """(height, width) of the only size that the network takes; None if it takes others."""
    if self._takes_others():
      return None
    sides = 'x'.join(map(str, self._trained))
    _log.info(
      'the network takes %s pixels alone: larger pictures are made in tiles of this size, and '
      'tfgan-translate --size=trained resizes pictures to it instead',
      sides,
    )
    return self._trained

  def translate(self, pictures: Sequence[tuple[int, np.ndarray]]) -> list[np.ndarray]:
    """Translates pictures of one shape, uint8 [H, W, C]; returns outputs uint8 [h, w, c].

    Args:
      pictures: Number and pixels of each picture; outputs depend on numbers only if something in
        them is random.

    Raises:
      UsageError: Outputs are not finite, or the task tells no size of outputs for other pictures
        than those of the size of training.
    """
    numbers = np.array([number for number, _ in pictures])
    height, width = pictures[0][1].shape[:2]
    if (height, width) == self._trained:
      return list(self._make(np.stack([picture for _, picture in pictures]), numbers))
    if self._needs_tiles(height, width):
      return [self._in_tiles(number, picture) for number, picture in pictures]
    examples = np.stack(
      [reflected(picture, self._padded_sides(picture)) for _, picture in pictures]
    )
    top, left = offsets((height, width), examples.shape[1:3])
    outputs = self._make(examples, numbers)
    rows = slice(top * self.ratio, (top + height) * self.ratio)
    columns = slice(left * self.ratio, (left + width) * self.ratio)
    return [output[rows, columns] for output in outputs]

  def together(self, height: int, width: int) -> int:
    """Returns how many pictures of a size are made together."""
    sides = (height, width)
    if sides != self._trained and self._needs_tiles(height, width):
      return 1
    return self._block(sides) * self.translator.replicas

  def _block(self, sides: tuple[int, int]) -> int:
    """Returns the number of pictures or tiles of a size that a device makes together.

    It depends on nothing else, since rounding may depend on it.
    """
    block = self.translator.block_size
    if sides == self._trained:
      return block
    return max(1, min(block, _TOGETHER // (sides[0] * sides[1])))

  def _floats(self, examples: np.ndarray, numbers: np.ndarray) -> Iterator[tf.Tensor]:
    rows = {name: np.repeat(value[None], len(numbers), 0) for name, value in self._given.items()}
    given = {**rows, self.translator.task.source: examples}
    size = self._block(examples.shape[1:3])
    return self.translator.floats(given, numbers, seed=self._seed, size=size)

  def _make(self, examples: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    return np.concatenate(
      [self.translator.stored(values) for values in self._floats(examples, numbers)]
    )

  def _takes_others(self) -> bool:
    """Returns whether the network takes pictures of another size than those of training."""
    if self.stride >= min(self._trained):
      return False
    sides = tuple(self._upwards(side) + self.stride for side in self._trained)
    examples = np.zeros((1, *sides, self.translator.source.shape[2]), np.uint8)
    try:
      (values,) = self._floats(examples, np.zeros(1, int))
    except UsageError:
      raise
    except Exception:  # Keras and TensorFlow raise a dozen kinds for shapes that do not fit.
      return False
    return values.shape[1:3] == tuple(side * self.ratio for side in sides)

  def _upwards(self, side: int) -> int:
    return -(-side // self.stride) * self.stride

  def _padded_sides(self, picture: np.ndarray) -> tuple[int, int]:
    """Returns the sides to which a picture is padded: multiples of the stride, not too small."""
    if self.fixed:
      height, width = (max(side, least) for side, least in zip(picture.shape, self.fixed))
      return height, width
    height, width = (
      max(self._upwards(side), min(least, _LEAST * self.stride))
      for side, least in zip(picture.shape, map(self._upwards, self._trained))
    )
    return height, width

  def _needs_tiles(self, height: int, width: int) -> bool:
    if self.fixed:
      return height > self.fixed[0] or width > self.fixed[1]
    if self._asked_tile:
      return max(height, width) > max(self._tile)
    return height * width * self.ratio**2 > max(_WHOLE, self._trained[0] * self._trained[1])

  @functools.cached_property
  def _tile(self) -> tuple[int, int]:
    """(height, width) of tiles."""
    return self.fixed or (self._upwards(self._asked_tile or TILE),) * 2

  def _check_tile(self, tile: int, overlap: int | None) -> None:
    """Raises UsageError if tiles of a size are not what the network takes, or overlap too far."""
    if tile and self.fixed and (tile, tile) != self.fixed:
      sides = 'x'.join(map(str, self.fixed))
      raise UsageError(
        f'--tile={tile}: the network takes {sides} pixels alone; leave it out, or take '
        '--size=trained, which resizes pictures to them'
      )
    if tile and not self.fixed and tile < (least := _LEAST * self.stride):
      raise UsageError(f'--tile={tile}: should be at least {least} for this network')
    if overlap is not None and overlap > (most := min(self._tile) // 2):
      raise UsageError(f'--overlap={overlap}: should be at most {most}, half of a tile')

  @functools.cached_property
  def _seam(self) -> tuple[int, int]:
    """Overlap of tiles, and the margin of each that counts for nothing.

    Logs where tiles cannot equal the whole.
    """
    most = min(self._tile) // 2
    reach = None if self.fixed else self._reach()
    if reach is None:
      why = (
        'outputs depend on more than half a tile around, as with instance normalisation or '
        'statistics of each picture'
      )
      overlap = most // 2 if self._overlap is None else self._overlap
    else:
      why = f'outputs depend on {reach} pixels around; --overlap={2 * reach} makes them equal'
      wanted = self._upwards(2 * reach + _RAMP)
      overlap = min(wanted, most) if self._overlap is None else self._overlap
    if reach is None or overlap < 2 * reach:
      _log.warning('tiles differ a little from the whole, since %s', why)
      return overlap, 3 * overlap // 8
    return overlap, reach

  def _reach(self) -> int | None:
    """Returns how far a change of a picture changes outputs, in pixels; None for everywhere.

    Measured on a tile of noise, of which a block of one stride in the middle is changed.
    """
    height, width = self._tile
    channels = self.translator.source.shape[2]
    noise = np.random.RandomState(0).randint(0, 256, (height, width, channels), np.uint8)
    changed = noise.copy()
    top, left = (side // 2 // self.stride * self.stride for side in (height, width))
    block = (slice(top, top + self.stride), slice(left, left + self.stride))
    changed[block] = 255 - changed[block] // 2
    blocks = self._floats(np.stack([noise, changed]), np.zeros(2, int))
    outputs = np.concatenate([values.numpy() for values in blocks])
    rows, columns, _ = np.nonzero(np.abs(outputs[0] - outputs[1]) > _CHANGE)
    if not len(rows):
      return 0
    ends = []
    for start, values, side in ((top, rows, height), (left, columns, width)):
      first, last = values.min() // self.ratio, values.max() // self.ratio
      if first == 0 or last == side - 1:
        return None
      ends += [start - first, last - (start + self.stride - 1)]
    return max(0, *ends)

  def _in_tiles(self, number: int, picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    sides = self._padded_sides(picture)
    padded = reflected(picture, sides)
    tile = (min(self._tile[0], sides[0]), min(self._tile[1], sides[1]))
    overlap, margin = self._seam
    grid = TileGrid(sides, tile, overlap, margin, 1 if self.fixed else self.stride)
    blend = Blend(grid, self.ratio, self.translator.sample_shape[2])
    parts = []
    for row in grid.rows():
      parts.append(self.translator.stored(tf.constant(blend.start_row(row[0].top))))
      windows = iter(row)
      size = self._block(tile) * self.translator.replicas
      for first in range(0, len(row), size):
        some = row[first : first + size]
        examples = np.stack(
          [padded[at.top : at.top + at.height, at.left : at.left + at.width] for at in some]
        )
        for values in self._floats(examples, np.full(len(some), number)):
          for value in values.numpy():
            blend.add(next(windows), value)
    parts.append(self.translator.stored(tf.constant(blend.end())))
    outputs = np.concatenate(parts)
    top, left = (offset * self.ratio for offset in offsets((height, width), sides))
    return outputs[top : top + height * self.ratio, left : left + width * self.ratio]


def _ratio(translator: Translator) -> int:
  """Returns the pixels of outputs for one pixel that is read."""
  source, target = translator.source.shape, translator.sample_shape
  ratio = ratio_of(source, target)
  if ratio is None:
    sizes = ['x'.join(map(str, shape[:2])) for shape in (target, source)]
    raise UsageError(
      f'--size=stored: outputs of --task={translator.task.name} are {sizes[0]} for {sizes[1]}, '
      'which tells no size for other pictures; take --size=trained'
    )
  return ratio
