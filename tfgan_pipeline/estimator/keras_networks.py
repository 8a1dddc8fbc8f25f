"""Keras models that a Python program holds in memory, as the networks of a run.

    experiment = Experiment(networks=networks_of(generator, discriminator), model_dir='/tmp/run')

The string that `networks_of` returns names the architecture: equal models give equal strings, in
any program, so that the program can be run again to continue the run.
"""

from __future__ import annotations

import json
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.runs.own_components import made_in_python

_known: dict[str, Networks] = {}


def networks_of(
  generator: keras.Model | None = None,
  discriminator: keras.Model | None = None,
  *,
  keep_weights: bool = False,
  **others: keras.Model,
) -> str:
  """Keeps Keras models in memory as networks; returns the value for Experiment(networks=...).

  A run trains copies, so the models stay as they are. Commands such as tfgan-evaluate, which are
  processes of their own, cannot see them: a run for these needs a component in a file.

  Args:
    generator: Model from noise [n, noise size] to images [n, H, W, C] in [-1, 1]; None for a game
      without, such as one whose translators are others, generator_ab=.
    discriminator: Model from images to logits [n, 1], without a sigmoid; None for a game without.
    keep_weights: Whether training begins with the weights of the models; by default it begins with
      new ones, which follow from the seed.
    **others: Networks of further roles of the game, such as encoder=.

  Raises:
    UsageError: Something is no functional or sequential model of Keras 2, or cannot be copied.
  """
  models = {'generator': generator, 'discriminator': discriminator, **others}
  models = {role: model for role, model in models.items() if model is not None}
  parts = []
  for role, model in models.items():
    _require_keras_2(role, model)
    parts += [role, _architecture(role, model)]
    if keep_weights:
      parts += ['weights', *model.get_weights()]
  content = digest(*parts)
  _known[content] = {role: _copy(role, model, keep_weights) for role, model in models.items()}
  return f'keras_models({content!r}, keep_weights={keep_weights})'


def _require_keras_2(role: str, model: Any) -> None:
  if isinstance(model, keras.Model):
    if not getattr(model, 'inputs', None):
      raise UsageError(
        f'networks_of: the {role} has no inputs of known shape; begin a Sequential with '
        'keras.Input(shape), or write a subclass as keras.Model(inputs, outputs)'
      )
    return
  kind = type(model)
  what = (
    'is a model of Keras 3' if kind.__module__.startswith('keras.') else f'is a {kind.__name__}'
  )
  raise UsageError(
    f'networks_of: the {role} {what}; make it of Keras 2, as TF-GAN needs: '
    'from tfgan_pipeline.compat import keras'
  )


def _architecture(role: str, model: keras.Model) -> str:
  """Returns the configuration of a model as text in which layers are numbered in order.

  Keras names layers by how many a program has made before, which says nothing of the model.
  """
  try:
    config = _numbered(model.get_config(), {})
  except (NotImplementedError, TypeError) as error:
    raise UsageError(f'networks_of: the {role} cannot be copied: {first_line(error)}') from None
  return json.dumps(config, default=repr, sort_keys=True)


def _numbered(value: Any, numbers: dict[str, str], *, refers: bool = False) -> Any:
  """Returns a part of a configuration with numbers in place of the names of layers.

  Args:
    value: The part.
    numbers: Numbers so far, by name.
    refers: Whether names of layers stand in the part as plain texts.
  """
  if isinstance(value, dict):
    parts = {}
    for key, part in value.items():
      if key == 'name' and isinstance(part, str):
        parts[key] = numbers.setdefault(part, f'#{len(numbers)}')
      else:
        inner = refers or key in ('inbound_nodes', 'input_layers', 'output_layers')
        parts[key] = _numbered(part, numbers, refers=inner)
    return parts
  if isinstance(value, (list, tuple)):
    return [_numbered(part, numbers, refers=refers) for part in value]
  return numbers.get(value, value) if refers and isinstance(value, str) else value


def _copy(role: str, model: keras.Model, keep_weights: bool) -> keras.Model:
  """Returns a model of equal layers, whose weights are new unless they are kept.

  Raises:
    UsageError: A layer cannot be made again from its configuration.
  """
  try:
    copy = keras.models.clone_model(model)
  except (NotImplementedError, TypeError, ValueError) as error:
    raise UsageError(f'networks_of: the {role} cannot be copied: {first_line(error)}') from None
  if keep_weights:
    copy.set_weights(model.get_weights())
  return copy


@registry.network
def keras_models(spec: NetworkSpec, *, content: str, keep_weights: bool = False) -> Networks:
  """Keras models in the memory of a Python program, which made them networks by networks_of.

  Args:
    spec: Networks to build.
    content: Hash of the models, as in the string that networks_of returned.
    keep_weights: Whether the weights are those of the models.

  Raises:
    UsageError: This program has no such models, or they do not fit the game, the data or the noise.
  """
  if content not in _known:
    raise UsageError(made_in_python('network keras_models'))
  networks = {}
  for role, model in _known[content].items():
    if role in spec.roles:
      _require_fit(role, model, spec.roles[role])
      networks[role] = _copy(role, model, keep_weights)
  return networks


def _require_fit(role: str, model: keras.Model, needed: Role) -> None:
  """Raises UsageError unless a model reads what its role is given, and gives what is asked for."""
  shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
  wanted = [port.shape for port in needed.reads.values()]
  if shapes != wanted:
    names = ' and '.join(f'{name} {port.shape}' for name, port in needed.reads.items())
    noise = shapes[0] if needed.kind is Kind.GENERATOR and len(shapes[0]) == 1 else ()
    cure = f"; noise='normal({noise[0]})' would fit" if noise and len(wanted) == 1 else ''
    raise UsageError(
      f'networks_of: the {role} reads {", ".join(map(str, shapes))}, and the run has for it '
      f'{names}{cure}'
    )
  shape = tuple(model.output_shape[1:])
  sides = zip(shape, needed.gives.shape)
  if len(shape) != len(needed.gives.shape) or any(want not in (None, is_) for is_, want in sides):
    raise UsageError(
      f'networks_of: the {role} gives {shape}, and the run needs {needed.gives.shape} of it'
    )
  is_reader = needed.kind in (Kind.READER, Kind.PATCH_READER)
  if is_reader and getattr(model.layers[-1], 'activation', None) is keras.activations.sigmoid:
    raise UsageError(
      f'networks_of: the {role} ends in a sigmoid, and losses read logits; leave the sigmoid out'
    )
