"""Optimisers, schedules and reactions to faults: defaults, bounds, and an update by hand."""

import math

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.training import ema, on_nan
from tfgan_pipeline.training.optimizers import TFGANOptimizer

# Of the papers, or as Keras has them; what is recorded of a run leaves them out.
DEFAULTS = {
  'adam': dict(learning_rate=2e-4, beta_1=0.9, beta_2=0.999, epsilon=1e-7),
  'rmsprop': dict(learning_rate=5e-5, rho=0.9, momentum=0.0, epsilon=1e-7),
  'sgd': dict(learning_rate=0.01, momentum=0.0, nesterov=False),
}
SCHEDULES = {
  'linear': dict(start=0, final=0.0),
  'cosine': dict(start=0, final=0.0),
  'warmup': {},
  'exponential': dict(factor=0.5, staircase=False),
}
SHARES = ('beta_1', 'beta_2', 'rho', 'momentum')  # Of what was before: less than all of it.
NUMBERS = [
  (name, argument)
  for name, arguments in DEFAULTS.items()
  for argument, value in arguments.items()
  if type(value) is float
]


@pytest.mark.parametrize('name', DEFAULTS)
def test_defaults(name):
  assert set(registry.optimizer.components()) == set(DEFAULTS)
  optimizer = registry.optimizer.build(name)
  for argument, value in DEFAULTS[name].items():
    assert float(getattr(optimizer, argument)) == pytest.approx(float(value)), argument
  assert not optimizer.jit_compile  # The step is compiled as a whole, or not.


@pytest.mark.parametrize('name, argument', NUMBERS)
def test_numbers_are_refused_out_of_bounds_and_no_earlier(name, argument):
  highest = math.nextafter(1, 0) if argument in SHARES else 1e9
  for accepted in (0.0, highest):
    registry.optimizer.build(f'{name}({argument}={accepted})')
  for refused in ('-1e-9', '1e999', *(['1.0'] if argument in SHARES else [])):
    with pytest.raises(UsageError, match=f'{argument}=.* should be at least 0'):
      registry.optimizer.build(f'{name}({argument}={refused})')


def test_defaults_of_schedules():
  components = registry.schedule.components()
  assert {
    name: {one.name: one.default for one in component.parameters if one.name != 'steps'}
    for name, component in components.items()
  } == SCHEDULES


@pytest.mark.parametrize('name', SCHEDULES)
def test_a_schedule_may_last_one_step(name):
  registry.schedule.build(f'{name}(steps=1)', 0.5)
  wrong = {'steps': 0, 'start': -1, 'final': -0.1, 'factor': 0.0}
  for argument in ('steps', *SCHEDULES[name]):
    if argument in wrong:
      more = '' if argument == 'steps' else 'steps=1, '
      with pytest.raises(UsageError, match=f'{argument}='):
        registry.schedule.build(f'{name}({more}{argument}={wrong[argument]})', 0.5)


def test_half_a_cosine_after_its_start():
  schedule = registry.schedule.build('cosine(steps=8, start=2, final=0.1)', 3.0)
  way = np.clip((np.arange(14) - 2) / 8, 0, 1)
  expected = 3 * (0.1 + 0.9 * (1 + np.cos(np.pi * way)) / 2)
  np.testing.assert_allclose([schedule(step) for step in range(14)], expected, rtol=1e-5)


@pytest.mark.parametrize('parts', [1, 2])
@pytest.mark.parametrize('gate', [None, True, False])
def test_an_update_waits_for_all_parts_and_its_gate(parts, gate):
  weight = tf.Variable([2.0, -1.0])
  optimizer = registry.optimizer.build('sgd(0.5, momentum=0.9)')
  optimizer.build([weight])

  @tf.function(autograph=False)
  def step():
    wrapped = TFGANOptimizer(optimizer, parts) if parts > 1 else TFGANOptimizer(optimizer)
    wrapped.gate = gate if gate is None else tf.constant(gate)
    for part in range(parts):
      found = wrapped.compute_gradients((part + 1) * tf.reduce_sum(weight**2) / 2, [weight])
      wrapped.apply_gradients(found)
    return wrapped.gradient_norm

  weights = [weight.numpy()]
  share, velocity = parts * (parts + 1) / 2, 0.0
  for _ in range(2):
    gradient = share * weights[-1]
    np.testing.assert_allclose(step(), np.linalg.norm(gradient), rtol=1e-6)
    velocity = 0.9 * velocity - 0.5 * gradient
    weights.append(weights[-1] + (0 if gate is False else velocity))
    np.testing.assert_allclose(weight, weights[-1], rtol=1e-6)
  if gate is False:
    assert not any(np.any(momentum) for momentum in optimizer.momentums)


def test_a_player_without_optimiser_stays():
  weight = tf.Variable([2.0])

  @tf.function(autograph=False)
  def step():
    nobody = TFGANOptimizer(None)
    nobody.apply_gradients(nobody.compute_gradients(weight**2, [weight]))

  step()
  assert weight.numpy() == 2


@pytest.mark.parametrize('step, decay', [(0, 0.999), (4, 0.999), (10**6, 0.999), (5, 0.25)])
def test_a_moving_average(step, decay):
  """The average follows trained weights and copies all other variables."""
  from tfgan_pipeline.compat import keras

  def model():
    layers = [keras.layers.InputLayer((3,)), keras.layers.BatchNormalization()]
    return keras.Sequential(layers)

  average, trained = model(), model()
  random = np.random.RandomState(0)
  for variable in (*average.variables, *trained.variables):
    variable.assign(random.rand(3))
  before = [variable.numpy() for variable in average.trainable_variables]
  ema.update(average, trained, ema.exponential_rate(decay, tf.constant(step, tf.int64)))
  rate = 1 - min(decay, (1 + step) / (10 + step))
  for old, new, now in zip(before, average.trainable_variables, trained.trainable_variables):
    np.testing.assert_allclose(new, old + rate * (now.numpy() - old), rtol=1e-5)
  for new, now in zip(average.non_trainable_variables, trained.non_trainable_variables):
    np.testing.assert_array_equal(new, now)
  ema.start(average, trained)
  for new, now in zip(average.variables, trained.variables):
    np.testing.assert_array_equal(new, now)


def test_how_often_a_run_goes_back():
  assert registry.on_nan.build('stop') == 0
  assert registry.on_nan.build('rollback') == 3
  assert registry.on_nan.build('rollback(times=1)') == 1
  with pytest.raises(UsageError, match='times=0'):
    registry.on_nan.build('rollback(times=0)')


def test_which_numbers_are_faults():
  values = {'loss/generator': 1.0, 'gradient_norm/generator': math.inf, 'penalty/r1': math.nan}
  found = on_nan.faults(values, 'float32')
  assert list(found) == ['gradient_norm/generator', 'penalty/r1']
  assert list(on_nan.faults(values, 'mixed_bfloat16')) == list(found)
  assert list(on_nan.faults(values, 'mixed_float16')) == ['penalty/r1']
  assert on_nan.summary(found) == 'generator: gradient_norm/generator=inf'
  assert on_nan.summary({'penalty/r1': math.nan}) == 'a scalar: penalty/r1=nan'
  both = {'loss/discriminator': math.nan, 'loss/generator': -math.inf, 'other': math.nan}
  expected = 'generator and discriminator: loss/generator=-inf, loss/discriminator=nan'
  assert on_nan.summary(both) == expected
