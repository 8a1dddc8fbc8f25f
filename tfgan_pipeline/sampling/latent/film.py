"""Films: fixed noise through the checkpoints of a run, and walks from sample to sample.

write_film('/tmp/film.gif', ensemble, seed=0)
write_walk('/tmp/walk.mp4', ensemble, seed=0, steps=12, numbers=[1, 5, 9])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
from typing import Any

import numpy as np

from tfgan_pipeline.media import animation
from tfgan_pipeline.media.headings import with_headings
from tfgan_pipeline.media.images import enlarge
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.grid import draw_grid
from tfgan_pipeline.sampling.latent.features import require_pictures
from tfgan_pipeline.sampling.latent.paths import interpolation

_RATE = 12.0  # Frames in a second.
_LAST = 12  # Times that the last frame of a film is shown.


@dataclasses.dataclass(frozen=True)
class Film:
  """A film that was written.

  Attributes:
    frames: Number of frames.
    shown: Number of samples, or of checkpoints.
  """

  frames: int
  shown: int


def write_film(
  path: str, ensemble: Ensemble, *, seed: int, count: int | None = None, **choices: Any
) -> Film:
  """Writes a grid of samples of fixed noise through all checkpoints of a run, oldest first.

  Args:
    path: The file, .gif or .mp4; may be gs://.
    ensemble: The samples of one run.
    seed: Seed of all samples.
    count: Number of samples, as of grid.draw_grid.
    **choices: Further arguments of grid.draw_grid.

  Raises:
    UsageError: There are several runs, or a frame cannot be drawn.
    WriteError: The file cannot be written.
  """
  sampler = ensemble.only('--film')
  steps = sampler.steps()

  def frames() -> Iterator[np.ndarray]:
    for step in [*steps, *steps[-1:] * (_LAST - 1)]:
      if step != sampler.step:
        sampler.restore(step)
      picture, _ = draw_grid(ensemble, seed=seed, count=count, **choices)
      yield with_headings(picture, [f'step {step:,}'])

  # Checkpoints are shown for about a quarter of a second each.
  return Film(animation.write(path, frames(), rate=_RATE / 3), len(steps))


def write_walk(
  path: str,
  ensemble: Ensemble,
  *,
  seed: int,
  steps: int,
  count: int | None = None,
  numbers: Sequence[int] = (),
) -> Film:
  """Writes a walk from sample to sample and back to the first as an animation.

  Args:
    path: The file, .gif or .mp4; may be gs://.
    ensemble: The samples of one run; with classes, each way has one of them in turn.
    seed: Seed of all samples.
    steps: Number of frames from one sample to the next.
    count: Number of samples; by default 4, or all of `numbers`.
    numbers: Numbers of the samples; by default 0 to count - 1.

  Raises:
    UsageError: There are several runs, samples are no pictures, or the game cannot interpolate.
    WriteError: The file cannot be written.
  """
  sampler = ensemble.only('--interpolate')
  require_pictures(sampler.restored, f'--output={path}')
  numbers = list(numbers or range(count or 4))

  def frames() -> Iterator[np.ndarray]:
    for row, pair in enumerate(zip(numbers, [*numbers[1:], numbers[0]])):
      labels = [ensemble.classes[row % len(ensemble.classes)]] if ensemble.classes else ()
      # The last of a way is the first of the next.
      pictures = interpolation(sampler, seed, 1, steps + 1, labels, numbers=pair)[:-1]
      yield from (enlarge(picture, least=240) for picture in pictures)

  return Film(animation.write(path, frames(), rate=_RATE), len(numbers))
