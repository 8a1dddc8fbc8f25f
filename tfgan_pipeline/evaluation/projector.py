"""Features of real and generated images as points, for TensorBoard's projector.

Beside the event files of scores, for the step that was scored last: points-STEP.bytes, float32
[2 N, width]; points-STEP.tsv, a line for each; points-STEP.png, their pictures; and
projector_config.pbtxt, which names the three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import math
import os

import numpy as np
from PIL import Image
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tfgan_pipeline.data.split import Split
from tfgan_pipeline.media import images
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.runs import atomic_files, files

_FOLDER = 'plugins/org_tensorflow_tensorboard_projector'  # Where TensorBoard looks.
_CONFIG = 'projector_config.pbtxt'
_SIDE = 64  # Pixels of a picture's longer side.
_SPRITES = 8192  # Pixels of a side of all pictures together that browsers can show.


class Projector:
  """Writer of the points of one score, in place of those of the score before.

  Args:
    directory: Folder of the event files.
    step: Step of the checkpoint.
    count: Number of real and of generated images, if there are as many.
    real: Real pictures, in the order of the reference features.
    generated: Function that makes the generated pictures again, in batches uint8 [n, H, W, C].
  """

  def __init__(
    self,
    directory: str,
    step: int,
    count: int,
    real: Split,
    generated: Callable[[], Iterable[np.ndarray]],
  ):
    self._folder, self._step, self._count = os.path.join(directory, _FOLDER), step, count
    self._real, self._generated = real, generated

  def __call__(self, reference: Features, generated: Features) -> None:
    """Writes the points that the features of real and generated images are."""
    sides, lines, pictures = [], ['kind\tnumber\tclass'], []
    batches = ((batch['image'] for batch in self._real.ordered(1024)), self._generated())
    for kind, found, drawn in zip(('real', 'generated'), (reference, generated), batches):
      count = min(self._count, len(found))
      sides.append(found.pool[:count])
      labels = [''] * count if found.labels is None else found.labels[:count].tolist()
      lines += [f'{kind}\t{number}\t{label}' for number, label in enumerate(labels)]
      pictures += _first(drawn, count)
    points = np.concatenate(sides).astype('<f4')
    sprites, size = _sheet(pictures)
    name = _name(self._step)
    config = ProjectorConfig()
    embedding = config.embeddings.add(
      tensor_name=f'features at step {self._step}',
      tensor_path=f'{name}.bytes',
      metadata_path=f'{name}.tsv',
    )
    embedding.tensor_shape.extend(points.shape)
    embedding.sprite.image_path = f'{name}.png'
    embedding.sprite.single_image_dim.extend(size)
    files.make_folder(self._folder)
    former = set(files.names_in(self._folder))
    images.write_png(os.path.join(self._folder, f'{name}.png'), sprites)
    for file, content in (
      (f'{name}.tsv', '\n'.join(lines) + '\n'),
      (f'{name}.bytes', points.tobytes()),
      (_CONFIG, str(config)),  # Last, when all that it names is there.
    ):
      atomic_files.write(os.path.join(self._folder, file), content, durable=False)
    for file in former - {_CONFIG, *(f'{name}.{end}' for end in ('png', 'tsv', 'bytes'))}:
      files.remove(os.path.join(self._folder, file))


def path_of(directory: str, step: int) -> str:
  """Returns the path of the points of a step, for the folder of the event files."""
  return os.path.join(directory, _FOLDER, f'{_name(step)}.bytes')


def _name(step: int) -> str:
  return f'points-{step}'


def _first(batches: Iterable[np.ndarray], count: int) -> list[np.ndarray]:
  """Returns the first pictures of batches, uint8 [H, W, C] each."""
  found: list[np.ndarray] = []
  for batch in batches:
    found += list(batch[: count - len(found)])
    if len(found) == count:
      break
  return found


def _sheet(pictures: list[np.ndarray]) -> tuple[np.ndarray, tuple[int, int]]:
  """Returns a square of pictures, uint8 [S, S, 3], and width and height of each of them."""
  columns = math.ceil(math.sqrt(len(pictures)))
  height, width, _ = pictures[0].shape
  scale = min(1.0, _SIDE / max(height, width), _SPRITES / (columns * max(height, width)))
  size = max(1, round(width * scale)), max(1, round(height * scale))
  sheet = Image.new('RGB', (columns * size[0], columns * size[1]))
  for number, pixels in enumerate(pictures):
    small = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    row, column = divmod(number, columns)
    sheet.paste(small.convert('RGB').resize(size), (column * size[0], row * size[1]))
  return np.asarray(sheet), size
