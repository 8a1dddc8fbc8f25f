"""TensorFlow, Keras 2 and TF-GAN, made to work together; import all three from here.

    from tfgan_pipeline.compat import keras, tf, tfgan

TF-GAN 2.1.0 is the last release. Unaided, its import fails on TensorFlow >= 2.16, which lacks
`tf.estimator`, and its `gan_loss` on Python >= 3.11, which lacks `inspect.getargspec`. The few
names that TF-GAN looks for are supplied here before its import. The classes of `tf.estimator`
cannot be brought back; where they are absent, any use of `tfgan.estimator` raises an error that
says so.

Keras is `tf_keras` (Keras 2) on every TensorFlow, because TF-GAN, TensorFlow Probability and TF-Hub
are written for it. This module leaves `tf.keras`, loggers and the environment of the importing
program alone; binaries set theirs in bin/command_line.py.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Mapping
import contextlib
import importlib
import importlib.util
import inspect
import os
import random
import re
import sys
import tempfile
import types
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol, TypeVar
import warnings

import numpy as np

Self = TypeVar('Self')


@contextlib.contextmanager
def _hold_back_startup_output() -> Iterator[None]:
  """Discards what TensorFlow's C++ writes to stderr while loading; shows it if loading fails."""
  try:
    saved_stderr = os.dup(2)
  except OSError:  # stderr is closed.
    yield
    return
  if sys.stderr:
    sys.stderr.flush()
  with tempfile.TemporaryFile() as output:
    os.dup2(output.fileno(), 2)
    try:
      yield
    except BaseException:
      output.seek(0)
      os.write(saved_stderr, output.read())
      raise
    finally:
      os.dup2(saved_stderr, 2)
      os.close(saved_stderr)


with _hold_back_startup_output():
  import tensorflow as tf
  import tf_keras as keras  # noqa: F401  (other modules import it from here)


def _leave_own_layers_unconverted() -> None:
  """Tells AutoGraph that no Python statement of this package's layers depends on a tensor.

  To rewrite the first layer takes a tenth of a short training. Layers of users are converted still.
  """
  config: Any = importlib.import_module('tensorflow.python.autograph.core.config')
  own = [f'tfgan_pipeline.{name}' for name in ('networks', 'models.noise')]
  config.CONVERSION_RULES = (*map(config.DoNotConvert, own), *config.CONVERSION_RULES)


def _use_keras2_layers() -> None:
  """Makes `tf.compat.v1.layers`, which TF-GAN's `eval` calls and Keras 3 lacks, those of Keras 2.

  TensorFlow chooses them at their first use, by the environment variable TF_USE_LEGACY_KERAS.
  """
  name = 'TF_USE_LEGACY_KERAS'
  previous = os.environ.get(name)
  os.environ[name] = '1'
  try:
    tf.compat.v1.layers.flatten  # noqa: B018
  except AttributeError:  # The program has used tf.compat.v1.layers with Keras 3 already.
    pass
  finally:
    del os.environ[name]
    if previous is not None:
      os.environ[name] = previous


def _restore_getargspec() -> None:
  """Defines `inspect.getargspec`, removed in Python 3.11, which `tfgan.gan_loss` calls."""
  if hasattr(inspect, 'getargspec'):
    return
  ArgSpec = collections.namedtuple('ArgSpec', 'args varargs keywords defaults')

  def getargspec(function: Callable[..., object]) -> ArgSpec:
    spec = inspect.getfullargspec(function)
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)

  module: Any = inspect
  module.getargspec = getargspec


def _supply_version_modules() -> None:
  """Stands in for distutils, gone from Python 3.12, and pkg_resources, gone from setuptools 82."""

  def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r'\d+', version)[:3]))

  for name in ('distutils', 'pkg_resources'):
    if importlib.util.find_spec(name) is None:
      module: Any = types.SimpleNamespace(LooseVersion=numbers, parse_version=numbers)
      module.version = sys.modules[name] = sys.modules[f'{name}.version'] = module


class _MissingEstimator(types.ModuleType):
  """Stand-in for `tfgan.estimator`; using any of its names raises an error that explains why."""

  def __getattr__(self, name: str) -> NoReturn:
    if name.startswith('__'):
      raise AttributeError(name)
    raise AttributeError(
      f'tfgan.estimator.{name} needs tf.estimator, which TensorFlow {tf.__version__} no longer '
      'has (2.15 was the last); use tfgan_pipeline.estimator.GANEstimator instead.'
    )


def _stub_estimator() -> Any:
  """Makes a stand-in for `tf.estimator` with the three names that TF-GAN uses while importing."""
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


def _pass_over_deprecation() -> None:
  """Marks as told that `colocate_with` is deprecated, which TF-GAN calls in each training."""
  deprecation = importlib.import_module('tensorflow.python.util.deprecation')
  told = getattr(deprecation, '_PRINTED_WARNING', {})
  told[getattr(tf.compat.v1.colocate_with, '__wrapped__', None)] = True


