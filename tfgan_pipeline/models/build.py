"""Construction of an experiment's game and networks."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.networks.spec import Networks, Role, by_image


def build_networks(
  experiment: Experiment,
  data: Fields,
  *,
  roles: Collection[str] | None = None,
  precision: str = 'float32',
) -> Networks:
  """Builds freshly initialised networks, by role; equal seeds give equal weights.

  Args:
    experiment: Names of the game, which defines the roles, and of the networks; the seed.
    data: Fields of the examples.
    roles: Roles of --networks to build; None for all of the game, and its `own_networks`.
    precision: Keras policy in which layers compute. Variables are float32 in any case, so weights
      trained with one policy can be used with another.

  Raises:
    UsageError: The networks do not exist for such data, return another type than float32, or are
      not those that the game needs.
  """
  game = new_game(experiment, data)
  requests = {name: role for name, role in game.roles().items() if roles is None or name in roles}
  outer_policy = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy(precision)
  networks: Networks = {}
  try:
    with seeded(experiment.seed):
      for call in registry.network.parse_all(experiment.networks):
        for spec in by_image(
          {name: role for name, role in requests.items() if name not in networks}
        ):
          candidates = registry.network.build(str(call), spec)
          networks |= {name: network for name, network in candidates.items() if name in spec.roles}
      for name, role in requests.items():
        _check(experiment, name, role, networks.get(name), precision)
      if roles is None:  # Those in use after training are of --networks.
        networks |= game.own_networks(networks)
  except (ValueError, TypeError) as error:
    if isinstance(error, UsageError):
      raise
    raise UsageError(f'--networks={experiment.networks}: {error}') from None
  finally:
    keras.mixed_precision.set_global_policy(outer_policy)
  return networks


def _check(
  experiment: Experiment, name: str, role: Role, network: keras.Model | None, precision: str
) -> None:
  """Raises UsageError unless a network has the inputs and the output of its role."""
  flag = f'--networks={experiment.networks}'
  shape = role.gives.shape
  if not isinstance(network, keras.Model | None):
    raise UsageError(f'{flag}: its {name} is of {type(network).__name__}, and no model of Keras 2')
  if network is not None and network.output.dtype != tf.float32:
    raise UsageError(
      f'--precision={precision}: the {name} of {flag} returns {network.output.dtype.name}; '
      "its last layer needs dtype='float32'"
    )
  if network is None:
    raise UsageError(
      f'{flag}: has no {name} of {_text(shape)} outputs, which --model={experiment.model} needs; '
      '--list=network names others'
    )
  made = network.output_shape[1:]
  if not _fits(made, shape):
    wants = f'--model={experiment.model} needs {_text(shape)}'
    hint = '; build it for the shapes of its role' if None in made else ''
    raise UsageError(f'{flag}: its {name} makes {_text(made)}, and {wants}{hint}')
  if len(network.inputs) != len(role.reads):
    raise UsageError(
      f'{flag}: its {name} has {len(network.inputs)} inputs, and of --model={experiment.model} it '
      f'reads {" and ".join(role.reads)}'
    )
  for tensor, (read, port) in zip(network.inputs, role.reads.items()):
    if not _fits(port.shape, tensor.shape[1:]):
      raise UsageError(
        f'{flag}: its {name} reads {read} of {_text(tensor.shape[1:])}, and '
        f'--model={experiment.model} gives it {_text(port.shape)}'
      )


def _text(shape: Iterable[int | None]) -> str:
  return 'x'.join(str(side or '?') for side in shape) or '1'


def _fits(shape: tuple[int | None, ...], pattern: tuple[int | None, ...]) -> bool:
  """Returns whether a shape has the sides of a pattern, in which None is any side."""
  return len(shape) == len(pattern) and all(
    expected in (None, side) for side, expected in zip(shape, pattern)
  )


def new_game(experiment: Experiment, data: Fields) -> Game:
  """Builds the game of an experiment, without networks.

  Raises:
    UsageError: A hyper-parameter is out of range, or the data lack fields that the game needs.
  """
  noise = registry.noise.build(experiment.noise)
  try:
    game = registry.model.build(experiment.model, noise, data)
  except UsageError as error:
    if error.names_a_flag:
      raise
    raise UsageError(f'--model={experiment.model}: {error}') from None
  except KeyError as error:
    if error.args[0] in data:
      raise
    raise _missing_fields_error(experiment, data, str(error.args[0])) from None
  if missing_names := [name for name in game.reads if name not in data]:
    raise _missing_fields_error(experiment, data, ', '.join(missing_names))
  for task in game.tasks().values():
    if not (data[task.target].medium and (task.samples_noise or data[task.source].medium)):
      raise UsageError(
        f'--model={experiment.model}: --task={task.name} makes {task.target} of {task.source}, and '
        'one of them is no sample of a medium'
      )
  return game


def _missing_fields_error(experiment: Experiment, data: Fields, fields: str) -> UsageError:
  return UsageError(
    f'--model={experiment.model}: reads {fields}, and examples of --dataset={experiment.dataset} '
    f'hold {", ".join(data)}'
  )


def named_averages(averages: Networks, long_averages: Networks | None = None) -> Networks:
  """Returns moving averages by their names in checkpoints, such as 'generator_ema'.

  Args:
    averages: Averages by role.
    long_averages: The longer ones by role, of --ema=posthoc, such as 'generator_ema_long'.
  """
  return {
    **{f'{role}_ema': average for role, average in averages.items()},
    **{f'{role}_ema_long': average for role, average in (long_averages or {}).items()},
  }
