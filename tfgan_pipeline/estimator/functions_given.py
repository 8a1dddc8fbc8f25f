"""Functions in the form of TF-GAN's GANEstimator, as network, game and loss components.

A function is known by its name in the running program. Its variables, made by tf.compat.v1.layers
or tf.compat.v1.get_variable, become those of a Keras layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import inspect
from typing import Any
import warnings

from tfgan_pipeline import registry
from tfgan_pipeline.compat import Inputs, keras, tf, tf1_variables, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.image_game import Discriminator, ImageGame
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Port, Role
from tfgan_pipeline.runs.own_components import made_in_python

Function = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Given:
  """A function that the running program gave.

  Attributes:
    function: The function.
    params: Value of its argument `params`, if it has one.
  """

  function: Function
  params: Mapping[str, Any]

  def __call__(self, *args: Any, mode: str) -> Any:
    """Calls the function with `mode` and `params` if it has arguments of these names."""
    names = inspect.signature(self.function).parameters
    options = {'mode': mode, 'params': self.params}
    return self.function(*args, **{name: options[name] for name in options if name in names})


_known: dict[str, Given] = {}


def name_of(function: Function) -> str:
  """Returns the name by which a function is recorded, such as 'generator_fn'."""
  inner = inspect.unwrap(getattr(function, 'func', function))
  name = getattr(inner, '__name__', type(inner).__name__)
  return name if name.isidentifier() else 'function'


def keep(function: Function, params: Mapping[str, Any]) -> str:
  """Keeps a function for the components of this file; returns its name."""
  _known[name_of(function)] = Given(function, params)
  return name_of(function)


def given(name: str) -> Given:
  """Returns a function by its name.

  Raises:
    UsageError: The running program gave no such function.
  """
  if name not in _known:
    raise UsageError(f'function {name} of {made_in_python("network tf_functions")}')
  return _known[name]


class FunctionLayer(keras.layers.Layer):
  """Layer that runs a function of TensorFlow 1 in a variable scope and tracks its variables.

  Args:
    function: Function of the inputs, with `mode` 'train' or 'infer'.
    scope: Name of the scope, as TF-GAN has it: 'Generator' or 'Discriminator'.
    flat: Whether outputs are reshaped to [n, numbers].
  """

  def __init__(self, function: Given, scope: str, *, flat: bool = False):
    super().__init__(name=scope)
    self._function, self._flat = function, flat
    # An object, which stands for the scope of this name wherever it is entered.
    self._scope = tf.compat.v1.VariableScope(tf.compat.v1.AUTO_REUSE, scope)

  @tf1_variables()
  def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
    with (
      warnings.catch_warnings(),
      tf.compat.v1.variable_scope(self._scope, auxiliary_name_scope=False),
    ):
      # That the layers are old is known, and each would say so at each call.
      warnings.filterwarnings('ignore', message=r'`(tf\.layers|layer\.updates)')
      values = self._function(*inputs, mode='train' if training else 'infer')
    values = tf.cast(values, tf.float32)
    if not self._flat:
      return values
    return tf.reshape(values, [-1, values.shape[1:].num_elements()])


@registry.network
def tf_functions(spec: NetworkSpec, *, generator: str, discriminator: str) -> Networks:
  """Functions generator_fn and discriminator_fn of TF-GAN, given to GANEstimator.from_functions.

  Args:
    spec: Networks to build.
    generator: Name of the generator_fn.
    discriminator: Name of the discriminator_fn.

  Raises:
    UsageError: This program gave no such functions.
  """
  functions = {
    'generator': (generator, 'Generator'),
    'discriminator': (discriminator, 'Discriminator'),
  }
  networks = {}
  for role in spec.roles.keys() & functions.keys():
    name, scope = functions[role]
    inputs = [keras.Input(port.shape) for port in spec.roles[role].reads.values()]
    layer = FunctionLayer(given(name), scope, flat=role == 'discriminator')
    networks[role] = keras.Model(inputs, layer(inputs), name=role)
  return networks


@registry.model
def tf_functions_gan(noise: Noise, data: Fields) -> Game:
  """Generator against a discriminator that reads the generator's inputs, too, as TF-GAN has it.

  Args:
    noise: Random input of the generator for samples.
    data: Fields of the examples; the generator's inputs in training are among them.
  """
  return _FunctionsGAN(noise, data)


@registry.loss
def tf_function_losses(*, generator: str, discriminator: str) -> AdversarialLoss:
  """Functions generator_loss_fn and discriminator_loss_fn, as given to GANEstimator.from_functions.

  Args:
    generator: Name of the generator_loss_fn.
    discriminator: Name of the discriminator_loss_fn.
  """
  return AdversarialLoss(given(generator).function, given(discriminator).function)


class _FunctionsGAN(ImageGame):
  """Game whose generator is trained on the inputs that the data brings along."""

  reads = ('image', 'noise')

  def roles(self) -> Mapping[str, Role]:
    noise, image = Port((self.noise_size,)), Port(tuple(self.data.image_shape))
    return {
      'generator': Role(Kind.GENERATOR, {'noise': noise}, image),
      'discriminator': Role(Kind.READER, {'image': image, 'noise': noise}, Port((None,))),
    }

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.GANModel:
    generator = self.networks['generator']
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=_Discriminator(self),
      real_data=batch['image'],
      generator_inputs=batch['noise'],
    )
    return self.with_variables(model)

  def discriminate(
    self, network: keras.Model, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
  ) -> tf.Tensor:
    inputs = tf.zeros([tf.shape(images)[0], self.noise_size])  # Those of real images are unknown.
    return network([images, inputs], training=training)


class _Discriminator(Discriminator):
  """Discriminator function that passes the generator's inputs on."""

  def _read(self, network: keras.Model, images: tf.Tensor, inputs: Inputs) -> tf.Tensor:
    return network([images, inputs], training=True)
