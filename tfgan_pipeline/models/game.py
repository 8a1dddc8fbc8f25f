"""From an experiment to the networks and the game they play."""

from __future__ import annotations

from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.networks.spec import Networks, NetworkSpec


def build_networks(
  experiment: Experiment, image_shape: tuple[int, int, int], num_classes: int
) -> Networks:
  """Freshly initialised networks by role. The same seed gives the same weights each time."""
  keras.utils.set_random_seed(experiment.seed)
  spec = NetworkSpec(image_shape, num_classes, registry.noise.build(experiment.noise).size)
  try:
    return registry.network.build(experiment.networks, spec)
  except (ValueError, TypeError) as error:
    if isinstance(error, UsageError):
      raise
    raise UsageError(f'--networks={experiment.networks}: {error}') from None


def build_game(experiment: Experiment, networks: Networks) -> Any:
  """The model component over `networks`."""
  return registry.model.build(experiment.model, networks, registry.noise.build(experiment.noise))
