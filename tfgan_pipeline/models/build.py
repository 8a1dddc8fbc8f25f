"""From an experiment to the networks and the game they play."""

from __future__ import annotations

from collections.abc import Collection

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
  """Freshly initialised networks by role. The same seed gives the same weights each time.

  Args:
    experiment: Names the networks, and the game, which says which roles there are.
    data: The fields of the examples.
    roles: Those that are wanted, if not all.
    precision: What layers compute in: a Keras policy. Variables are float32 in any case, so weights
      trained in one can be used in another.

  Raises:
    UsageError: The networks do not exist for such data, return another type than float32, or are
      not those that the game needs.
  """
  wanted = {
    name: role
    for name, role in new_game(experiment, data).roles().items()
    if roles is None or name in roles
  }
  outside = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy(precision)
  networks: Networks = {}
  try:
    with seeded(experiment.seed):
      for call in registry.network.parse_all(experiment.networks):
        for spec in by_image({name: role for name, role in wanted.items() if name not in networks}):
          made = registry.network.build(str(call), spec)
          networks |= {name: network for name, network in made.items() if name in spec.roles}
  except (ValueError, TypeError) as error:
    if isinstance(error, UsageError):
      raise
    raise UsageError(f'--networks={experiment.networks}: {error}') from None
  finally:
    keras.mixed_precision.set_global_policy(outside)
  for name, role in wanted.items():
    _check(experiment, name, role, networks.get(name), precision)
  return networks


def _check(
  experiment: Experiment, name: str, role: Role, network: keras.Model | None, precision: str
) -> None:
  """Raises UsageError unless a network does what its role wants."""
  flag = f'--networks={experiment.networks}'
  shape = role.gives.shape
  if network is not None and network.output.dtype != tf.float32:
    raise UsageError(
      f'--precision={precision}: the {name} of {flag} returns {network.output.dtype.name}; '
      "its last layer needs dtype='float32'"
    )
  if network is None or not _fits(network.output_shape[1:], shape):
    raise UsageError(
      f'{flag}: has no {name} of {"x".join(str(side or "?") for side in shape)} outputs, '
      f'which --model={experiment.model} needs'
    )
  if len(network.inputs) != len(role.reads):
    raise UsageError(
      f'{flag}: its {name} has {len(network.inputs)} inputs, and of --model={experiment.model} it '
      f'reads {" and ".join(role.reads)}'
    )


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
  return len(shape) == len(wanted) and all(
    want in (None, side) for side, want in zip(shape, wanted)
  )


def new_game(experiment: Experiment, data: Fields) -> Game:
  """The model component, which has no networks yet."""
  noise = registry.noise.build(experiment.noise)
  try:
    game = registry.model.build(experiment.model, noise, data)
  except UsageError as error:
    if str(error).startswith('--'):
      raise
    raise UsageError(f'--model={experiment.model}: {error}') from None
  except KeyError as error:
    if error.args[0] in data:
      raise
    raise _lacks(experiment, data, str(error.args[0])) from None
  if lacking := [name for name in game.reads if name not in data]:
    raise _lacks(experiment, data, ', '.join(lacking))
  for task in game.tasks().values():
    if not (data[task.target].medium and (task.samples_noise or data[task.source].medium)):
      raise UsageError(
        f'--model={experiment.model}: --task={task.name} makes {task.target} of {task.source}, and '
        'one of them is no sample of a medium'
      )
  return game


def _lacks(experiment: Experiment, data: Fields, fields: str) -> UsageError:
  return UsageError(
    f'--model={experiment.model}: reads {fields}, and examples of --dataset={experiment.dataset} '
    f'hold {", ".join(data)}'
  )


def named_averages(averages: Networks) -> Networks:
  """Returns moving averages by the names that checkpoints keep them under, 'generator_ema'."""
  return {f'{role}_ema': average for role, average in averages.items()}
