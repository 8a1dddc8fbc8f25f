"""From an experiment to the networks and the game they play."""

from __future__ import annotations

from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.networks.spec import Networks, NetworkSpec


def build_networks(
  experiment: Experiment,
  image_shape: tuple[int, int, int],
  num_classes: int,
  *,
  precision: str = 'float32',
) -> Networks:
  """Freshly initialised networks by role. The same seed gives the same weights each time.

  Args:
    experiment: Names the networks.
    image_shape: (height, width, channels).
    num_classes: 0 when the data has no labels.
    precision: What layers compute in: a Keras policy. Variables are float32 in any case, so weights
      trained in one can be used in another.

  Raises:
    UsageError: The networks do not exist for such images, or return another type than float32.
  """
  keras.utils.set_random_seed(experiment.seed)
  spec = NetworkSpec(image_shape, num_classes, registry.noise.build(experiment.noise).size)
  outside = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy(precision)
  try:
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
  return networks


def build_game(experiment: Experiment, networks: Networks) -> Any:
  """The model component over `networks`."""
  return registry.model.build(experiment.model, networks, registry.noise.build(experiment.noise))
