"""The experiment: all choices that make a training run, one flag per field.

    Experiment.define_flags()
    experiment = Experiment.from_flags(flags.FLAGS)
    text = experiment.to_flagfile()   # re-launches the run: --flagfile=...

Components are chosen by strings, see the package `registry`; checking them imports nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
import dataclasses
import os
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.durations import DURATIONS, require_one, steps_of
from tfgan_pipeline.config.settings import Settings, as_flag, setting, updated_value
from tfgan_pipeline.config.steps_to_profile import steps_to_profile

# Fields of which later jobs on a run, perhaps on another machine, may have other values.
RELOCATABLE = ('model_dir', 'data_dir', 'memory_limit_gb')


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment(Settings):
  """The choices that make a training run.

  A run is resumed with equal values of all fields but those declared with `setting(defines=False)`,
  such as max_steps or data_dir, which may change.

  Raises:
    UsageError: A value is not allowed; the message names the flag.
  """

  dataset: str = setting('digits', 'The data set of real images.', one_of=registry.dataset)
  augment: str = setting(
    '',
    'Random changes of training images, such as flips, applied in this order.',
    some_of=registry.augmentation,
    once=False,
  )
  model: str = setting(
    'gan',
    'The game: which networks are trained, and how they are trained together.',
    one_of=registry.model,
  )
  networks: str = setting(
    'dcgan',
    'The networks of the game. If several are named, each fills the roles, such as generator, that '
    'those before it leave open.',
    some_of=registry.network,
  )
  noise: str = setting('normal(64)', "The generator's random input.", one_of=registry.noise)
  loss: str = setting('modified', 'Losses of generator and discriminator.', one_of=registry.loss)
  penalties: str = setting(
    '', 'Terms added to the losses, such as gradient penalties.', some_of=registry.penalty
  )
  discriminator_augment: str = setting(
    '',
    'Augmentations of real and generated images before the discriminator, in this order.',
    some_of=registry.discriminator_augmentation,
  )
  clip_weights: float = setting(
    0.0,
    'Clip the weights of the discriminator to [-x, x] after each of its updates, as a Wasserstein '
    'GAN without gradient penalty needs; 0 is off.',
    minimum=0,
  )
  generator_optimizer: str = setting(
    'adam(2e-4, beta_1=0.5)', 'Optimiser of the generator.', one_of=registry.optimizer
  )
  discriminator_optimizer: str = setting(
    'adam(2e-4, beta_1=0.5)', 'Optimiser of the discriminator.', one_of=registry.optimizer
  )
  batch_size: int = setting(64, 'Images per update, of all replicas together.', minimum=1)
  accumulate: int = setting(
    1,
    'Split the batch of an update into this many parts and add up their gradients, to need less '
    'memory. Batch-norm statistics are those of a part.',
    minimum=1,
  )
  update: str = setting(
    'joint',
    'joint: one forward pass updates both players, as in tfgan.get_joint_train_hooks. sequential: '
    'the discriminator first, then the generator against the new discriminator. separate: like '
    'sequential, but the discriminator on real, then on generated images, with an optimiser each.',
    choices=('joint', 'sequential', 'separate'),
  )
  discriminator_steps: int = setting(1, 'Discriminator updates per generator update.', minimum=1)
  generator_steps: int = setting(1, 'Generator updates in a step.', minimum=1, later=True)
  discriminator_pretraining: int = setting(0, 'First steps, of the discriminator only.', minimum=0)
  generator_loss_floor: float = setting(
    0.0, 'Update the generator only while its loss is above this; 0 is off.', minimum=0
  )
  discriminator_loss_floor: float = setting(
    0.0, 'Update the discriminator only while its loss is above this; 0 is off.', minimum=0
  )
  replay_pool: int = setting(
    0,
    'Number of earlier generated images kept for showing the discriminator again; 0 is off.',
    minimum=0,
  )
  ema_decay: float = setting(
    0.999,
    'Decay per step of the moving average of weights that scores and samples are of; 0 is off.',
    minimum=0,
    below=1,
  )
  ema: str = setting(
    'decay',
    'decay: as --ema_decay says. posthoc: two averages, for one of any length by tfgan-average.',
    choices=('decay', 'posthoc'),
    later=True,
  )
  freeze: str = setting(
    '',
    'Layers that are not trained, by name, beginning or pattern: discriminator/conv2d_1.',
    later=True,
  )
  init_from: str = setting(
    '',
    'RUN or RUN:STEP (a number, newest, best): a new run takes the weights of it that fit.',
    defines=False,
    path=True,
    later=True,
  )
  seed: int = setting(0, 'Seed of everything random.', minimum=0, below=2**31)
  deterministic: bool = setting(True, 'Use only kernels that compute the same bits each time.')
  precision: str = setting(
    'float32',
    'Number format in layers; variables, last layers, losses and moving averages stay float32.',
    choices=('float32', 'mixed_bfloat16', 'mixed_float16'),
  )

  max_steps: int = setting(2000, 'Steps in the whole run.', defines=False, minimum=1)
  max_images: int = setting(
    0, 'Instead of --max_steps: real images to read.', defines=False, minimum=0, later=True
  )
  max_kimg: float = setting(
    0.0, 'Instead: thousands of real images.', defines=False, minimum=0, later=True
  )
  max_epochs: float = setting(
    0.0, 'Instead: passes over the training data.', defines=False, minimum=0, later=True
  )
  save_every: int = setting(500, 'Steps between checkpoints.', defines=False, minimum=1)
  keep_checkpoints: int = setting(
    0, 'How many of the newest checkpoints to keep; 0 keeps all.', defines=False, minimum=0
  )
  log_every: int = setting(50, 'Steps between points of curves.', defines=False, minimum=1)
  sample_every: int = setting(500, 'Steps between pictures of samples.', defines=False, minimum=1)
  also_log: str = setting(
    '', 'Trackers besides: wandb, mlflow.', defines=False, some_of=registry.tracker, later=True
  )
  tensorboard: str = setting(
    'curves',
    'Pages of TensorBoard: graph and histograms, of weights at each save, are further ones.',
    defines=False,
    choices=('curves', 'graph', 'histograms', 'all'),
    later=True,
  )
  profile: str = setting(
    '', 'START:STOP: steps of which TensorBoard gets a profile.', defines=False, later=True
  )
  steps_per_loop: int = setting(
    10, 'Steps that the device runs per call from the host, at most.', defines=False, minimum=1
  )
  max_hours: float = setting(
    0.0,
    'Save and exit with code 75 after so many hours of this job; 0 is no limit.',
    defines=False,
    minimum=0,
  )
  on_nan: str = setting(
    'stop',
    'What to do when a loss or gradient is infinite or not a number.',
    defines=False,
    one_of=registry.on_nan,
  )
  model_dir: str = setting('', 'Directory of the run; may be gs://.', defines=False, path=True)
  data_dir: str = setting(
    '', 'Directory of the data, for datasets that need one.', defines=False, path=True
  )
  memory_limit_gb: float = setting(
    4.0,
    'Data of more gigabytes than this is read from disk, not held in memory.',
    defines=False,
    minimum=0,
  )
  accelerator: str = setting(
    'auto',
    'Devices to train on. auto: the first of these that exist: a TPU (named by --tpu or attached), '
    'the workers of TF_CONFIG, all GPUs of this machine, its CPU.',
    defines=False,
    choices=('auto', 'cpu', 'gpu', 'tpu', 'multi_worker'),
  )
  tpu: str = setting('', "Name of a Cloud TPU, or 'local' on the TPU's own machine.", defines=False)
  tpu_zone: str = setting('', 'Zone of the TPU, if not that of this machine.', defines=False)
  tpu_project: str = setting('', 'Project of the TPU, if not that of this machine.', defines=False)
  jit_compile: str = setting(
    'auto',
    'Compile the training step with XLA. auto: on one GPU, not on several. A TPU always does.',
    defines=False,
    choices=('auto', 'on', 'off'),
  )
  virtual_devices: int = setting(
    0, 'Train on so many parts of the CPU, to try several devices.', defines=False, minimum=0
  )

  def __post_init__(self) -> None:
    super().__post_init__()
    require_one(self._durations())
    steps_to_profile(self.profile)

  def _durations(self) -> dict[str, float]:
    """Returns the lengths of the run that are not at their defaults, by name."""
    fields = {field.name: field.default for field in dataclasses.fields(self)}
    return {name: value for name in DURATIONS if (value := getattr(self, name)) != fields[name]}

  @property
  def sub_steps(self) -> int:
    """Number of updates in a step, for each of which the players see other images."""
    discriminator = self.discriminator_steps * (1 + (self.update == 'separate'))
    return discriminator + self.generator_steps - (self.update == 'joint')

  def in_steps(self, train_size: int | None = None) -> Experiment:
    """Returns the experiment with its length, however given, as `max_steps` alone.

    Args:
      train_size: Number of training examples, which epochs depend on; None if unknown.

    Raises:
      UsageError: The length is in epochs, and `train_size` is not known.
    """
    lengths = {name: value for name, value in self._durations().items() if name != 'max_steps'}
    for name, value in lengths.items():
      steps = steps_of(name, value, self.batch_size * self.sub_steps, train_size)
      return dataclasses.replace(self, **{name: 0, 'max_steps': steps})
    return self

  @classmethod
  def from_record(cls, values: Mapping[str, Any], **overrides: Any) -> Experiment:
    """Returns the experiment that an experiment.json records, without checking its values again.

    Unchecked, an experiment can be scored where some of its components are unknown: scoring needs
    networks but not losses, which may be registered in another script or version only.

    Args:
      values: Content of the file, by field name; missing fields have their defaults.
      **overrides: Values for fields instead of the recorded ones; None keeps the recorded one.

    Raises:
      UsageError: A value of `overrides` is not allowed.
    """
    changes = {name: value for name, value in overrides.items() if value is not None}
    defaults = cls(**changes)
    if set(DURATIONS) & set(changes):  # One replaces any other.
      values = {name: value for name, value in values.items() if name not in DURATIONS}
    experiment = object.__new__(cls)
    for field in dataclasses.fields(cls):
      source = {} if field.name in changes else values
      value: Any = source.get(field.name, getattr(defaults, field.name))
      if field.metadata['path'] and value and '://' not in value:
        value = os.path.abspath(value)  # Version 0.1.0 recorded paths as they were given.
      object.__setattr__(experiment, field.name, value)
    return experiment

  def is_due(self, step: int, every: int) -> bool:
    """Returns whether something done every `every` steps, and at the last one, is due at `step`."""
    return step % every == 0 or step == self.max_steps

  def to_flagfile(self) -> str:
    """Returns lines `--name=value` for all fields, including those with default values."""
    lines = ['# Re-launches or resumes this very run: tfgan-train --flagfile=THIS_FILE']
    lines += [as_flag(name, value) for name, value in self.to_dict().items()]
    return '\n'.join(lines) + '\n'

  def defining(self) -> dict[str, Any]:
    """Returns the values of the fields that define a run, in today's form."""
    return {
      field.name: updated_value(field, getattr(self, field.name))
      for field in dataclasses.fields(self)
      if field.metadata['defines']
    }

  def changes(self, old: Experiment, also: Collection[str] = ()) -> dict[str, list[Any]]:
    """Returns [old, new] values, by name, of fields that define a run or are in `also`."""
    pairs = {
      field.name: [updated_value(field, getattr(one, field.name)) for one in (old, self)]
      for field in dataclasses.fields(self)
      if field.metadata['defines'] or field.name in also
    }
    return {name: [old, new] for name, (old, new) in pairs.items() if old != new}

  def differences(self, other: Experiment) -> list[str]:
    """Returns '--name=X (was Y)' for fields that define a run: X here, Y in `other`."""
    return [f'--{name}={new} (was {old})' for name, (old, new) in self.changes(other).items()]
