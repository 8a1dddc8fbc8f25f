"""The one door to TensorFlow, Keras 2 and TF-GAN.

    from tfgan_pipeline.compat import keras, tf, tfgan

TF-GAN 2.1.0 is the last release. Without help it imports on no TensorFlow >= 2.16 (`tf.estimator`
is gone) and its `gan_loss` fails on every Python >= 3.11 (`inspect.getargspec` is gone). The few
names it looks for are supplied here before it is imported. `tf.estimator`'s own classes cannot be
brought back, so `tfgan.estimator` says so in one sentence where they are absent.

Keras is `tf_keras` (Keras 2) on every TensorFlow: TF-GAN, TensorFlow Probability and TF-Hub are
written for it. What `tf.keras` is, is left to the program that imports this, as are its loggers and
environment; the binaries set theirs in bin/command_line.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
import contextlib
import importlib
import inspect
import os
import random
import sys
import tempfile
import types
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar
import warnings

import numpy as np

Self = TypeVar('Self')


@contextlib.contextmanager
def _without_startup_chatter() -> Iterator[None]:
  """Holds back what TensorFlow's C++ writes to stderr while it loads, unless loading fails."""
  try:
    terminal = os.dup(2)
  except OSError:  # It is closed.
    yield
    return
  if sys.stderr:
    sys.stderr.flush()
  with tempfile.TemporaryFile() as held_back:
    os.dup2(held_back.fileno(), 2)
    try:
      yield
    except BaseException:
      held_back.seek(0)
      os.write(terminal, held_back.read())
      raise
    finally:
      os.dup2(terminal, 2)
      os.close(terminal)


with _without_startup_chatter():
  import tensorflow as tf
  import tf_keras as keras  # noqa: F401  (for others to import from here)


def _give_tfgan_its_layers() -> None:
  """Has `tf.compat.v1.layers`, which Keras 3 lacks and TF-GAN's `eval` calls, be those of Keras 2.

  TensorFlow decides that at their first use, by a variable of the environment.
  """
  name = 'TF_USE_LEGACY_KERAS'
  before = os.environ.get(name)
  os.environ[name] = '1'
  try:
    tf.compat.v1.layers.flatten  # noqa: B018
  except AttributeError:  # The program has used them with Keras 3.
    pass
  finally:
    del os.environ[name]
    if before is not None:
      os.environ[name] = before


def _restore_getargspec() -> None:
  """`tfgan.gan_loss` asks a loss for its arguments through a function Python 3.11 removed."""
  if hasattr(inspect, 'getargspec'):
    return
  ArgSpec = collections.namedtuple('ArgSpec', 'args varargs keywords defaults')

  def getargspec(function: Callable[..., object]) -> ArgSpec:
    spec = inspect.getfullargspec(function)
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)

  module: Any = inspect
  module.getargspec = getargspec


class _MissingEstimator(types.ModuleType):
  """Stands where `tfgan.estimator` would be; any use of it explains itself."""

  def __getattr__(self, name: str) -> NoReturn:
    if name.startswith('__'):
      raise AttributeError(name)
    raise AttributeError(
      f'tfgan.estimator.{name} needs tf.estimator, which TensorFlow {tf.__version__} no longer '
      'has (2.15 was the last); use tfgan_pipeline.estimator.GANEstimator instead.'
    )


def _stub_estimator() -> Any:
  """The three names of `tf.estimator` that TF-GAN subclasses or mentions while importing."""
  stub: Any = types.ModuleType('tensorflow.estimator')
  stub.SessionRunHook = tf.compat.v1.train.SessionRunHook
  stub.Estimator = type('Estimator', (), {})
  stub.tpu = types.SimpleNamespace(
    TPUEstimator=type('TPUEstimator', (), {}), TPUEstimatorSpec=type('TPUEstimatorSpec', (), {})
  )
  return stub


def _has_estimator() -> bool:
  try:
    return hasattr(tf.estimator, 'Estimator')
  except (AttributeError, ImportError):
    return False


