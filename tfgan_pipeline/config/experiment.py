"""The experiment: every choice that makes a run, frozen, one flag per field.

    Experiment.define_flags()
    experiment = Experiment.from_flags(flags.FLAGS)
    text = experiment.to_flagfile()   # re-launches the run: --flagfile=...

Components are strings that are calls, see registry.py; checking them imports nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import os
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.settings import Settings, canonical_value, setting
from tfgan_pipeline.errors import UsageError

# What may differ between a run and a later job on it, because it says only where things are.
RELOCATABLE = ('model_dir', 'data_dir', 'memory_limit_gb')


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment(Settings):
  """The choices of a training run. Fields with `defines=False` may change when it is resumed."""

  dataset: str = setting('digits', 'The images to learn.', one_of=registry.dataset)
  augment: str = setting(
    '', 'Changes made to training images, in order.', some_of=registry.augmentation, once=False
  )
  model: str = setting('gan', 'The game that is played.', one_of=registry.model)
  networks: str = setting(
    'dcgan',
    'The networks that play it. Of several, each fills the roles that those before it left.',
    some_of=registry.network,
  )
  noise: str = setting('normal(64)', "The generator's random input.", one_of=registry.noise)
  loss: str = setting('modified', 'The adversarial losses of both players.', one_of=registry.loss)
  penalties: str = setting('', 'Terms added to the losses.', some_of=registry.penalty)
  discriminator_augment: str = setting(
    '',
    'What real and generated images pass on their way to the discriminator, in order.',
    some_of=registry.discriminator_augmentation,
  )
  clip_weights: float = setting(
    0.0,
    'After each discriminator update clip its weights to [-x, x], as a Wasserstein GAN '
    'without gradient penalty needs; 0 is off.',
    minimum=0,
  )
  generator_optimizer: str = setting(
    'adam(2e-4, beta_1=0.5)', 'Optimiser of the generator.', one_of=registry.optimizer
  )
  discriminator_optimizer: str = setting(
    'adam(2e-4, beta_1=0.5)', 'Optimiser of the discriminator.', one_of=registry.optimizer
  )
  batch_size: int = setting(64, 'Images per update, over all replicas.', minimum=1)
  accumulate: int = setting(
    1,
    'Parts that the batch of an update is split into, whose gradients are added up: less memory. '
    'Batch-norm statistics are those of a part.',
    minimum=1,
  )
  update: str = setting(
    'joint',
    'joint: one forward pass updates both players, as in tfgan.get_joint_train_hooks. '
    'sequential: the discriminator first, then the generator against the new discriminator.',
    choices=('joint', 'sequential'),
  )
  discriminator_steps: int = setting(1, 'Discriminator updates per generator update.', minimum=1)
  discriminator_pretraining: int = setting(
    0, 'In so many steps at the start only the discriminator is trained.', minimum=0
  )
  generator_loss_floor: float = setting(
    0.0, 'The generator is updated only while its loss is above this; 0 is off.', minimum=0
  )
  discriminator_loss_floor: float = setting(
    0.0, 'The discriminator is updated only while its loss is above this; 0 is off.', minimum=0
  )
  replay_pool: int = setting(
    0, 'Generated images kept to be shown to the discriminator again; 0 is off.', minimum=0
  )
  ema_decay: float = setting(
    0.999,
    'Decay per step of the moving average of generator weights that evaluation and '
    'sampling use; 0 is off.',
    minimum=0,
    below=1,
  )
  seed: int = setting(0, 'Everything random follows from it.', minimum=0, below=2**31)
  deterministic: bool = setting(True, 'Use deterministic kernels only.')
  precision: str = setting(
    'float32',
    'What layers compute in; variables, last layers, losses and the moving average stay float32.',
    choices=('float32', 'mixed_bfloat16', 'mixed_float16'),
  )

  max_steps: int = setting(2000, 'Generator updates in the whole run.', defines=False, minimum=1)
  save_every: int = setting(500, 'Steps between checkpoints.', defines=False, minimum=1)
  keep_checkpoints: int = setting(
    0, 'How many of the newest checkpoints to keep; 0 keeps all.', defines=False, minimum=0
  )
  log_every: int = setting(50, 'Steps between TensorBoard scalars.', defines=False, minimum=1)
  sample_every: int = setting(500, 'Steps between grids of samples.', defines=False, minimum=1)
  steps_per_loop: int = setting(
    10, 'Most steps run on the device per call from the host.', defines=False, minimum=1
  )
  max_hours: float = setting(
    0.0,
    'Save and exit with code 75 when the job is this old; 0 is no limit.',
    defines=False,
    minimum=0,
  )
  on_nan: str = setting(
    'stop', 'What to do about a loss that is not finite.', defines=False, one_of=registry.on_nan
  )
  model_dir: str = setting('', 'Directory of the run; may be gs://.', defines=False, path=True)
  data_dir: str = setting(
    '', 'Directory of the data, for datasets that need one.', defines=False, path=True
  )
  memory_limit_gb: float = setting(
    4.0, 'Data larger than this stays on disk.', defines=False, minimum=0
  )
  accelerator: str = setting(
    'auto',
    'What to train on. auto: a TPU if --tpu is given or one is attached, the workers of TF_CONFIG, '
    'all GPUs of this machine, or its CPU.',
    defines=False,
    choices=('auto', 'cpu', 'gpu', 'tpu', 'multi_worker'),
  )
  tpu: str = setting('', "Name of a Cloud TPU, or 'local' on its own machine.", defines=False)
  tpu_zone: str = setting('', 'Zone of the TPU, if not that of this machine.', defines=False)
  tpu_project: str = setting('', 'Project of the TPU, if not that of this machine.', defines=False)
  jit_compile: str = setting(
    'auto',
    'Compile the step with XLA. auto: on one GPU, not on several; a TPU always does.',
    defines=False,
    choices=('auto', 'on', 'off'),
  )
  virtual_devices: int = setting(
    0,
    'Split the CPU into this many devices and train on all of '
    'them, to try distribution without hardware.',
    defines=False,
    minimum=0,
  )

  @classmethod
  def from_record(cls, values: Mapping[str, Any], **overrides: Any) -> Experiment:
    """The experiment of an experiment.json, with the overrides that are not None.

    Its values were checked when it was made, and are not again: whoever scores a run needs its
    networks and not its losses, which may be known to another script or a later version only.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    checked = cls(**given)
    experiment = object.__new__(cls)
    for field in dataclasses.fields(cls):
      recorded = {} if field.name in given else values
      value: Any = recorded.get(field.name, getattr(checked, field.name))
      if field.metadata['path'] and value and '://' not in value:
        value = os.path.abspath(value)  # Version 0.1.0 recorded paths as they were given.
      object.__setattr__(experiment, field.name, value)
    return experiment

  def is_due(self, step: int, every: int) -> bool:
    """Whether what happens every so many steps, and at the end, happens at `step`."""
    return step % every == 0 or step == self.max_steps

  def to_flagfile(self) -> str:
    """One `--name=value` line per field, defaults included: later defaults change nothing."""
    lines = ['# Re-launches or resumes this very run: tfgan-train --flagfile=THIS_FILE']
    for name, value in self.to_dict().items():
      lines.append(f'--{name}={str(value).lower() if isinstance(value, bool) else value}')
    return '\n'.join(lines) + '\n'

  def differences(self, other: Experiment) -> list[str]:
    """The flags that make this another experiment than `other`, with both values."""
    pairs = [
      (field.name, *(_today(field, getattr(one, field.name)) for one in (self, other)))
      for field in dataclasses.fields(self)
      if field.metadata['defines']
    ]
    return [f'--{name}={mine} (was {theirs})' for name, mine, theirs in pairs if mine != theirs]


def _today(field: dataclasses.Field[Any], recorded: Any) -> Any:
  """A recorded value with the arguments its component has been given since, as they default."""
  try:
    return canonical_value(field, recorded)
  except UsageError:  # Of another script or version.
    return recorded
