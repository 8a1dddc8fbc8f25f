"""Choice among pictures and animations of latents, as tfgan-sample writes them.

write('/tmp/walk.gif', ensemble, seed=0, interpolate=12)        # {'frames': 48, 'count': 4}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfgan_pipeline.media import animation
from tfgan_pipeline.media.images import enlarge, grid, write_png
from tfgan_pipeline.runs import atomic_files
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.latent import film
from tfgan_pipeline.sampling.latent.arithmetic import draw_sum
from tfgan_pipeline.sampling.latent.array_file import inputs_of, read_latents, way_between
from tfgan_pipeline.sampling.latent.features import latent_game
from tfgan_pipeline.sampling.latent.mixing import draw_mixed
from tfgan_pipeline.sampling.sampler import GeneratorSampler


def write(
  path: str,
  ensemble: Ensemble,
  *,
  seed: int,
  count: int | None = None,
  latents: str = '',
  arithmetic: str = '',
  style_mixing: int = 0,
  interpolate: int = 0,
  samples: Sequence[int] = (),
  **choices: Any,
) -> dict[str, Any]:
  """Writes what the arguments choose; returns facts on it.

  Args:
    path: The file; .gif or .mp4 for animations, else PNG.
    ensemble: The samples of one run.
    seed: Seed of all samples.
    count: Number of samples.
    latents: The .npy file of latents to show; '' for none.
    arithmetic: The sum to show, see arithmetic.py; '' for none.
    style_mixing: The layer to mix styles from; 0 for none.
    interpolate: Number of steps from each sample, or latent, to the next.
    samples: Numbers of the samples to show.
    **choices: 'film', and further arguments of grid.draw_grid.

  Raises:
    UsageError: The run does not suit.
    WriteError: The file cannot be written.
  """
  if latents:
    return _write_latents(path, ensemble, latents, interpolate, choices.get('columns', 0))
  if choices.pop('film', False):
    made = film.write_film(
      path, ensemble, seed=seed, count=count, interpolate=interpolate, samples=samples, **choices
    )
    return {'frames': made.frames, 'checkpoints': made.shown}
  if animation.is_animation(path):
    made = film.write_walk(
      path, ensemble, seed=seed, steps=interpolate, count=count, numbers=samples
    )
    return {'frames': made.frames, 'count': made.shown}
  if arithmetic:
    picture = draw_sum(ensemble, arithmetic, seed=seed)
  else:
    picture = draw_mixed(ensemble, style_mixing, seed=seed, numbers=samples)
  with atomic_files.writing(path):
    write_png(path, picture)
  return {'arithmetic': arithmetic} if arithmetic else {'style_mixing': style_mixing}


def _write_latents(
  path: str, ensemble: Ensemble, latents: str, steps: int, columns: int
) -> dict[str, Any]:
  """Writes the samples of latents, or of the ways between them."""
  sampler = ensemble.only('--latents')
  game = latent_game(sampler.restored, '--latents')
  array = read_latents(latents, game.noise.size, '--latents')
  if animation.is_animation(path):
    ends = zip(array, [*array[1:], array[0]])
    frames = (frame for pair in ends for frame in walk(sampler, *pair, steps, ensemble.classes))
    return {'frames': animation.write(path, frames), 'count': len(array)}
  if steps:
    ways = [way_between(sampler, *pair, steps) for pair in zip(array, array[1:])]
    array, columns = np.concatenate(ways) if ways else array, steps
  pictures = sampler.of_inputs(inputs_of(sampler, array, ensemble.classes))
  with atomic_files.writing(path):
    write_png(path, enlarge(grid(pictures, columns=columns)))
  return {'count': len(array)}


def walk(
  sampler: GeneratorSampler,
  start: np.ndarray,
  end: np.ndarray,
  steps: int,
  classes: Sequence[int] = (),
) -> Iterator[np.ndarray]:
  """Yields `steps` frames uint8 [H, W, C] from one latent [Z] to another, the end left out."""
  latents = way_between(sampler, start, end, steps + 1)[:-1]
  labels = list(classes[:1]) or [0]
  for picture in sampler.of_inputs(inputs_of(sampler, latents, labels)):
    yield enlarge(picture, least=240)
