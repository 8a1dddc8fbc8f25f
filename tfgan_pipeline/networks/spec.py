"""Specification of the networks that a network component builds: roles, inputs and outputs.

    @registry.network
    def mine(spec: NetworkSpec, *, width: int = 100) -> Networks:
      def generator(role: str) -> keras.Model: ...

      def reader(role: str, outputs: int) -> keras.Model: ...

      return conditioned(spec, fill(spec, generator, reader))

A game defines the roles, and what each reads and gives. The components of --networks fill them in
order: each is asked for the roles that are still empty, and returns those of kinds it knows.

A generator maps float32 noise [batch, spec.noise_size] to images [batch, H, W, C] in [-1, 1]. A
reader, such as the discriminator, maps such images to numbers [batch, outputs]. A discriminator
gives logits, and never ends in a sigmoid: least squares and Wasserstein losses read the same
numbers as scores. The game defines what further numbers mean, see models/.

Layers follow `--precision` by themselves. The last layer of a network gets dtype='float32', so that
images and logits keep their precision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import dataclasses
import enum
from typing import cast

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers import basic as own

Networks = dict[str, keras.Model]  # By role, such as 'generator'.


class Kind(enum.Enum):
  """Kinds of networks, by input and output."""

  GENERATOR = 'generator'  # Noise -> a sample.
  TRANSLATOR = 'translator'  # A sample -> a sample.
  READER = 'reader'  # A sample -> numbers.
  PATCH_READER = 'patch reader'  # A sample -> a map of numbers, one for each patch.
  TEXT_ENCODER = 'text encoder'  # Tokens of a caption -> numbers.


@dataclasses.dataclass(frozen=True)
class Port:
  """An input or the output of a network.

  Attributes:
    shape: Shape of one example; None for a side that the network decides, as in a map of patches.
    dtype: 'float32', or 'int32' for a label or for tokens.
    classes: Number of classes of a label, or of different tokens; 0 for anything else.
  """

  shape: tuple[int | None, ...]
  dtype: str = 'float32'
  classes: int = 0

  @property
  def sides(self) -> tuple[int, ...]:
    """The `shape`, typed as ints, for ports whose shape has no None; not checked."""
    return cast('tuple[int, ...]', self.shape)


@dataclasses.dataclass(frozen=True)
class Role:
  """A network that a game needs, such as its generator: inputs and output, not architecture.

  Attributes:
    kind: Kind of the network.
    reads: Inputs by name, in the order in which the Keras model takes them: 'noise', 'image',
      'label', 'text' and so on.
    gives: Output.
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
    num_classes: Number of classes; 0 when the data has no labels.
    noise_size: Length of the generator's input vector.
    outputs: Numbers per image of each network that reads images, by role.
    labelled: Roles that also read the class. A labelled generator is a Keras model of [noise
      [n, noise_size], labels int32 [n]], a labelled reader one of [images, labels int32 [n]].
  """
  noise, image = Port((noise_size,)), Port(tuple(image_shape))

  def label_port(role: str) -> dict[str, Port]:
    return {'label': Port((), 'int32', num_classes)} if role in labelled else {}

  roles = {'generator': Role(Kind.GENERATOR, {'noise': noise, **label_port('generator')}, image)}
  for role, size in outputs.items():
    roles[role] = Role(Kind.READER, {'image': image, **label_port(role)}, Port((size,)))
  return roles


@dataclasses.dataclass(frozen=True)
class NetworkSpec:
  """Networks that a component of --networks is asked to build, all for images of one shape.

  Attributes:
    roles: Inputs and output of each network by name, such as 'generator'; a component leaves out
      networks of kinds it does not know.
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
    """Returns the spec of a game with one generator of images and readers of them.

    Args:
      image_shape: (height, width, channels).
      num_classes: Number of classes; 0 when the data has no labels.
      noise_size: Length of the generator's input vector.
      outputs: Numbers per image of each reader, by role; by default {'discriminator': 1}.
      labelled: Roles that also read the class.
    """
    outputs = {'discriminator': 1} if outputs is None else outputs
    return cls(image_roles(image_shape, num_classes, noise_size, outputs, labelled))

  def of_kind(self, *kinds: Kind) -> dict[str, Role]:
    """Returns the roles whose kind is one of `kinds`, by name."""
    return {name: role for name, role in self.roles.items() if role.kind in kinds}

  @property
  def image_shape(self) -> tuple[int, ...]:
    """Shape (height, width, channels) of images that the generator makes, or else readers read."""
    shape = _port_of(next(iter(self.roles.values()))).shape
    return tuple(side or 0 for side in shape)  # Sides of images are known.

  @property
  def noise_size(self) -> int:
    """Length of a generator's input vector; 0 without a generator."""
    return next((role.reads['noise'].sides[0] for role in self.of_kind(Kind.GENERATOR).values()), 0)

  @property
  def outputs(self) -> dict[str, int]:
    """Numbers per image of each network that reads images, by role."""
    return {name: role.gives.sides[0] for name, role in self.of_kind(Kind.READER).items()}

  @property
  def labelled(self) -> frozenset[str]:
    """Roles that read the class."""
    return frozenset(name for name, role in self.roles.items() if 'label' in role.reads)

  @property
  def num_classes(self) -> int:
    """Number of classes of the labels that networks read; 0 if none reads labels."""
    labels = [role.reads['label'] for role in self.roles.values() if 'label' in role.reads]
    return max((port.classes for port in labels), default=0)

  def input_shape(self, role: str) -> tuple[int, ...]:
    """Returns the shape of the only input of a network to which `conditioned` adds a label input.

    The shape is that of the noise or of the images, without batch axis. If the role reads labels,
    its last side is larger by the number of classes, for the one-hot label.
    """
    generates = self.roles[role].kind is Kind.GENERATOR
    *shape, channels = (self.noise_size,) if generates else self.image_shape
    return (*shape, channels + (self.num_classes if role in self.labelled else 0))


