"""The smallest translators: two convolutions, and the sides of the other picture."""

from __future__ import annotations

from tfgan_pipeline.compat import keras
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec

layers = keras.layers


def two_way_translators(spec: NetworkSpec, *, filters: int = 4) -> Networks:
  """Fills translators, and leaves all else to the next component."""
  return {
    name: keras.Sequential(
      [
        layers.InputLayer(role.reads['image'].shape),
        layers.Conv2D(filters, 3, padding='same', activation='relu'),
        layers.Resizing(*role.gives.shape[:2]),
        layers.Conv2D(role.gives.shape[2], 3, padding='same', activation='tanh', dtype='float32'),
      ],
      name=name,
    )
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }
