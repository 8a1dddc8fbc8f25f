"""Pictures projected into the latent space of a run: the latents whose samples are most like them.

projector = Projector(run, experiment, 'search(steps=200)')
projected = projector.project(pictures)                     # uint8 [n, H, W, C]
projected.latents, projected.samples
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import class_numbers
from tfgan_pipeline.data.data_of_run import data_trained_on
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.images import enlarge, to_uint8
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.latent.array_file import inputs_of, way_between
from tfgan_pipeline.sampling.latent.encoder import LatentEncoder
from tfgan_pipeline.sampling.latent.features import latent_game
from tfgan_pipeline.sampling.latent.search import LatentSearch
from tfgan_pipeline.sampling.restored import RestoredNetworks
from tfgan_pipeline.sampling.sampler import GeneratorSampler

METHODS = ('search', 'encoder')


@dataclasses.dataclass(frozen=True)
class Projected:
  """Pictures in latent space.

  Attributes:
    latents: float32 [n, Z].
    samples: The samples of the latents, uint8 [n, H, W, C].
    errors: Mean absolute differences of pictures and samples, of 255, float64 [n].
  """

  latents: np.ndarray
  samples: np.ndarray
  errors: np.ndarray


class Projector:
  """Way from pictures to latents, for one checkpoint of a run.

  Args:
    run: The run.
    experiment: The run's experiment.
    method: Call of the method of tfgan-anomaly by which latents are found: 'search' or 'encoder'.
    step: The checkpoint; by default the newest.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    labels: Class of the samples, by name or number, for a generator that reads one.

  Attributes:
    step: Step of the checkpoint.
    image_shape: (height, width, channels) of pictures.

  Raises:
    UsageError: The run has no noise, the method is another one or does not suit, or there is no
      such class or checkpoint.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    method: str = 'search',
    *,
    step: Step = None,
    weights: str = 'average',
    labels: str = '',
  ):
    call = registry.anomaly_method.parse(method)
    flag = f'--method={call.name}'
    if call.name not in METHODS:
      raise UsageError(f'{flag}: finds no latents; should be {" or ".join(METHODS)}')
    arguments = dict(call.arguments)
    if call.name == 'search':
      arguments['weight'] = arguments.pop('features')
    known = new_game(experiment, Fields.from_record(run.read_record()['dataset'])).roles()
    compares = arguments.get('weight') or arguments.get('kappa')
    wanted = ('generator', 'discriminator') if compares else ('generator',)
    roles = [role for role in wanted if role in known]
    if 'generator' not in roles:
      raise UsageError(f'{flag}: --model_dir={run.path} has no noise to look in')
    restored = RestoredNetworks(run, experiment, roles, weights=weights)
    self._label = _label_of(restored, labels, flag)
    self.step = restored.restore(step)
    self.image_shape = restored.game.data.image_shape
    self._sampler = GeneratorSampler(run, experiment, weights=weights)
    self._sampler.restore(self.step)
    self._find: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    if call.name == 'search':
      search = LatentSearch(restored, label=self._label, flag=flag, **arguments)
      self._find = lambda pictures: _found(search, pictures)
    else:
      encoder = LatentEncoder(restored, experiment, flag=flag, **arguments)
      encoder.fit(lambda: data_trained_on(run, experiment))
      self._find = lambda pictures: _encoded(encoder, pictures)

  def project(self, pictures: np.ndarray) -> Projected:
    """Projects pictures uint8 [n, H, W, C]."""
    latents, samples = self._find(pictures)
    gaps = np.abs(pictures.astype(np.float64) - samples)
    return Projected(latents, samples, gaps.mean(axis=(1, 2, 3)))

  def way(self, latents: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """Yields frames uint8 [H, W, C] from latent to latent [n, Z] and back to the first."""
    labels = [] if self._label is None else [self._label]
    for start, end in zip(latents, [*latents[1:], latents[0]]):
      part = way_between(self._sampler, start, end, steps + 1)[:-1]
      for picture in self._sampler.of_inputs(inputs_of(self._sampler, part, labels)):
        yield enlarge(picture, least=240)


def _label_of(restored: RestoredNetworks, labels: str, flag: str) -> int | None:
  """Returns the class of the samples; None for a generator that reads none."""
  game = latent_game(restored, flag)
  if game.labels([0]) is None:
    return None
  names = game.data.label_names
  if not labels:
    raise UsageError(
      f'--labels: the generator of {restored.run.path} is told a class; say which the pictures have'
    )
  label, *more = class_numbers(labels, names)
  if more:
    raise UsageError(f'--labels={labels}: one class at a time')
  return label


def _found(search: LatentSearch, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  found = search.find(pictures)
  return found.latents, found.images


def _encoded(encoder: LatentEncoder, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  latents, samples, _ = encoder.encode(pictures)
  return latents, to_uint8(samples).numpy()