def _port_of(role: Role) -> Port:
  """Returns the output of a generator, and the first input of any other role."""
  return role.gives if role.kind is Kind.GENERATOR else next(iter(role.reads.values()))


def by_image(roles: Mapping[str, Role]) -> list[NetworkSpec]:
  """Splits roles into specs of one image shape each.

  A generator belongs to the shape that it makes, any other role to the shape that it reads. Text
  encoders, which know no images, go with the first shape.
  """
  groups: dict[tuple[int | None, ...], dict[str, Role]] = {}
  for name, role in sorted(roles.items(), key=lambda item: item[1].kind is Kind.TEXT_ENCODER):
    shape = _port_of(role).shape
    if role.kind is Kind.TEXT_ENCODER:
      shape = next(iter(groups), shape)
    groups.setdefault(shape, {})[name] = role
  return [NetworkSpec(group) for group in groups.values()]


def fill(
  spec: NetworkSpec,
  generator: Callable[[str], keras.Model],
  reader: Callable[[str, int], keras.Model],
) -> Networks:
  """Builds the generators and readers that a spec asks for, generators first.

  Args:
    spec: Networks to build.
    generator: Makes a generator from the name of its role.
    reader: Makes a reader from the name of its role and its number of outputs per image.

  Returns:
    Keras models by role.
  """
  networks = {role: generator(role) for role in spec.of_kind(Kind.GENERATOR)}
  return networks | {role: reader(role, outputs) for role, outputs in spec.outputs.items()}


def conditioned(spec: NetworkSpec, networks: Networks) -> Networks:
  """Adds a label input to the networks of labelled roles.

  The label is appended one-hot: as numbers behind the noise, or as constant maps behind the image's
  channels (Mirza and Osindero 2014, arXiv:1411.1784).

  Args:
    spec: Roles, some of them labelled.
    networks: Models by role, of one input of shape `spec.input_shape(role)`.

  Returns:
    All networks by role; a labelled one reads [noise or images, labels int32 [n]].
  """
  models = dict(networks)
  for role in spec.labelled & networks.keys():
    shape = next(iter(spec.roles[role].reads.values())).shape
    inputs = [keras.Input(shape), keras.Input((), dtype=tf.int32, name='label')]
    joint_input = own.LabelBeside(spec.num_classes)(inputs)  # [n, ..., C + classes]
    models[role] = keras.Model(inputs, networks[role](joint_input), name=role)
  return models


def features_of(reader: keras.Model) -> keras.Model:
  """Returns the part of a reader before its last layer with weights.

  The part reads the inputs of the reader and shares its weights.
  """
  last = next(layer for layer in reversed(reader.layers) if layer.weights)
  if isinstance(last, keras.Model):  # `conditioned` wraps one model in another.
    return keras.Model(reader.inputs, features_of(last)(last.get_input_at(-1)))
  features = last.get_input_at(0)  # A projection head reads [features, class].
  return keras.Model(reader.inputs, features[0] if isinstance(features, list) else features)
