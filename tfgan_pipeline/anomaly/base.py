"""Methods that say how unlike the pictures of a run a picture is.

    @registry.anomaly_method
    def mine(context: AnomalyContext, *, power: int = 2) -> Detector:
      '''First line: what --list shows.'''

A method gets a run, fits what it needs to the run's pictures, which are normal, and returns a
function of pictures. Scores have no scale of their own: normals.py compares them with those of
normal pictures that no training has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
import dataclasses
import functools

import numpy as np

from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.restored import RestoredNetworks

# uint8 [n, H, W, C] -> scores float64 [n], and the most similar normal pictures that the method can
# make or has, uint8 [n, H, W, C].
Judge = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class AnomalyContext:
  """Arguments that every method gets.

  Attributes:
    run: The run.
    experiment: The run's experiment, as recorded except for paths.
    dataset: Loads the data that the run was trained on, which are normal; called if needed.
    cache_dir: Folder for results that are slow to compute and do not depend on the run.
    step: The checkpoint.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
  """

  run: RunDirectory
  experiment: Experiment
  dataset: Callable[[], Dataset]
  cache_dir: str
  step: Step = None
  weights: str = 'average'

  def restored(self, roles: Collection[str]) -> RestoredNetworks:
    """Returns networks of the run by role, restored; roles that the game lacks are left out.

    Raises:
      UsageError: There is no such checkpoint.
    """
    fields = Fields.from_record(self.run.read_record()['dataset'])
    known = new_game(self.experiment, fields).roles()
    present = [role for role in roles if role in known]
    restored = RestoredNetworks(self.run, self.experiment, present, weights=self.weights)
    restored.restore(self.step)
    return restored

  def extractor(self, text: str) -> Extractor:
    """Builds the extractor of a call string; may train it on the data of the run."""
    from tfgan_pipeline import registry

    return registry.extractor.build(text, ExtractorContext(self.dataset(), self.cache_dir))

  def normal_pictures(self, most: int) -> np.ndarray:
    """Returns at most `most` pictures from all over the train split, uint8 [n, H, W, C]."""
    split = self.dataset().split('train')
    return split.spread(min(split.size, most))['image']


@dataclasses.dataclass(frozen=True)
class Detector:
  """A method, fitted to a run.

  Attributes:
    judge: Function of pictures to scores, higher for stranger ones, and to pictures that show what
      was expected. Each depends on its own picture alone.
    expected: What the second pictures are, in a word, such as 'reconstruction'.
    details: Facts for the record.
  """

  judge: Judge
  expected: str = 'reconstruction'
  details: dict[str, object] = dataclasses.field(default_factory=dict)


def in_blocks(judge: Judge, size: int = 64) -> Judge:
  """Returns a function that calls `judge` with exactly `size` pictures, filled up with black ones.

  Products of matrices of one shape give a row that does not depend on the others, to the last bit.
  """

  @functools.wraps(judge)
  def judge_all(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = []
    for first in range(0, len(pictures), size):
      part = pictures[first : first + size]
      blank = np.zeros((size - len(part), *part.shape[1:]), part.dtype)
      parts.append([rows[: len(part)] for rows in judge(np.concatenate([part, blank]))])
    scores, expected = (np.concatenate(rows) for rows in zip(*parts))
    return scores, expected

  return judge_all
