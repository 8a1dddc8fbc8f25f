"""Experiments made of the arguments of TF-GAN's GANEstimator.

made = experiment_of(generator_fn, discriminator_fn, generator_loss_fn, discriminator_loss_fn,
                     input_fn, model_dir='/tmp/run', max_steps=1000)
made.keep()
estimator = GANEstimator(made.experiment)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import inspect
import logging
import types
from typing import Any

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator.functions_given import Function, Given, keep, names_of
from tfgan_pipeline.estimator.input_functions import Stream, dataset_of_stream, keep_dataset
from tfgan_pipeline.estimator.loss_arguments import penalties_of
from tfgan_pipeline.runs.directory import RunDirectory

_log = logging.getLogger(__name__)

# Field of an experiment -> attribute of tf.estimator.RunConfig.
_OF_CONFIG = {
  'model_dir': 'model_dir',
  'seed': 'tf_random_seed',
  'save_every': 'save_checkpoints_steps',
  'keep_checkpoints': 'keep_checkpoint_max',
  'log_every': 'save_summary_steps',
}
# Attributes that ask for something else than what a run does, their defaults, and the way out.
_NOT_OF_CONFIG = {
  'save_checkpoints_secs': ((None, 600), 'checkpoints are made at steps; give save_every='),
  'keep_checkpoint_every_n_hours': ((None, 10000), 'keep_checkpoints= keeps the newest'),
  'train_distribute': ((None,), 'give accelerator=, see docs/distribution.md'),
  'eval_distribute': ((None,), 'give accelerator=, see docs/distribution.md'),
  'experimental_distribute': ((None,), 'give accelerator=, see docs/distribution.md'),
  'device_fn': ((None,), 'give accelerator=, see docs/distribution.md'),
}
# Argument of an optimiser component -> names that it has in configurations and attributes of
# optimisers of Keras and of TensorFlow 1.
_ADAM = {
  'learning_rate': ('learning_rate', '_lr'),
  'beta_1': ('beta_1', '_beta1'),
  'beta_2': ('beta_2', '_beta2'),
  'epsilon': ('epsilon', '_epsilon'),
}
_SGD = {
  'learning_rate': ('learning_rate', '_learning_rate'),
  'momentum': ('momentum', '_momentum'),
  'nesterov': ('nesterov', '_use_nesterov'),
}
_RMSPROP = {
  'learning_rate': ('learning_rate', '_learning_rate'),
  'rho': ('rho', '_decay'),
  'momentum': ('momentum', '_momentum'),
  'epsilon': ('epsilon', '_epsilon'),
}
_OPTIMIZERS = {
  'Adam': ('adam', _ADAM),
  'AdamOptimizer': ('adam', _ADAM),
  'SGD': ('sgd', _SGD),
  'GradientDescentOptimizer': ('sgd', _SGD),
  'MomentumOptimizer': ('sgd', _SGD),
  'RMSprop': ('rmsprop', _RMSPROP),
  'RMSPropOptimizer': ('rmsprop', _RMSPROP),
}


@dataclasses.dataclass(frozen=True)
class Made:
  """Experiment of functions, which its components know by name.

  Attributes:
    experiment: The experiment.
    functions: The functions by the names that the experiment has for them.
    dataset: The data of input_fn.
  """

  experiment: Experiment
  functions: Mapping[str, Given]
  dataset: Dataset

  def keep(self) -> None:
    """Makes the functions and the data those that the program knows by their names."""
    keep(self.functions)
    keep_dataset(self.dataset)


def experiment_of(
  generator_fn: Function,
  discriminator_fn: Function,
  generator_loss_fn: Function,
  discriminator_loss_fn: Function,
  input_fn: Function,
  *,
  generator_optimizer: Any = 'adam(2e-4, beta_1=0.5)',
  discriminator_optimizer: Any = 'adam(2e-4, beta_1=0.5)',
  get_hooks_fn: Function | None = None,
  get_eval_metric_ops_fn: Function | None = None,
  add_summaries: object = None,
  use_loss_summaries: bool | None = True,
  config: object = None,
  params: Mapping[str, Any] | None = None,
  warm_start_from: object = None,
  is_chief: bool = True,
  noise: str = '',
  reference_images: int = 10000,
  **settings: Any,
) -> Made:
  """Returns the experiment that TF-GAN's functions make.

  Args:
    generator_fn: Function from generator inputs to images [n, H, W, C] in [-1, 1]; gets `mode`,
      'train' or 'infer', and `params` if it has arguments of these names.
    discriminator_fn: Function of images and generator inputs to logits [n] or [n, ...].
    generator_loss_fn: Loss of a tfgan.GANModel, such as those of tfgan.losses.
    discriminator_loss_fn: Loss of a tfgan.GANModel.
    input_fn: Function that returns a tf.data.Dataset of (generator inputs, real images), in
      batches. The inputs are those of training: noise float [n, d], alone or with a label, int [n]
      or one-hot [n, classes], in tuples or dictionaries.
    generator_optimizer: Adam, RMSprop or gradient descent of Keras or TensorFlow 1, a function that
      makes one, or a call string.
    discriminator_optimizer: Optimiser of the discriminator.
    get_hooks_fn: Result of tfgan.get_sequential_train_hooks or get_joint_train_hooks; by default
      the former, as in TF-GAN.
    get_eval_metric_ops_fn: None; scores are those of `evaluate`.
    add_summaries: Ignored: a run always writes its curves and pictures.
    use_loss_summaries: Ignored as well.
    config: Object with attributes of tf.estimator.RunConfig.
    params: Value of arguments named `params`; gradient_penalty_weight in it adds that penalty, and
      other arguments of tfgan.gan_loss are taken or refused, see loss_arguments.py.
    warm_start_from: None.
    is_chief: Ignored: workers find that out.
    noise: Generator inputs of samples, such as 'normal(64)'; by default uniform if the first batch
      is within [-1, 1], else normal.
    reference_images: Number of real images that samples are compared with.
    **settings: Further fields of Experiment, such as model_dir and max_steps; averages of weights
      are off unless `ema_decay` is among them, as in TF-GAN.

  Raises:
    UsageError: An argument has no meaning here, or `input_fn` gives something else.
  """
  del add_summaries, use_loss_summaries, is_chief
  functions = (generator_fn, discriminator_fn, generator_loss_fn, discriminator_loss_fn, input_fn)
  names = list(inspect.signature(experiment_of).parameters)
  for name, function in zip(names, functions):
    if not callable(function):
      raise UsageError(f'{name}={function!r}: should be a function')
  if get_eval_metric_ops_fn is not None:
    raise UsageError(
      'get_eval_metric_ops_fn: has no graph to run in; write a metric component, see '
      'docs/migration.md'
    )
  if warm_start_from is not None:
    raise UsageError('warm_start_from: start a run from another as docs/migration.md says')
  taken = {'dataset', 'model', 'networks', 'loss', 'batch_size'} & settings.keys()
  if taken:
    raise UsageError(f'{min(taken)}: follows from the functions; batches are those of input_fn')
  params = params or types.MappingProxyType({})
  values: dict[str, Any] = {
    'ema_decay': 0.0,
    **_read_config(config),
    **_schedule_of(get_hooks_fn),
    **settings,
  }
  values |= penalties_of(params, settings)
  given = [Given.of(function, params) for function in functions]
  stream = Stream(given[4], values.get('seed', 0))
  names = names_of(functions)
  form = '' if stream.form.is_plain else stream.form.text
  experiment = Experiment(
    dataset=f'input_function({names[4]})',
    model=f'tf_functions_gan(inputs={form!r})',
    networks=f'tf_functions({names[0]}, {names[1]}, inputs={form!r})',
    loss=f'tf_function_losses({names[2]}, {names[3]})',
    noise=noise or _noise_like(stream),
    generator_optimizer=_optimizer('generator_optimizer', generator_optimizer),
    discriminator_optimizer=_optimizer('discriminator_optimizer', discriminator_optimizer),
    batch_size=stream.batch_size,
    **values,
  )
  RunDirectory(experiment.model_dir).check_is_for(experiment)
  _log.info(
    'input_fn %s; samples are drawn with noise=%s',
    'gives equal batches each time: a resumed run is exact'
    if stream.is_repeatable()
    else 'gives other batches each time: a resumed run is exact but for its data',
    experiment.noise,
  )
  data = dataset_of_stream(names[4], stream, reference_images)
  return Made(experiment, dict(zip(names, given)), data)


def _noise_like(stream: Stream) -> str:
  inputs = stream.first['noise'].numpy()
  return f'{"uniform" if abs(inputs).max() <= 1 else "normal"}({inputs.shape[1]})'


def _read_config(config: object) -> dict[str, Any]:
  """Returns the fields of an experiment that a RunConfig, or an object like one, sets.

  Raises:
    UsageError: The object asks for what a run does not do.
  """
  for name, (defaults, way_out) in _NOT_OF_CONFIG.items():
    if (value := getattr(config, name, None)) not in defaults:
      raise UsageError(f'config: {name}={value!r} has no meaning here; {way_out}')
  values = {name: getattr(config, attribute, None) for name, attribute in _OF_CONFIG.items()}
  return {name: value for name, value in values.items() if value is not None}


def _schedule_of(get_hooks_fn: Callable[..., Any] | None) -> dict[str, Any]:
  """Returns the fields of an experiment that say how players take turns.

  Raises:
    UsageError: The hooks are none of TF-GAN's, or train the generator several times a step.
  """
  if get_hooks_fn is None:
    return {'update': 'sequential'}
  maker = getattr(get_hooks_fn, '__qualname__', '').split('.')[0]
  updates = {'get_sequential_train_hooks': 'sequential', 'get_joint_train_hooks': 'joint'}
  if maker not in updates:
    raise UsageError(
      'get_hooks_fn: hooks do not run here; tfgan.get_sequential_train_hooks() and '
      'get_joint_train_hooks() are understood, and update= and discriminator_steps= say the same'
    )
  variables = inspect.getclosurevars(get_hooks_fn).nonlocals
  if updates[maker] == 'joint':
    both = variables['num_d_and_g_steps']
    generator, discriminator = both + variables['num_g_steps'], both + variables['num_d_steps']
  else:
    generator, discriminator = variables['train_steps']
  if generator != 1:
    raise UsageError(f'get_hooks_fn: {generator} generator steps at a time; only one is possible')
  return {'update': updates[maker], 'discriminator_steps': discriminator}


def _optimizer(name: str, optimizer: Any) -> str:
  """Returns the call string of an optimiser.

  Raises:
    UsageError: The optimiser is none that there is a component for, or its rate is no number.
  """
  if isinstance(optimizer, str):
    return optimizer
  kind = type(optimizer).__name__
  if kind not in _OPTIMIZERS:
    if callable(optimizer) and not hasattr(optimizer, 'apply_gradients'):
      return _optimizer(name, optimizer())
    raise UsageError(
      f'{name}: {kind} has no component; give {", ".join(_OPTIMIZERS)}, or a call string such as '
      "'adam(2e-4, beta_1=0.5)'"
    )
  component, arguments = _OPTIMIZERS[kind]
  config = optimizer.get_config() if hasattr(optimizer, 'get_config') else {}
  values: dict[str, bool | float] = {}
  for argument, (of_config, attribute) in arguments.items():
    value = config.get(of_config) if config else getattr(optimizer, attribute, None)
    if isinstance(value, bool):
      values[argument] = value
    elif value is not None:
      try:
        values[argument] = float(f'{float(value):.7g}')  # Keras holds rates as float32.
      except (TypeError, ValueError):
        raise UsageError(
          f'{name}: {argument} should be a number; schedules are written as in '
          '\'adam(2e-4, schedule="linear(steps=10000)")\''
        ) from None
  return f'{component}({", ".join(f"{key}={value}" for key, value in values.items())})'
