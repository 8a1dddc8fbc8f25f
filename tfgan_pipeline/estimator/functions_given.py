"""Functions in the form of TF-GAN's GANEstimator, as network, game and loss components.

A function is known by its name in the running program. Its variables, made by tf.compat.v1.layers
or tf.compat.v1.get_variable, become those of a Keras layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import inspect
from typing import Any
import warnings

from tfgan_pipeline import registry
from tfgan_pipeline.compat import Inputs, keras, keras_is_2, tf, tf1_variables, tfgan
from tfgan_pipeline.config import source_code
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.estimator.generator_inputs import Form
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.image_game import Discriminator, ImageGame
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Port, Role
from tfgan_pipeline.registry.calls import Later
from tfgan_pipeline.runs.own_components import made_in_python

Function = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Given:
  """A function that the running program gave.

  Attributes:
    function: The function.
    params: Value of its argument `params`, if it has one.
    source: Its source when it was given.
  """

  function: Function
  params: Mapping[str, Any]
  source: source_code.Source

  @classmethod
  def of(cls, function: Function, params: Mapping[str, Any]) -> Given:
    """Returns a function with its source, which is read now."""
    return cls(function, params, source_code.read_function(function, params))

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


def names_of(functions: Sequence[Function]) -> list[str]:
  """Returns a name for each function; equal ones, as of lambdas, get a number."""
  names = [name_of(function) for function in functions]
  return [
    name if names.count(name) == 1 else f'{name}_{number}' for number, name in enumerate(names, 1)
  ]


def keep(functions: Mapping[str, Given]) -> None:
  """Makes functions those that the components of this file, and records of source, know by name."""
  _known.update(functions)
  for name, function in functions.items():
    source_code.add_function(name, function.source)


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
    function: Function of a list of tensors, with `mode` 'train' or 'infer'.
    scope: Name of the scope, as TF-GAN has it: 'Generator' or 'Discriminator'.
    flat: Whether outputs are reshaped to [n, numbers].
  """

  def __init__(self, function: Function, scope: str, *, flat: bool = False):
    super().__init__(name=scope)
    self._function, self._flat = function, flat
    # An object, which stands for the scope of this name wherever it is entered.
    self._scope = tf.compat.v1.VariableScope(tf.compat.v1.AUTO_REUSE, scope)
    self._in_graph = tf.function(self._run, autograph=False)

  @tf1_variables()
  def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
    if not tf.executing_eagerly():
      return self._run(inputs, bool(training))
    # Functions of TensorFlow 1, as TF-GAN's spectral normalisation, may refuse to run eagerly.
    specs = [tf.TensorSpec([None, *value.shape[1:]], value.dtype) for value in inputs]
    return self._in_graph.get_concrete_function(specs, bool(training))(*inputs)

  def _run(self, inputs: list[tf.Tensor], training: bool) -> tf.Tensor:
    """Runs the function, which keeps its state unless it trains."""
    if training:
      return self._outputs(inputs, training)
    # TF-GAN's own examples move averages in each call: a look at samples would change a run.
    before = [(variable, variable.read_value()) for variable in self.non_trainable_variables]
    outputs = self._outputs(inputs, training)
    with tf.control_dependencies([outputs]):
      for variable, value in before:
        variable.assign(value)
    return outputs

  def _outputs(self, inputs: list[tf.Tensor], training: bool) -> tf.Tensor:
    with (
      warnings.catch_warnings(),
      tf.compat.v1.variable_scope(self._scope, auxiliary_name_scope=False),
    ):
      # That the layers are old is known, and each would say so at each call.
      warnings.filterwarnings('ignore', message=r'`(tf\.layers|layer\.updates)')
      values = self._function(inputs, mode='train' if training else 'infer')
    values = tf.cast(values, tf.float32)
    if not self._flat:
      return values
    return tf.reshape(values, [-1, values.shape[1:].num_elements()])


@registry.network
def tf_functions(
  spec: NetworkSpec, *, generator: str, discriminator: str, inputs: Later[str] = ''
) -> Networks:
  """Functions generator_fn and discriminator_fn of TF-GAN, given to GANEstimator.from_functions.

  Args:
    spec: Networks to build.
    generator: Name of the generator_fn.
    discriminator: Name of the discriminator_fn.
    inputs: Form of the generator's inputs, see generator_inputs.py; by default noise alone.

  Raises:
    UsageError: This program gave no such functions, or they cannot be called.
  """
  form = Form(inputs) if inputs else None
  networks = {}
  if 'generator' in spec.roles:
    make = given(generator)
    networks['generator'] = _network(
      spec, 'generator', generator, lambda parts, mode: make(_packed(form, parts), mode=mode)
    )
  if 'discriminator' in spec.roles:
    read = given(discriminator)
    networks['discriminator'] = _network(
      spec,
      'discriminator',
      discriminator,
      lambda parts, mode: read(parts[0], _packed(form, parts[1:]), mode=mode),
    )
  return networks


