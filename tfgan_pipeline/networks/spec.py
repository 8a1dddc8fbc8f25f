"""What a network function is told, and what it returns.

    @registry.network
    def mine(spec: NetworkSpec, *, width: int = 100) -> Networks:
      ...
      return {'generator': keras.Model, 'discriminator': keras.Model}

The generator maps float32 noise [batch, spec.noise_size] to images [batch, H, W, C] in [-1, 1].
The discriminator maps such images to logits [batch, 1]. It gives logits also for least squares and
Wasserstein losses, where they are scores; losses never expect a sigmoid.

Layers follow `--precision` by themselves. The last one of a network is given dtype='float32', so
that images and logits keep their precision.
"""

from __future__ import annotations

import dataclasses

from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError

Networks = dict[str, keras.Model]


@dataclasses.dataclass(frozen=True)
class NetworkSpec:
  """The sizes a network must fit.

  Attributes:
    image_shape: (height, width, channels).
    num_classes: 0 when the data has no labels.
    noise_size: Length of the generator's input vector.
  """

  image_shape: tuple[int, int, int]
  num_classes: int
  noise_size: int


def require_positive(**sizes: int) -> None:
  """Raises UsageError for a size below 1, at which TensorFlow aborts the process."""
  for name, size in sizes.items():
    if size < 1:
      raise UsageError(f'--networks: {name}={size} should be at least 1')
