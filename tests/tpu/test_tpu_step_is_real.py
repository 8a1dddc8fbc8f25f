"""Exported steps, run outside TensorFlow, move every weight as the trainer's steps do."""

import re
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.tpu.export import StepExporter
from tfgan_pipeline.training.state import TrainState

BATCH = 16


def variables(state):
  """Returns variables by role and index, which are equal for two states of one experiment."""
  networks = {**state.networks, 'average': state.averages['generator']}
  found = {
    f'{role}/{index}': variable
    for role, network in networks.items()
    for index, variable in enumerate(network.variables)
  }
  for player, optimizer in state.optimizers.items():
    found |= {f'{player}_optimizer/{index}': v for index, v in enumerate(optimizer.variables)}
  return {**found, 'global_step': state.step_fn.global_step}


@pytest.mark.heavy
@pytest.mark.usefixtures('exports')
@pytest.mark.parametrize(
  'replicas, values',
  [
    (1, dict()),
    (2, dict()),
    (2, dict(update='sequential', discriminator_steps=2)),
    (2, dict(networks='mlp(units=16)')),  # It has dropout.
    (2, dict(loss='relativistic', accumulate=2)),
    (2, dict(loss='wasserstein', penalties='wasserstein_gradient(weight=1)')),
  ],
  ids=['alone', 'two', 'sequential', 'dropout', 'gathered, in parts', 'second derivatives'],
)
def test_exported_step_moves_the_weights_as_the_trainer_does(tmp_path, replicas, values):
  pytest.importorskip('jax', reason='needs the extra tpu-check: jax')
  experiment = Experiment(
    **{
      **dict(
        dataset='digits(size=16)',
        networks='dcgan(filters=4)',
        noise='normal(8)',
        batch_size=BATCH,
        generator_optimizer='sgd(0.01)',
        discriminator_optimizer='sgd(0.01)',
        ema_decay=0.5,
      ),
      **values,
    }
  )
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  exporter = StepExporter(experiment, dataset, replicas)
  stream = iter(
    train_batches(dataset.split('train'), batch_size=BATCH // experiment.accumulate, seed=0)
  )
  batches = [next(stream) for _ in range(exporter.batches_per_step)]

  _, specs = exporter.function(BATCH // replicas)
  used = exporter.variables(BATCH // replicas)
  arguments = [*tf.nest.flatten(batches), *used]
  text = exporter.stablehlo(BATCH // replicas)
  (tmp_path / 'step.mlir').write_text(text)
  np.savez(
    tmp_path / 'in.npz',
    batch=len(specs),
    **{f'{index:03d}': value.numpy() for index, value in enumerate(arguments)},
  )
  subprocess.run(
    [sys.executable, ROOT / 'tests/tpu/run_on_cpu.py', str(replicas)]
    + [tmp_path / name for name in ('step.mlir', 'in.npz', 'out.npz')],
    check=True,
  )
  results = np.load(tmp_path / 'out.npz')

  state = TrainState.build(experiment, dataset, tf.distribute.get_strategy())
  start = {name: variable.numpy() for name, variable in variables(state).items()}
  with tf1_tensor_equality():  # Under XLA, which draws other noise than TensorFlow by itself.
    scalars = tf.function(lambda: state.step_fn(batches), autograph=False, jit_compile=True)()
  for index, name in enumerate(sorted(scalars)):  # Each replica has its share.
    np.testing.assert_allclose(
      results[f'{index:03d}'].sum(), scalars[name], rtol=1e-5, err_msg=name
    )
  place = {
    id(used[int(argument) - len(specs)]): f'{int(result):03d}'
    for argument, result in re.findall(
      r'parameter_number = (\d+) : i64}, output_index = array<i64: (\d+)>', text
    )
  }
  expected = {name: variable.numpy() for name, variable in variables(state).items()}
  changed = {name for name in start if not np.array_equal(start[name], expected[name])}
  assert changed > {'global_step', 'generator/0', 'discriminator/0', 'average/0'}
  for name, variable in variables(exporter.state).items():
    results_of_replicas = results[place[id(variable)]] if name in changed else [start[name]]
    for result in results_of_replicas:
      np.testing.assert_allclose(result, expected[name], atol=1e-5, rtol=1e-5, err_msg=name)
