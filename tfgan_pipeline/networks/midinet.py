"""Networks of MidiNet, version 1 (Yang, Chou and Yang 2017, arXiv:1703.10847, section 3).

The generator makes a bar of the noise, of the bar before, which a third network reads (the paper's
conditioner), and of a chord; the discriminator reads a bar and its chord. With the paper's sizes
530,625 and 312,703 numbers are trained.
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.layers.chord_order import ChordOrder
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec

layers = keras.layers
BAR_SHAPE = (16, 128, 1)  # Sixteenths, pitches.
_SLOPE = 0.2  # Of leaky ReLU below 0.
FEATURES = 'first_features'  # Layer of the discriminator whose means the generator imitates.


class ToUnitRange(layers.Layer):
  """Maps [-1, 1], the range of samples, to [0, 1], that of the paper's rolls."""

  def call(self, inputs):
    return (inputs + 1.0) / 2.0


@registry.network
def midinet(spec: NetworkSpec, *, filters: int = 64, units: int = 1024, read: int = 16) -> Networks:
  """Generator of a bar of 16x128 from noise, the bar before and a chord, and its discriminator.

  Args:
    spec: Networks to build: those of the game midinet.
    filters: Half the width of the generator's maps; the discriminator's has so many.
    units: Width of the dense layers.
    read: Width of the maps of the bar before.

  Raises:
    UsageError: An argument is less than 1, or samples are no bars.
  """
  require('--networks', at_least=1, filters=filters, units=units, read=read)
  if tuple(spec.image_shape) != BAR_SHAPE:
    raise UsageError(
      '--networks=midinet: makes bars of 16x128x1, of --model=midinet --dataset=tunes, not '
      + 'x'.join(map(str, spec.image_shape))
    )
  networks: Networks = {}
  for name, role in spec.roles.items():
    if role.kind is Kind.GENERATOR and {'previous', 'chord'} <= set(role.reads):
      networks[name] = _generator(name, spec, 2 * filters, units, read)
    elif role.kind is Kind.READER and 'chord' in role.reads:
      networks[name] = _discriminator(name, spec, filters, units)
  return networks


def _normal() -> keras.initializers.Initializer:
  """Returns a new initialiser; a shared one would give layers of equal shape equal weights."""
  return keras.initializers.RandomNormal(stddev=0.02)


def _generator(name: str, spec: NetworkSpec, filters: int, units: int, read: int) -> keras.Model:
  inputs = [keras.Input(port.sides, name=key) for key, port in spec.roles[name].reads.items()]
  noise, previous, asked = inputs
  chord = ChordOrder(name='chords')([previous, asked])
  beside = own.VectorBeside()

  # Maps of the bar before, of 16, 8, 4 and 2 steps.
  maps = [ToUnitRange()(previous)]
  for kernel, stride in (((1, 128), (1, 2)), *[((2, 1), (2, 1))] * 3):
    x = layers.Conv2D(read, kernel, stride, kernel_initializer=_normal())(maps[-1])
    maps.append(layers.LeakyReLU(_SLOPE)(own.BatchNorm()(x)))

  def dense(x: tf.Tensor, width: int) -> tf.Tensor:
    x = layers.Dense(width, kernel_initializer=_normal())(beside([x, chord]))
    return layers.ReLU()(own.BatchNorm()(x))

  x = dense(dense(noise, units), 2 * filters)
  x = layers.Reshape((2, 1, filters))(x)
  for known in maps[:1:-1]:  # From 2 to 4, 8 and 16 steps.
    x = layers.Concatenate()([beside([x, chord]), known])
    x = layers.Conv2DTranspose(filters, (2, 1), (2, 1), kernel_initializer=_normal())(x)
    x = layers.ReLU()(own.BatchNorm()(x))
  x = layers.Concatenate()([beside([x, chord]), maps[1]])
  x = layers.Conv2DTranspose(1, (1, 128), (1, 2), kernel_initializer=_normal())(x)
  bar = own.UnitToImageRange(dtype='float32')(layers.Activation('sigmoid', dtype='float32')(x))
  return keras.Model(inputs, bar, name=name)


def _discriminator(name: str, spec: NetworkSpec, filters: int, units: int) -> keras.Model:
  inputs = [keras.Input(port.sides, name=key) for key, port in spec.roles[name].reads.items()]
  bar, chord = inputs
  beside = own.VectorBeside()
  size = chord.shape[-1]

  x = beside([ToUnitRange()(bar), chord])
  x = layers.Conv2D(1 + size, (2, 128), (2, 2), kernel_initializer=_normal())(x)
  x = layers.LeakyReLU(_SLOPE, name=FEATURES)(x)  # [n, 8, 1, 14]
  x = beside([x, chord])
  x = layers.Conv2D(filters + size, (4, 1), (2, 2), kernel_initializer=_normal())(x)
  x = layers.LeakyReLU(_SLOPE)(own.BatchNorm()(x))  # [n, 3, 1, 77]
  x = beside([layers.Flatten()(x), chord])
  x = layers.Dense(units, kernel_initializer=_normal())(x)
  x = layers.LeakyReLU(_SLOPE)(own.BatchNorm()(x))
  x = beside([x, chord])
  logits = layers.Dense(spec.outputs[name], kernel_initializer=_normal(), dtype='float32')(x)
  return keras.Model(inputs, logits, name=name)