def _packed(form: Form | None, parts: list[tf.Tensor]) -> Any:
  return form.pack(parts) if form else parts[0]


def _network(spec: NetworkSpec, role: str, name: str, function: Function) -> keras.Model:
  """Returns the model of a role, which runs a function of TF-GAN.

  Raises:
    UsageError: The function, called `name`, fails.
  """
  inputs = [keras.Input(port.shape, dtype=port.dtype) for port in spec.roles[role].reads.values()]
  layer = FunctionLayer(function, role.capitalize(), flat=role == 'discriminator')
  try:
    return keras.Model(inputs, layer(inputs), name=role)
  except (AttributeError, TypeError, ValueError) as error:
    hint = ''
    if not keras_is_2():
      hint = '; functions that use tf.keras need TF_USE_LEGACY_KERAS=1, see docs/migration.md'
    # Keras puts a page around the error of a layer.
    raise UsageError(f'{role}_fn {name}: {first_line(error.__context__ or error)}{hint}') from error


@registry.model
def tf_functions_gan(noise: Noise, data: Fields, *, inputs: Later[str] = '') -> Game:
  """Generator against a discriminator that reads the generator's inputs, too, as TF-GAN has it.

  Args:
    noise: Random input of the generator for samples.
    data: Fields of the examples; the generator's inputs in training are among them.
    inputs: Form of the generator's inputs, see generator_inputs.py; by default noise alone.
  """
  game = _FunctionsGAN(noise, data)
  if inputs:
    game.form = Form(inputs)
    if game.form.has_label:
      game.labelled = frozenset({'generator', 'discriminator'})
      game.reads = (*game.reads, 'label')
  return game


@registry.loss
def tf_function_losses(*, generator: str, discriminator: str) -> AdversarialLoss:
  """Functions generator_loss_fn and discriminator_loss_fn, as given to GANEstimator.from_functions.

  Args:
    generator: Name of the generator_loss_fn.
    discriminator: Name of the discriminator_loss_fn.
  """
  return AdversarialLoss(given(generator).function, given(discriminator).function)


class _FunctionsGAN(ImageGame):
  """Game whose generator is trained on the inputs that the data brings along.

  Attributes:
    form: Form of these inputs; None for noise alone.
  """

  reads = ('image', 'noise')
  form: Form | None = None

  def roles(self) -> Mapping[str, Role]:
    image = Port(tuple(self.data.image_shape))
    inputs = {'noise': Port((self.noise_size,))}
    if self.labelled:
      inputs['label'] = Port((), 'int32', self.num_classes)
    return {
      'generator': Role(Kind.GENERATOR, inputs, image),
      'discriminator': Role(Kind.READER, {'image': image, **inputs}, Port((None,))),
    }

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.GANModel:
    generator = self.networks['generator']
    parts = [batch[name] for name in self.reads[1:]]
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(self.parts(inputs), training=True),
      discriminator_fn=_Discriminator(self),
      real_data=batch['image'],
      generator_inputs=_packed(self.form, parts),
    )
    return self.with_variables(model)

  def parts(self, inputs: Any) -> list[tf.Tensor]:
    """Returns noise float32 [n, d] and perhaps labels int32 [n] of the inputs in a GANModel."""
    return list(self.form.unpack(inputs).values()) if self.form else [inputs]

  def discriminate(
    self, network: keras.Model, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
  ) -> tf.Tensor:
    noise = tf.zeros([tf.shape(images)[0], self.noise_size])  # That of real images is unknown.
    return network([images, noise, *([labels] if self.labelled else ())], training=training)


class _Discriminator(Discriminator):
  """Discriminator function that passes the generator's inputs on."""

  def __init__(self, game: _FunctionsGAN):
    super().__init__(game)
    self._parts = game.parts

  def _read(self, network: keras.Model, images: tf.Tensor, inputs: Inputs) -> tf.Tensor:
    return network([images, *self._parts(inputs)], training=True)