def _import_tfgan() -> Any:
  _restore_getargspec()
  _give_tfgan_its_layers()
  has_estimator = _has_estimator()
  if not has_estimator:
    stub = _stub_estimator()
    # `tensorflow.compat.v1` is a lazy wrapper around a module of its own: both need the name.
    modules: tuple[Any, ...] = (
      tf,
      sys.modules['tensorflow'],
      tf.compat.v1,
      sys.modules['tensorflow.compat.v1'],
      getattr(tf.compat.v1, '_tfmw_wrapped_module', None),
    )
    for module in modules:
      if module is not None and not hasattr(module, 'estimator'):
        module.estimator = stub
  with warnings.catch_warnings():
    # TF-Hub announces on every import that pkg_resources is deprecated.
    warnings.filterwarnings('ignore', message='.*pkg_resources.*')
    found: Any = importlib.import_module('tensorflow_gan')
  if not has_estimator:
    found.estimator = _MissingEstimator('tensorflow_gan.estimator')
  return found


def xla_ops() -> types.ModuleType:
  """XLA's own operations, such as xla_all_reduce, which TensorFlow has and does not publish."""
  return importlib.import_module('tensorflow.compiler.tf2xla.ops.gen_xla_ops')


# What a generator reads, [n, ...] each: noise, or noise and labels, or stored examples.
Inputs = tf.Tensor | list[tf.Tensor]


class DiscriminatorFn(Protocol):
  """Type of the field `discriminator_fn` of TF-GAN's model tuples."""

  def __call__(self, images: tf.Tensor, inputs: Inputs, /) -> tf.Tensor | tuple[tf.Tensor, object]:
    """Returns logits float32 [n, ...], and what else the discriminator says, if it does."""

  def features(self, images: tf.Tensor, inputs: Inputs, *, augment: bool = True) -> tf.Tensor:
    """Returns float32 [n, D], what the last layer reads; of games with one generator."""


class GANTuple(Protocol):
  """Type of TF-GAN's model tuples, `tfgan.GANModel`, `tfgan.ACGANModel` and so on.

  Games make them; losses, penalties and observers read these fields, which all of them have.
  """

  generator_inputs: Inputs
  generated_data: tf.Tensor
  generator_variables: list[tf.Variable]
  real_data: tf.Tensor
  discriminator_real_outputs: tf.Tensor
  discriminator_gen_outputs: tf.Tensor
  discriminator_variables: list[tf.Variable]
  discriminator_fn: DiscriminatorFn

  def _replace(self: Self, **fields: object) -> Self:
    """Returns a tuple with other values in some fields."""


@contextlib.contextmanager
def op_determinism() -> Iterator[None]:
  """Operations give the same bits each time inside; TensorFlow publishes no way to end that."""
  config = importlib.import_module('tensorflow.python.framework.config')
  already = config.is_op_determinism_enabled()
  config.enable_op_determinism()
  try:
    yield
  finally:
    if not already:
      config.disable_op_determinism()


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
  """Keras, TensorFlow, NumPy and Python draw from `seed` inside, and go on afterwards as before.

  Of these Keras and TensorFlow publish no way to read or restore what they draw from.
  """
  context = importlib.import_module('tensorflow.python.eager.context').context()
  of_keras = importlib.import_module('tf_keras.src.backend')._SEED_GENERATOR
  places = ((context, '_seed'), (context, '_rng'), (of_keras, 'generator'))
  before = [getattr(place, name, None) for place, name in places]
  of_numpy, of_python = np.random.get_state(), random.getstate()
  keras.utils.set_random_seed(seed)
  try:
    yield
  finally:
    for (place, name), value in zip(places, before):
      setattr(place, name, value)
    np.random.set_state(of_numpy)
    random.setstate(of_python)


@contextlib.contextmanager
def tf1_tensor_equality() -> Iterator[None]:
  """TF-GAN's graph code puts variables into sets and lists, which needs `==` to mean identity.

  The setting is process-wide and not per thread, which is what is wanted here: the replica threads
  of MirroredStrategy trace inside it too.
  """
  tf.compat.v1.disable_tensor_equality()
  try:
    yield
  finally:
    tf.compat.v1.enable_tensor_equality()


if TYPE_CHECKING:
  import tensorflow_gan as tfgan
else:
  tfgan = _import_tfgan()
