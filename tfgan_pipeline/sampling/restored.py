"""Trained networks of a run, with the weights of one checkpoint at a time.

    restored = RestoredNetworks(run, experiment)
    restored.restore(500)
    restored.networks['generator'](noise)

Only model_dir is needed: neither the data nor any part of training.
"""

from __future__ import annotations

from collections.abc import Collection

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import DamagedCheckpoint, UsageError, first_line
from tfgan_pipeline.models.build import build_networks, named_averages, new_game
from tfgan_pipeline.runs.best_step import existing_step
from tfgan_pipeline.runs.checkpoints import DAMAGE, Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory

WEIGHTS = ('average', 'raw')


class RestoredNetworks:
  """Networks of a run to restore from checkpoints, by default those that make samples.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    roles: Roles of the networks; by default those of all tasks.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    strategy: Strategy whose replicas hold the variables; None for no strategy.

  Attributes:
    run: The run.
    weights: The weights in use, 'average' or 'raw'; networks without an average have raw weights.
    game: The game over the networks.
    networks: The networks by role.
    checkpoint: The objects to restore, under their names on disk.
    step: The step of the checkpoint restored last, or None.

  Raises:
    UsageError: `weights` is something else.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    roles: Collection[str] | None = None,
    *,
    weights: str = 'average',
    strategy: tf.distribute.Strategy | None = None,
  ):
    if weights not in WEIGHTS:
      raise UsageError(f'--weights={weights}: should be one of {", ".join(WEIGHTS)}')
    strategy = strategy or tf.distribute.get_strategy()
    data = Fields.from_record(run.read_record()['dataset'])
    self.game = new_game(experiment, data)
    if roles is None:
      roles = {role for task in self.game.tasks().values() for role in task.roles}
    with strategy.scope():
      self.networks = build_networks(experiment, data, roles=roles)
    self.game.networks = self.networks
    self.run = run
    self.weights = weights if experiment.ema_decay else 'raw'
    averaged_roles = self.game.averaged if self.weights == 'average' else ()
    averages = {name: network for name, network in self.networks.items() if name in averaged_roles}
    raw_networks = {
      name: network for name, network in self.networks.items() if name not in averaged_roles
    }
    self.checkpoint = tf.train.Checkpoint(**raw_networks, **named_averages(averages))
    self._checkpoints = Checkpoints(run.checkpoints)
    self.step: int | None = None

  def steps(self) -> list[int]:
    """Returns the steps that can be restored, oldest first."""
    return self._checkpoints.steps()

  def restore(self, step: Step = None, task: str = '') -> int:
    """Restores the weights of one checkpoint; returns the step of the checkpoint.

    Args:
      step: Step of the checkpoint; by default the newest that can be read. 'best' and 'best:METRIC'
        stand for the best by the scores in the run.
      task: Name of the task whose scores say which is the best; '' for any.

    Raises:
      UsageError: The checkpoint does not exist or is damaged, or there is none.
      Unreachable: The storage does not answer.
    """
    step = existing_step(self.run, step, self.steps(), task=task)
    self.step = None  # A failed read may leave weights of several steps.
    if step is None:
      step = self._checkpoints.restore_latest(self.checkpoint).step
    else:
      self._read(step)
    self.step = step
    return step

  def _read(self, step: int) -> None:
    try:
      self._checkpoints.read(step, self.checkpoint)
    except UsageError:
      raise
    except DAMAGE as error:
      raise DamagedCheckpoint(
        f'{self._checkpoints.prefix(step)}: damaged ({first_line(error)})'
      ) from None
    except tf.errors.OpError as error:
      raise self._checkpoints.unreachable(step, error) from None
