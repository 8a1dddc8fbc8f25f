"""The loop on the device never waits for a result, and yet tells the first fault."""

import numpy as np

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.training.device_loop import DeviceLoop
from tfgan_pipeline.training.health import Health
from tfgan_pipeline.training.look import Look
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.task_pictures import TaskPictures


def state_of(experiment):
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  return dataset, TrainState.build(experiment, dataset, tf.distribute.get_strategy())


def test_a_fault_ends_no_loop_and_its_scalars_are_kept(tmp_path):
  rates = dict.fromkeys(('generator_optimizer', 'discriminator_optimizer'), 'sgd(1e38)')
  experiment = tiny_experiment(
    tmp_path, networks='mlp(units=4)', loss='least_squares', ema_decay=0.0, **rates
  )
  _, state = state_of(experiment)
  loop = DeviceLoop(experiment, state, tf.distribute.get_strategy())
  batch = {'image': np.full((16, 16, 16, 1), 7, np.uint8), 'label': np.zeros(16, np.int32)}
  batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
  steps, scalars = loop(batches, 6)
  assert steps == 2 and int(state.step_fn.global_step) == 6
  assert not np.isfinite(scalars['loss/discriminator'])
  # The same steps one by one: those of the fault, not of a later step.
  _, state = state_of(experiment)
  loop = DeviceLoop(experiment, state, tf.distribute.get_strategy())
  loop(batches, 1)
  np.testing.assert_equal(loop(batches, 1), (1, scalars))


def test_a_compiled_look_has_the_bits_of_eager_execution(tmp_path):
  """A column per class, batch norm in both modes, spectral norms with vectors and without."""
  experiment = tiny_experiment(
    tmp_path, model='conditional_gan', networks='dcgan(filters=4, discriminator_norm=spectral)'
  )
  with strategies.reproducible(experiment):
    dataset, state = state_of(experiment)
    pictures, health = TaskPictures(experiment, state), Health(state, dataset)
    pictures.show({})
    look = Look(pictures, health, state.device)
    seen = look()
    eager = pictures.make(), health.measure(pictures.inputs)
  tf.nest.map_structure(
    lambda tensor, array: np.testing.assert_array_equal(array, tensor), eager, seen
  )
  assert look.draw(seen)['fakes'].dtype == np.uint8
  assert 'weight_norm/generator' in look.health(0, seen)
  # What was seen stays when the state goes on.
  before = look.health(0, seen)
  for weight in state.networks['generator'].trainable_variables:
    weight.assign(2 * weight)
  assert look.health(0, seen) == before and look.health(0, look()) != before
