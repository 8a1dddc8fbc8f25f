"""Networks of keras.applications as extractors."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import os
import sys

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, seeded, tf
from tfgan_pipeline.errors import UsageError, first_line, is_there_another
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.extractors.on_replicas import Forward, network_extractor
from tfgan_pipeline.extractors.preprocessing import Preprocessing
from tfgan_pipeline.runs.digests import digest


@registry.extractor
def keras_application(
  context: ExtractorContext,
  *,
  name: str,
  weights: str,
  size: int | tuple[int, int] = 0,
  resize: str = 'antialias',
  layer: str = '',
) -> Extractor:
  """A network of keras.applications: weights is a file, or imagenet to download it.

  Features are the global average of the last feature map. Logits are there if the weights include
  the classifier. The network's own preprocess_input is applied.

  Args:
    context: Data set and strategy of the run that is scored.
    name: Name of the network, such as 'MobileNet'.
    weights: File of weights, or 'imagenet'.
    size: Pixels a side of the input, or (height, width); 0 is the network's own size.
    resize: Method of resizing, see `Preprocessing`.
    layer: Name of a layer whose whole output is the features, such as 'block5_conv4' of VGG19, the
      phi_5,4 of SRGAN; '' for the average of the last map.

  Raises:
    UsageError: There is no such network, file or layer, or the weights are another network's.
  """
  where = '--extractor=keras_application'
  if name not in applications():
    raise UsageError(f'{where}: name={name}: there are {", ".join(applications())}')
  where = f'{where}: name={name}, weights={weights}'
  try:
    prepare = Preprocessing(size, resize)
  except UsageError as error:
    raise UsageError(f'{where}: {error}') from None
  path = weights if weights == 'imagenet' else os.path.expanduser(weights)
  label = f'keras:{name}:{layer}' if layer else f'keras:{name}'
  return application_extractor(context, where, label, name, path, prepare, layer)


def applications() -> list[str]:
  """Returns the names of all networks in keras.applications."""
  return [
    name
    for name in dir(keras.applications)
    if name[0].isupper() and callable(getattr(keras.applications, name))
  ]


def application_extractor(
  context: ExtractorContext,
  where: str,
  label: str,
  name: str,
  weights: str,
  prepare: Preprocessing,
  layer: str = '',
) -> Extractor:
  """Returns the extractor that runs one network of keras.applications.

  Args:
    context: Data set and strategy of the run that is scored.
    where: Start of error messages, such as '--extractor=saved_model: path=/tmp/net'.
    label: Name of the extractor.
    name: Name of the network.
    weights: File of weights, or 'imagenet'.
    prepare: Preparation of images; without `prepare.sides` they get the network's own size.
    layer: Name of a layer whose whole output is the features; '' for the average of the last map.

  Raises:
    UsageError: There is no such file or layer, or the weights are another network's.
  """
  function = getattr(keras.applications, name)
  scale_pixels = sys.modules[function.__module__].preprocess_input
  if weights != 'imagenet' and not tf.io.gfile.exists(weights):
    raise UsageError(f'{where}: no such file{is_there_another(weights)}')
  with seeded(0):  # Initial weights are drawn, although the file replaces them.
    model, classifies = _load(where, function, weights, prepare.sides)
  if layer:
    model, classifies = _with_output(where, model, layer), False
  prepare = Preprocessing(model.input_shape[1:3], prepare.resize)

  def build() -> Forward:
    # Copied into the strategy from a model outside: not every reader of weights knows replicas.
    replicated = keras.models.clone_model(model)
    replicated.set_weights(model.get_weights())

    def forward(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
      outputs = replicated(scale_pixels(prepare(images)), training=False)
      return tuple(outputs) if classifies else (outputs, None)

    return forward

  recipe = f'{prepare}, preprocess_input of {name}' + (f', output of {layer}' if layer else '')
  fingerprint = digest(f'keras, {recipe}, logits={classifies}', *model.get_weights())
  return network_extractor(
    context, where, label, fingerprint, build, {'network': name, 'preprocessing': recipe}
  )


def _load(
  where: str, function: Callable[..., keras.Model], weights: str, sides: tuple[int, int] | None
) -> tuple[keras.Model, bool]:
  """Returns a model of images with weights, and whether these include the classifier.

  The model's outputs are (features, logits), or features where the weights end before the
  classifier.
  """
  failures = []
  for classifies in (True, False):
    # Keras announces downloads on stdout, which is for results.
    with tf.init_scope(), contextlib.redirect_stdout(sys.stderr):
      model = _build(function, sides, classifies)
      try:
        if weights == 'imagenet':
          model.set_weights(
            function(
              weights=weights, include_top=classifies, input_shape=model.input_shape[1:]
            ).get_weights()
          )
        else:
          model.load_weights(weights)
      except Exception as error:  # h5py, Keras and its downloads raise errors of any type.
        failures.append(error)
        if not isinstance(error, ValueError):
          break  # The shape is not at fault: no readable file, or no network.
      else:
        return _with_features(model, classifies), classifies
  # That the classifier needs another size matters less than that a file or download is missing.
  told = next((one for one in failures if not isinstance(one, ValueError)), failures[0])
  raise UsageError(f'{where}: cannot be read into this network ({first_line(told)})')


def _build(
  function: Callable[..., keras.Model], sides: tuple[int, int] | None, classifies: bool
) -> keras.Model:
  """Returns the untrained network, with its classifier's last activation left out."""
  shape = (*sides, 3) if sides else None
  linear = {'classifier_activation': None} if classifies else {}
  model = function(weights=None, include_top=True, input_shape=shape, **linear)
  if None in model.input_shape[1:]:  # MobileNetV3 takes any size and was trained with this one.
    return _build(function, (224, 224), classifies)
  if classifies:
    return model
  return function(weights=None, include_top=False, input_shape=model.input_shape[1:])


def _with_features(model: keras.Model, classifies: bool) -> keras.Model:
  """Returns the model with one more output: the average of what its classifier reads."""
  last = model.output
  if classifies:
    averages, flat = (
      [layer.input for layer in model.layers if isinstance(layer, kind)]
      for kind in (keras.layers.GlobalAveragePooling2D, keras.layers.Flatten)
    )
    last = (averages or flat)[-1]
  features = keras.layers.GlobalAveragePooling2D(name='features')(last)
  return keras.Model(model.input, (features, model.output) if classifies else features)


def _with_output(where: str, model: keras.Model, layer: str) -> keras.Model:
  """Returns the part of a model that ends with a layer; raises UsageError if there is none."""
  names = [one.name for one in model.layers if one.weights]
  if layer not in {one.name for one in model.layers}:
    raise UsageError(f'{where}: layer={layer}: there are {", ".join(names)}')
  return keras.Model(model.input, model.get_layer(layer).output)
