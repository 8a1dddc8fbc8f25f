"""From an experiment to the networks and the game they play."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.networks.spec import Networks, NetworkSpec


def build_networks(
  experiment: Experiment,
  data: Fields,
  *,
  precision: str = 'float32',
) -> Networks:
  """Freshly initialised networks by role. The same seed gives the same weights each time.

  Args:
    experiment: Names the networks, and the game, which says which ones it needs.
    data: The fields of the examples.
    precision: What layers compute in: a Keras policy. Variables are float32 in any case, so weights
      trained in one can be used in another.

  Raises:
    UsageError: The networks do not exist for such images, return another type than float32, or are
      not those that the game needs.
  """
  game = new_game(experiment, data)
  image_shape = data.image_shape
  spec = NetworkSpec(image_shape, data.num_classes, game.noise_size, game.outputs, game.labelled)
  outside = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy(precision)
  try:
    with seeded(experiment.seed):
      networks = registry.network.build(experiment.networks, spec)
  except (ValueError, TypeError) as error:
    if isinstance(error, UsageError):
      raise
    raise UsageError(f'--networks={experiment.networks}: {error}') from None
  finally:
    keras.mixed_precision.set_global_policy(outside)
  for role, network in networks.items():
    if network.output.dtype != tf.float32:
      raise UsageError(
        f'--precision={precision}: the {role} of --networks={experiment.networks} returns '
        f"{network.output.dtype.name}; its last layer needs dtype='float32'"
      )
  shapes = {'generator': image_shape, **{role: (size,) for role, size in game.outputs.items()}}
  for role, shape in shapes.items():
    if role not in networks or networks[role].output_shape[1:] != tuple(shape):
      raise UsageError(
        f'--networks={experiment.networks}: has no {role} of {"x".join(map(str, shape))} outputs, '
        f'which --model={experiment.model} needs'
      )
    if len(networks[role].inputs) != 1 + (role in game.labelled):
      told = 'tells' if role in game.labelled else 'does not tell'
      raise UsageError(
        f'--networks={experiment.networks}: its {role} has {len(networks[role].inputs)} inputs, '
        f'and --model={experiment.model} {told} it the class'
      )
  return networks


def build_game(experiment: Experiment, networks: Networks, data: Fields) -> Game:
  """The model component over `networks`."""
  game = new_game(experiment, data)
  game.networks = networks
  return game


def new_game(experiment: Experiment, data: Fields) -> Game:
  """The model component, which has no networks yet."""
  noise = registry.noise.build(experiment.noise)
  try:
    return registry.model.build(experiment.model, noise, data)
  except UsageError as error:
    if str(error).startswith('--'):
      raise
    raise UsageError(f'--model={experiment.model}: {error}') from None