def _import_tfgan() -> Any:
  """Imports TF-GAN after supplying the names that it misses."""
  _restore_getargspec()
  _supply_version_modules()
  _use_keras2_layers()
  _pass_over_deprecation()
  _leave_own_layers_unconverted()
  has_estimator = _has_estimator()
  if not has_estimator:
    stub = _stub_estimator()
    # `tensorflow.compat.v1` is a lazy wrapper around another module: both need the name.
    names = ('tensorflow', 'tensorflow.compat.v1')
    wrapped = getattr(tf.compat.v1, '_tfmw_wrapped_module', None)
    modules: list[Any] = [tf, tf.compat.v1, *map(sys.modules.get, names), wrapped]
    for module in modules:
      if module is not None and not hasattr(module, 'estimator'):
        module.estimator = stub
  with warnings.catch_warnings():
    # TF-Hub announces on every import that pkg_resources is deprecated.
    warnings.filterwarnings('ignore', message='.*pkg_resources.*')
    package: Any = importlib.import_module('tensorflow_gan')
  if isinstance(sys.modules.get('pkg_resources'), types.SimpleNamespace):
    del sys.modules['pkg_resources']  # Others look for more in it than is there.
  if not has_estimator:
    real = importlib.import_module('tensorflow_gan.python.estimator.gan_estimator')
    package.estimator = _MissingEstimator('tensorflow_gan.estimator')
    # Numbers, which need nothing of tf.estimator.
    vars(package.estimator)['SummaryType'] = real.SummaryType
  return package


def keras_is_2() -> bool:
  """Returns whether the `tf.keras` of the running program is Keras 2."""
  return tf.keras.layers.Layer is keras.layers.Layer


def tf1_variables() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
  """Returns the decorator by which a Keras layer tracks variables of TensorFlow 1 in its `call`."""
  shim = importlib.import_module('tf_keras.src.legacy_tf_layers.variable_scope_shim')
  return shim.track_tf1_style_variables


def xla_ops() -> types.ModuleType:
  """Returns the module of XLA's operations, such as xla_all_reduce, which is no public API."""
  return importlib.import_module('tensorflow.compiler.tf2xla.ops.gen_xla_ops')


# Inputs of a generator, each [n, ...]: noise, noise and labels, or stored examples.
Inputs = tf.Tensor | list[tf.Tensor]
StoredValues = Mapping[str, np.ndarray | tf.Tensor]  # Stored examples; tensors inside a graph.


class DiscriminatorFn(Protocol):
  """Type of the field `discriminator_fn` of TF-GAN's model tuples: a discriminator to call."""

  def __call__(self, images: tf.Tensor, inputs: Inputs, /) -> tf.Tensor | tuple[tf.Tensor, object]:
    """Returns logits float32 [n, ...], in a tuple with further outputs if there are any."""

  def features(self, images: tf.Tensor, inputs: Inputs, *, augment: bool = True) -> tf.Tensor:
    """Returns the last layer's inputs, float32 [n, D]; missing in games with several generators.

    Args:
      images: Real or generated images, float32 [n, H, W, C].
      inputs: Inputs that the generator reads for these images.
      augment: Whether images pass the augmentations of --discriminator_augment.
    """


class GANTuple(Protocol):
  """Type of TF-GAN's model tuples, `tfgan.GANModel`, `tfgan.ACGANModel` and so on.

  Games make them; losses, penalties and observers read them. The fields are those of all tuples.
  """

  _fields: ClassVar[tuple[str, ...]]
  generator_inputs: Inputs
  generated_data: tf.Tensor
  generator_variables: list[tf.Variable]
  real_data: tf.Tensor
  generator_fn: Callable[..., tf.Tensor]
  discriminator_real_outputs: tf.Tensor
  discriminator_gen_outputs: tf.Tensor
  discriminator_variables: list[tf.Variable]
  discriminator_fn: DiscriminatorFn

  def _replace(self: Self, **fields: object) -> Self:
    """Returns a copy of the tuple with other values in these fields."""


@contextlib.contextmanager
def op_determinism() -> Iterator[None]:
  """Makes operations give the same bits each time, inside the block only.

  TensorFlow has no public function that ends this mode.
  """
  config = importlib.import_module('tensorflow.python.framework.config')
  was_enabled = config.is_op_determinism_enabled()
  config.enable_op_determinism()
  try:
    yield
  finally:
    if not was_enabled:
      config.disable_op_determinism()


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
  """Seeds Keras, TensorFlow, NumPy and Python in the block; restores their generators afterwards.

  Keras and TensorFlow have no public functions to read or restore their generators.
  """
  context = importlib.import_module('tensorflow.python.eager.context').context()
  keras_generator = importlib.import_module('tf_keras.src.backend')._SEED_GENERATOR
  places = ((context, '_seed'), (context, '_rng'), (keras_generator, 'generator'))
  values = [getattr(place, name, None) for place, name in places]
  numpy_state, python_state = np.random.get_state(), random.getstate()
  keras.utils.set_random_seed(seed)
  try:
    yield
  finally:
    for (place, name), value in zip(places, values):
      setattr(place, name, value)
    np.random.set_state(numpy_state)
    random.setstate(python_state)


@contextlib.contextmanager
def tf1_tensor_equality() -> Iterator[None]:
  """Makes `==` of tensors mean identity in the block, as in TensorFlow 1.

  TF-GAN's graph code needs this to put variables into sets and lists. The setting holds in all
  threads of the process, so that the replica threads of MirroredStrategy trace with it, too.
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
