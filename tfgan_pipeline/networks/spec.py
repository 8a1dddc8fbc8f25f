"""What a network function is told, and what it returns.

    @registry.network
    def mine(spec: NetworkSpec, *, width: int = 100) -> Networks:
      def generator(role: str) -> keras.Model: ...

      def reader(role: str, outputs: int) -> keras.Model: ...

      return conditioned(spec, fill(spec, generator, reader))

A game says which roles there are, and what each reads and gives. Components of --networks fill
them in order: each is asked for those that are still empty, and returns the ones of kinds it knows.

A generator maps float32 noise [batch, spec.noise_size] to images [batch, H, W, C] in [-1, 1]. A
reader, such as the discriminator, maps such images to numbers [batch, outputs]. A discriminator
gives logits also for least squares and Wasserstein losses, where they are scores; losses never
expect a sigmoid. What further numbers mean is the game's affair, see models/.

Layers follow `--precision` by themselves. The last one of a network is given dtype='float32', so
that images and logits keep their precision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import dataclasses
import enum
from typing import cast

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers import basic as own

Networks = dict[str, keras.Model]


class Kind(enum.Enum):
  """The kind of a network, by its input and its output."""

  GENERATOR = 'generator'  # Noise -> a sample.
  TRANSLATOR = 'translator'  # A sample -> a sample.
  READER = 'reader'  # A sample -> numbers.
  PATCH_READER = 'patch reader'  # A sample -> a map of numbers, one for each patch.


@dataclasses.dataclass(frozen=True)
class Port:
  """An input or the output of a network.

  Attributes:
    shape: Of one example; None where a network decides, such as the sides of a map of patches.
    dtype: 'float32', or 'int32' of classes.
    classes: How many, of a label.
  """

  shape: tuple[int | None, ...]
  dtype: str = 'float32'
  classes: int = 0

  @property
  def sides(self) -> tuple[int, ...]:
    """The shape, of which nothing is left to a network."""
    return cast('tuple[int, ...]', self.shape)


@dataclasses.dataclass(frozen=True)
class Role:
  """A network that a game needs.

  Attributes:
    kind: What it makes of what.
    reads: Its inputs by name, in order: 'noise', 'image', 'label' and so on.
    gives: Its output.
  """

  kind: Kind
  reads: Mapping[str, Port]
  gives: Port


def image_roles(
  image_shape: tuple[int, ...],
  num_classes: int,
  noise_size: int,
  outputs: Mapping[str, int],
  labelled: Collection[str],
) -> dict[str, Role]:
  """Returns the roles of a game with one generator of images and readers of them.

  Args:
    image_shape: (height, width, channels).
    num_classes: 0 when the data has no labels.
    noise_size: Length of the generator's input vector.
    outputs: Every network that reads images, by role, and how many numbers it gives per image.
    labelled: Roles that are told the class. Such a generator is a Keras model of [noise
      [n, noise_size], labels int32 [n]], such a reader of [images, labels int32 [n]].
  """
  noise, image = Port((noise_size,)), Port(tuple(image_shape))

  def told(role: str) -> dict[str, Port]:
    return {'label': Port((), 'int32', num_classes)} if role in labelled else {}

  roles = {'generator': Role(Kind.GENERATOR, {'noise': noise, **told('generator')}, image)}
  for role, size in outputs.items():
    roles[role] = Role(Kind.READER, {'image': image, **told(role)}, Port((size,)))
  return roles


@dataclasses.dataclass(frozen=True)
class NetworkSpec:
  """The roles that a network component is asked to fill, all about images of one shape.

  Attributes:
    roles: By name; a component leaves out those of kinds it does not know.
  """

  roles: Mapping[str, Role]

  @classmethod
  def of_images(
    cls,
    image_shape: tuple[int, ...],
    num_classes: int,
    noise_size: int,
    outputs: Mapping[str, int] | None = None,
    labelled: Collection[str] = (),
  ) -> NetworkSpec:
    """Returns the spec of `image_roles`, by default with a discriminator of one output."""
    outputs = {'discriminator': 1} if outputs is None else outputs
    return cls(image_roles(image_shape, num_classes, noise_size, outputs, labelled))

  def of_kind(self, *kinds: Kind) -> dict[str, Role]:
    """Returns the roles of these kinds."""
    return {name: role for name, role in self.roles.items() if role.kind in kinds}

  @property
  def image_shape(self) -> tuple[int, ...]:
    """(height, width, channels) of what generators make, or else of what the others read."""
    shape = _port_of(next(iter(self.roles.values()))).shape
    return tuple(side or 0 for side in shape)  # Sides of images are known.

  @property
  def noise_size(self) -> int:
    """Length of a generator's input vector; 0 where no generator is wanted."""
    return next((role.reads['noise'].sides[0] for role in self.of_kind(Kind.GENERATOR).values()), 0)

  @property
  def outputs(self) -> dict[str, int]:
    """Every network that reads images, and how many numbers it gives per image."""
    return {name: role.gives.sides[0] for name, role in self.of_kind(Kind.READER).items()}

  @property
  def labelled(self) -> frozenset[str]:
    """Roles that are told the class."""
    return frozenset(name for name, role in self.roles.items() if 'label' in role.reads)

  @property
  def num_classes(self) -> int:
    """Number of classes that networks are told; 0 where none is."""
    ports = [port for role in self.roles.values() for port in role.reads.values()]
    return max((port.classes for port in ports), default=0)

  def input_shape(self, role: str) -> tuple[int, ...]:
    """What a network that leaves labels to `conditioned` reads: one channel more per class."""
    generates = self.roles[role].kind is Kind.GENERATOR
    *shape, channels = (self.noise_size,) if generates else self.image_shape
    return (*shape, channels + (self.num_classes if role in self.labelled else 0))


def _port_of(role: Role) -> Port:
  """Returns the output of a generator, and of other roles the first input."""
  return role.gives if role.kind is Kind.GENERATOR else next(iter(role.reads.values()))


def by_image(roles: Mapping[str, Role]) -> list[NetworkSpec]:
  """Splits roles into specs of one image shape each: what a generator makes, or others read."""
  groups: dict[tuple[int | None, ...], dict[str, Role]] = {}
  for name, role in roles.items():
    groups.setdefault(_port_of(role).shape, {})[name] = role
  return [NetworkSpec(group) for group in groups.values()]


def fill(
  spec: NetworkSpec,
  generator: Callable[[str], keras.Model],
  reader: Callable[[str, int], keras.Model],
) -> Networks:
  """Builds the generators and readers that a spec asks for, generators first.

  Args:
    spec: The roles.
    generator: Makes a generator from its role.
    reader: Makes a reader from its role and the numbers that it gives for an image.
  """
  networks = {role: generator(role) for role in spec.of_kind(Kind.GENERATOR)}
  return networks | {role: reader(role, outputs) for role, outputs in spec.outputs.items()}


def conditioned(spec: NetworkSpec, networks: Networks) -> Networks:
  """Networks that read `spec.input_shape(role)` as ones that also take the label if they should.

  The label is one-hot: numbers beside the noise, or constant maps behind an image's channels (Mirza
  and Osindero 2014, arXiv:1411.1784).
  """
  made = dict(networks)
  for role in spec.labelled & networks.keys():
    shape = next(iter(spec.roles[role].reads.values())).shape
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
