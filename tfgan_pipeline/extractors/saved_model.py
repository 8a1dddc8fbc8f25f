"""Extractor from any SavedModel."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import os
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.extractors.on_replicas import Forward, network_extractor
from tfgan_pipeline.extractors.preprocessing import Preprocessing
from tfgan_pipeline.runs.digests import digest, digest_of_files


@registry.extractor
def saved_model(
  context: ExtractorContext,
  *,
  path: str,
  output: str = '',
  logits: str = '',
  size: int | tuple[int, int] = 0,
  input_range: tuple = (),
  resize: str = 'tf1',
  channels: int = 0,
  signature: str = '',
) -> Extractor:
  """A SavedModel's output with the key `output`; feeds images as uint8, or floats in `input_range`.

  Args:
    context: Data set and strategy of the run that is scored.
    path: Folder of the SavedModel.
    output: Key of the features among several outputs; keys of a sequence are 0, 1, ...
    logits: Key of the logits; empty if there are none.
    size: Pixels a side of the input, or (height, width); 0 keeps the images' own.
    input_range: Numbers that 0 and 255 become; () feeds uint8.
    resize: Method of resizing, see `Preprocessing`.
    channels: Channels of the input; 3 lays RGBA over white, 0 keeps the images' own.
    signature: Signature to call. Without one the model is called as an object, or, if it cannot be,
      by its only signature or 'serving_default'.

  Raises:
    UsageError: The model cannot be loaded, lacks these outputs, or an argument is out of range.
  """
  where = f'--extractor=saved_model: path={path}'
  path = os.path.expanduser(path)
  prepare = _preprocessing(where, size, resize, input_range, channels)

  def build() -> Forward:
    call = load(where, path, signature)

    def forward(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
      images = prepare(images)
      if not input_range:
        # Resized pixels are fractions; tf.round rounds halves to even, without bias.
        images = tf.saturate_cast(tf.round(images), tf.uint8)
      outputs = call(images)
      pool = select(where, outputs, 'output', output)
      return pool, select(where, outputs, 'logits', logits) if logits else None

    return forward

  recipe = f'{prepare}, {"float32" if input_range else "uint8"}'
  selection = f'output={output}, logits={logits}, signature={signature}'
  fingerprint = digest(f'saved_model, {recipe}, {selection}', digest_of_model(where, path))
  details = {'preprocessing': recipe, 'output': output}
  extractor = network_extractor(context, where, 'saved_model', fingerprint, build, details)
  if input_range:
    return extractor
  # Rounded images have no gradients.
  return dataclasses.replace(extractor, continuous=False, differentiable=None)


def _preprocessing(
  where: str,
  size: int | tuple[int, int],
  resize: str,
  input_range: tuple,
  channels: int,
) -> Preprocessing:
  try:
    low, high = map(float, input_range or (0, 255))
    divide = 255 / (high - low)
    return Preprocessing(size, resize, 0 - low * divide, divide, channels)
  except UsageError as error:
    raise UsageError(f'{where}: {error}') from None
  except (ValueError, TypeError, ZeroDivisionError):
    raise UsageError(
      f'{where}: input_range={input_range}: should be two numbers, those for 0 and for 255'
    ) from None


def digest_of_model(where: str, path: str) -> str:
  """Returns the digest of all that a SavedModel computes with: graph, weights, assets.

  Raises:
    UsageError: There is no SavedModel at `path`; the message begins with `where`.
  """
  if not is_saved_model(path):
    raise UsageError(f'{where}: not a SavedModel directory: there is no saved_model.pb in it')
  files = {'saved_model.pb': os.path.join(path, 'saved_model.pb')}
  for folder in ('variables', 'assets'):
    for parent, _, names in tf.io.gfile.walk(os.path.join(path, folder)):
      for name in names:
        file = os.path.join(parent, name)
        files[os.path.relpath(file, path)] = file
  return digest_of_files(files)


def is_saved_model(path: str) -> bool:
  """Returns whether a folder holds a SavedModel, by its saved_model.pb."""
  return tf.io.gfile.exists(os.path.join(path, 'saved_model.pb'))


def load(where: str, path: str, signature: str = '') -> Callable[[tf.Tensor], Any]:
  """Returns the function of a batch of images that a SavedModel holds.

  Args:
    where: Start of error messages, such as '--extractor=saved_model: path=/tmp/net'.
    path: Folder of the SavedModel.
    signature: Signature to call; empty to call the model as an object where it can be.

  Raises:
    UsageError: The model cannot be loaded, or the function that is meant is not clear; lists the
      signatures.
  """
  try:
    loaded = tf.saved_model.load(path)
  except (OSError, ValueError, RuntimeError, LookupError, tf.errors.OpError) as error:
    raise UsageError(f'{where}: cannot be loaded ({first_line(error)})') from None
  if callable(loaded) and not signature:
    return loaded
  names = sorted(loaded.signatures)
  name = signature or (names[0] if len(names) == 1 else 'serving_default')
  if name not in names:
    raise UsageError(
      f'{where}: no signature {name!r} in it; there are: {", ".join(names) or "none"}'
    )
  function = loaded.signatures[name]
  inputs = list(function.structured_input_signature[1])
  if len(inputs) != 1:
    raise UsageError(f'{where}: signature {name} takes {", ".join(inputs)}, not images alone')

  # A function does not keep the variables it reads alive: the loaded object has to stay.
  return lambda images, _owner=loaded: function(**{inputs[0]: images})


def select(where: str, outputs: Any, argument: str, key: str) -> tf.Tensor:
  """Returns one tensor of a tensor, dictionary or sequence; keys of a sequence are '0', '1', ...

  Args:
    where: Start of error messages, such as '--extractor=saved_model: path=/tmp/net'.
    outputs: Output of a network.
    argument: Name of the argument that `key` comes from, for messages.
    key: Key of the tensor; may be empty if there is one tensor.

  Raises:
    UsageError: There is no such output, or several and no key; lists the outputs.
  """
  if isinstance(outputs, (list, tuple)):
    outputs = {str(index): tensor for index, tensor in enumerate(outputs)}
  if not isinstance(outputs, dict):
    outputs = {'': outputs}
  if not key and len(outputs) == 1:
    return next(iter(outputs.values()))
  if key not in outputs:
    listing = ', '.join(f'{name} {tensor.shape}' for name, tensor in sorted(outputs.items()))
    raise UsageError(f'{where}: {argument}={key!r} is none of its outputs, which are: {listing}')
  return outputs[key]
