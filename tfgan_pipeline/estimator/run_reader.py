"""RunReader, which samples, shows and exports the checkpoints of a run and trains nothing.

pictures = RunReader(experiment).predict(16)     # uint8 [16, H, W, C]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.durations import DURATIONS
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.errors import Unreachable, UsageError, require
from tfgan_pipeline.runs.best_step import best_of
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.history import History, read_history
from tfgan_pipeline.runs.score_records import Record, records_of
from tfgan_pipeline.sampling.asked_class import asked_class
from tfgan_pipeline.sampling.captions import asked_captions, images_of
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.exports.formats import SAVED_MODEL, checked_formats
from tfgan_pipeline.sampling.grid import draw_grid
from tfgan_pipeline.sampling.latent import paths
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.sampler import GeneratorSampler
from tfgan_pipeline.sampling.task_sampler import TaskSampler
from tfgan_pipeline.sampling.translator import Translator

if TYPE_CHECKING:
  from PIL.Image import Image

_BATCH = 256  # Samples on the device at a time.


class RunReader:
  """Reader of a run: samples its checkpoints and exports its networks.

  Methods that read a checkpoint take `step`, by default the newest, or 'best' or 'best:METRIC', see
  `best_step`; `weights`, 'average' for the moving averages where the run keeps any, or 'raw'; and
  `seed`, on which, with its number, a sample depends.

  Args:
    experiment: The run's settings.
    may_change: Names of settings that may differ from those that the run has recorded.

  Raises:
    UsageError: model_dir holds a run with other settings. Methods that read a checkpoint raise it,
      too, if there is no such checkpoint, or for an argument that is not allowed.
  """

  # Makes known the functions that a run is made of: components know functions by name, and another
  # run of the program may have others of these names.
  _recall: Callable[[], None] = staticmethod(lambda: None)

  def __init__(self, experiment: Experiment, *, may_change: frozenset[str] = frozenset()):
    self._run = RunDirectory(experiment.model_dir)
    self._run.check_is_for(experiment, may_change)
    self._experiment = self._run.find_data(experiment)

  @property
  def run(self) -> RunDirectory:
    """The run's directory."""
    self._recall()
    return self._run

  @property
  def experiment(self) -> Experiment:
    """The run's settings."""
    self._recall()
    return self._experiment

  def __repr__(self) -> str:
    """Returns the run, its step, and the settings that are not default."""
    try:
      newest = max(Checkpoints(self.run.checkpoints).steps(), default=None)
      step = 'no checkpoint yet' if newest is None else f'step {newest}'
    except (UsageError, Unreachable):
      step = 'step not readable now'
    changed = self.experiment.changed()
    if not changed.keys() & set(DURATIONS[1:]):  # A length in images becomes one in steps later.
      step += f' of {self.experiment.max_steps}'
      changed.pop('max_steps', None)
    settings = ''.join(f', {name}={value!r}' for name, value in changed.items())
    return f'<{type(self).__name__} {self.run.path!r}: {step}{settings}>'

  def records(self, eval_dir: str = '') -> list[Record]:
    """Returns all records with scores in the run, and in `eval_dir`, by step; [] if there are none.

    `eval_dir` is the folder of EvaluationOptions(eval_dir=...).
    """
    return records_of(self.run, eval_dir)

  def best_step(self, metric: str = 'fid', eval_dir: str = '', task: str = '') -> int:
    """Returns the step of the best checkpoint that exists, by the scores that are recorded.

    Of several definitions of the score, that by which most checkpoints were scored decides.

    Args:
      metric: Name of a score, such as 'kid' or, with its extractor, 'fid[inception]'.
      eval_dir: Folder of EvaluationOptions(eval_dir=...) whose scores count, too.
      task: Name of the task whose scores count, for a game with several; '' for any.

    Raises:
      UsageError: The score does not rank, or no checkpoint has the score.
    """
    return best_of(self.run, metric, f'metric={metric}', eval_dir, task).step

  def sampler(self, weights: str = 'average', task: str = '') -> TaskSampler:
    """Returns a sampler, or a translator, for a task, '' being the first; call its `restore`."""
    return open_sampler(self.run, self.experiment, task, weights=weights)

  def translate(
    self,
    examples: np.ndarray,
    *,
    task: str = '',
    label: str | int = '',
    attributes: str = '',
    seed: int = 0,
    step: Step = None,
    weights: str = 'average',
  ) -> np.ndarray:
    """Translates images by a task such as 'a_to_b'; returns uint8 [n, H, W, C] in their order.

    Args:
      examples: Images that the task reads, as they are stored: uint8 [n, H, W, C].
      task: Name of the task; '' is the game's first one.
      label: Name or number of the class to show, for a game that is told one, such as stargan; ''
        for classes in turn.
      attributes: Names of the attributes to show, separated by commas, for data with attributes.
      seed: Seed of the randomness in outputs, if there is any.
      step: Step of the checkpoint, or 'best'; by default the newest.
      weights: 'average' for the moving averages where the run keeps any, or 'raw'.

    Raises:
      UsageError: The task reads noise, images of another shape, or there is no such class.
    """
    sampler = self.sampler(weights, task)
    if not isinstance(sampler, Translator):
      raise UsageError(f'--task={sampler.task.name}: reads noise; predict samples it')
    chooses = label != '' or attributes
    asked = asked_class(sampler, labels=str(label), attributes=attributes) if chooses else {}
    sampler.restore(step)
    rows = {name: np.stack([value] * len(examples)) for name, value in asked.items()}
    return sampler.outputs({sampler.task.source: examples, **rows}, seed=seed)

  def predict(
    self,
    count: int | None = None,
    *,
    seed: int = 0,
    step: Step = None,
    labels: Labels = (),
    caption: str | Sequence[str] = (),
    weights: str = 'average',
  ) -> np.ndarray:
    """Returns generated images uint8 [count, H, W, C].

    Images take the classes `labels`, names or numbers as in ['cat', 'dog'], in turn; or, of a game
    that reads captions, the captions `caption`, of which `count` is by default one of each.
    """
    texts = [caption] if isinstance(caption, str) else list(caption)
    count = len(texts) if count is None else count
    _check(seed, count=count)
    if texts:
      sampler = self._noise_sampler('predict', step, weights)
      return images_of(sampler, asked_captions(sampler, texts), range(count), seed)
    sampler = self.sampler(weights)
    sampler.restore(step)
    size = min(count, _BATCH)
    return np.concatenate(list(sampler.batches(count, seed, batch_size=size, labels=labels)))

  def traverse(
    self, columns: int = 8, *, seed: int = 0, step: Step = None, weights: str = 'average'
  ) -> np.ndarray:
    """Returns images along each latent axis or code, uint8 [axes, columns, H, W, C].

    Row r is sample 0 moved along axis r in `columns` steps; of many axes, the first 16.
    """
    _check(seed, columns=columns)
    images = paths.traversal(self._noise_sampler('traverse', step, weights), seed, columns)
    return images.reshape(-1, columns, *images.shape[1:])

  def interpolate(
    self,
    columns: int = 8,
    *,
    rows: int | None = None,
    labels: Labels = (),
    seed: int = 0,
    step: Step = None,
    weights: str = 'average',
  ) -> np.ndarray:
    """Returns images between samples, uint8 [rows, columns, H, W, C].

    Row r goes from sample r to sample r + 1 in `columns` steps, both included. Rows take the
    classes `labels` in turn; without `rows` there is one for each of these, else 8.
    """
    _check(seed, columns=columns, rows=1 if rows is None else rows)
    sampler = self._noise_sampler('interpolate', step, weights)
    images = paths.interpolation(sampler, seed, rows, columns, labels)
    return images.reshape(-1, columns, *images.shape[1:])

  def show(
    self,
    count: int | None = None,
    *,
    labels: Labels = (),
    columns: int = 0,
    traverse: int = 0,
    interpolate: int = 0,
    seed: int = 0,
    step: Step = None,
    weights: str = 'average',
  ) -> Image:
    """Returns one picture of samples, as tfgan-sample writes it, which a notebook shows.

    Args:
      count: Number of samples; by default eight of each class asked for, else a square of 64, or
        fewer of large pictures. With `interpolate`, the number of rows.
      labels: Classes that samples take in turn, a column for each, under its name.
      columns: Number of samples side by side; 0 makes as many as rows.
      traverse: Number of steps along each latent axis or code to show in place of samples.
      interpolate: Number of steps from each sample to the next to show in place of samples.
      seed: Seed of all samples.
      step: Step of the checkpoint; by default the newest.
      weights: 'average' for the moving averages where the run keeps any, or 'raw'.
    """
    from PIL import Image

    _check(seed, count=1 if count is None else count)
    require('', at_least=0, columns=columns, traverse=traverse, interpolate=interpolate)
    ensemble = Ensemble(self.run.path, step=step, weights=weights, labels=labels)
    picture, _ = draw_grid(
      ensemble,
      seed=seed,
      count=count,
      columns=columns,
      traverse=traverse,
      interpolate=interpolate,
    )
    return Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)

  def history(self) -> History:
    """Returns losses and scores as columns, a row for each step; History.to_frame is for pandas."""
    return read_history(self.run)

  def export(
    self,
    path: str,
    *,
    formats: str = SAVED_MODEL,
    step: Step = None,
    weights: str = 'average',
    license: str = '',
  ) -> str:
    """Writes one checkpoint for other programs to a folder, with a model card; returns `path`.

    Args:
      path: The folder; may be gs://. See sampling/exports/artefacts.py for what it will hold.
      formats: 'savedmodel', 'litert' or 'onnx', or several with commas.
      step: See the class.
      weights: See the class.
      license: Licence of the networks for the model card, such as 'apache-2.0'; '' if unknown.

    Raises:
      UsageError: There is no such format, its packages are missing, or it cannot hold a network.
      WriteError: The folder cannot be written.
    """
    chosen = checked_formats(formats)
    sampler = self.sampler(weights)
    sampler.restore(step)
    return sampler.export(path, formats=chosen, license=license)

  def export_saved_model(self, path: str, *, step: Step = None, weights: str = 'average') -> str:
    """Writes one checkpoint as a SavedModel to a folder, see `export`; returns `path`."""
    return self.export(path, step=step, weights=weights)

  def _noise_sampler(self, name: str, step: Step, weights: str) -> GeneratorSampler:
    """Returns a restored sampler of noise; raises UsageError, for the method `name`, for others."""
    sampler = self.sampler(weights)
    if not isinstance(sampler, GeneratorSampler):
      raise UsageError(f'{name}: --task={sampler.task.name} reads examples; translate maps them')
    sampler.restore(step)
    return sampler


def _check(seed: int, **counts: int) -> None:
  """Raises UsageError unless counts are at least 1, and the seed is one of TensorFlow's."""
  for name, value in {'seed': seed, **counts}.items():
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
      raise UsageError(f'{name}={value!r}: should be int')
  require('', at_least=1, **counts)
  require('', at_least=0, below=2**31, seed=seed)
