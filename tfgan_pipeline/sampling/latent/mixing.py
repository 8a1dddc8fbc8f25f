"""Style mixing: the coarse layers of one sample with the fine layers of another.

picture = draw_mixed(ensemble, layer=4, seed=0)                   # uint8 [H, W, C]

Karras et al. 2019, arXiv:1812.04948, figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.images import enlarge, grid
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.latent.features import latent_game
from tfgan_pipeline.sampling.latent.styles import Styles

_FLAG = '--style_mixing'
_SIDE = 4  # Samples on each side.


def draw_mixed(
  ensemble: Ensemble, layer: int, *, seed: int, numbers: Sequence[int] = ()
) -> np.ndarray:
  """Draws a table of samples: coarse styles of those on the left, fine ones of those above.

  Args:
    ensemble: The samples of one run.
    layer: First layer that takes the style of the sample above, from 1 on.
    seed: Seed of all samples.
    numbers: Numbers of the samples, the first half of them on the left; by default 0 to 7.

  Returns:
    uint8 [H, W, 1, 3 or 4].

  Raises:
    UsageError: There are several runs, the generator has no styles, or no such layer.
  """
  sampler = ensemble.only(_FLAG)
  game = latent_game(sampler.restored, _FLAG)
  styles = Styles.of(sampler.restored.networks[GENERATE.roles[0]])
  if styles is None:
    raise UsageError(
      f'{_FLAG}={layer}: the generator of {sampler.restored.run.path} has no styles, as those of '
      '--networks=stylegan2 have'
    )
  if not 1 <= layer < styles.layers:
    raise UsageError(f'{_FLAG}={layer}: should be between 1 and {styles.layers - 1}')
  numbers = list(numbers or range(2 * _SIDE))
  if len(numbers) < 2:
    raise UsageError(f'{_FLAG}: mixes two samples or more; --samples names {len(numbers)}')
  left = numbers[: (len(numbers) + 1) // 2]
  above = numbers[len(left) :]
  labels = [ensemble.classes[0]] * len(numbers) if ensemble.classes else None
  given = {} if labels is None else {'label': labels}
  w = styles.style(game.inputs(GENERATE, numbers, seed, given))
  coarse = tf.repeat(w[: len(left)], len(above), axis=0)
  fine = tf.tile(w[len(left) :], [len(left), 1])
  mixed = styles.picture([coarse] * layer + [fine] * (styles.layers - layer))
  own = styles.picture([w] * styles.layers)
  pictures, sources = sampler.stored(mixed), sampler.stored(own)
  corner = np.full_like(sources[:1], 255)
  rows = [corner, sources[len(left) :]]
  for row in range(len(left)):
    rows += [sources[row : row + 1], pictures[row * len(above) : (row + 1) * len(above)]]
  return enlarge(grid(np.concatenate(rows), columns=len(above) + 1))
