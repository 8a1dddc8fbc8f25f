"""What a network function is told, and what it returns.

    @registry.network
    def mine(spec: NetworkSpec, *, width: int = 100) -> Networks:
      networks = {'generator': keras.Model}
      for role, outputs in spec.outputs.items():
        networks[role] = keras.Model
      return conditioned(spec, networks)

The generator maps float32 noise [batch, spec.noise_size] to images [batch, H, W, C] in [-1, 1].
Each reader, such as the discriminator, maps such images to `outputs` numbers [batch, outputs]. A
discriminator gives logits also for least squares and Wasserstein losses, where they are scores;
losses never expect a sigmoid. What further numbers mean is the game's affair, see models/.

Layers follow `--precision` by themselves. The last one of a network is given dtype='float32', so
that images and logits keep their precision.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers import basic as own

Networks = dict[str, keras.Model]


@dataclasses.dataclass(frozen=True)
class NetworkSpec:
  """The sizes a network must fit.

  Attributes:
    image_shape: (height, width, channels).
    num_classes: 0 when the data has no labels.
    noise_size: Length of the generator's input vector.
    outputs: Every network that reads images, by role, and how many numbers it gives per image.
    labelled: Roles that are told the class. Such a generator is a Keras model of [noise
      [n, noise_size], labels int32 [n]], such a reader of [images, labels int32 [n]].
  """

  image_shape: tuple[int, int, int]
  num_classes: int
  noise_size: int
  outputs: Mapping[str, int] = dataclasses.field(default_factory=lambda: {'discriminator': 1})
  labelled: frozenset[str] = frozenset()

  def input_shape(self, role: str) -> tuple[int, ...]:
    """What a network that leaves labels to `conditioned` reads: one channel more per class."""
    *shape, channels = (self.noise_size,) if role == 'generator' else self.image_shape
    return (*shape, channels + (self.num_classes if role in self.labelled else 0))


def conditioned(spec: NetworkSpec, networks: Networks) -> Networks:
  """Networks that read `spec.input_shape(role)` as ones that also take the label if they should.

  The label is one-hot: numbers beside the noise, or constant maps behind an image's channels (Mirza
  and Osindero 2014, arXiv:1411.1784).
  """
  made = dict(networks)
  for role in spec.labelled:
    shape = (spec.noise_size,) if role == 'generator' else spec.image_shape
    inputs = [keras.Input(shape), keras.Input((), dtype=tf.int32, name='label')]
    beside = own.LabelBeside(spec.num_classes)(inputs)
    made[role] = keras.Model(inputs, networks[role](beside), name=role)
  return made


def features_of(reader: keras.Model) -> keras.Model:
  """From the inputs of a reader to what its last layer with weights reads, sharing all weights."""
  last = next(layer for layer in reversed(reader.layers) if layer.weights)
  if isinstance(last, keras.Model):  # As `conditioned` makes them.
    return keras.Model(reader.inputs, features_of(last)(last.get_input_at(-1)))
  read = last.get_input_at(0)  # A projection head reads the class beside the features.
  return keras.Model(reader.inputs, read[0] if isinstance(read, list) else read)
