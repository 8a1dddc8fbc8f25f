"""Runs that JAX trains on: equal to the trainer's but for rounding, and what is refused."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from tests.conftest import checkpoint, files_under, run_binary, tiny_experiment

pytestmark = pytest.mark.usefixtures('exports')
# A rate so low that errors of rounding stay errors of rounding.
SGD = dict.fromkeys(('generator_optimizer', 'discriminator_optimizer'), 'sgd(0.01)')


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
  """A run of two steps, and one of five that began with these."""
  pytest.importorskip('jax', reason='needs the extra tpu-check: jax')
  folder = tmp_path_factory.mktemp('exported')
  paths = folder / 'two', folder / 'five'
  for path, steps in zip(paths, (2, 5)):
    one = tiny_experiment(path, networks='dcgan(filters=4)', augment='shift', **SGD)
    flags = (*one.to_flagfile().splitlines()[1:], f'--max_steps={steps}', '--jit_compile=on')
    run_binary('train', *flags, '--save_every=1')
  return paths


@pytest.mark.parametrize('replicas', [1, pytest.param(2, marks=pytest.mark.heavy)])
def test_steps_by_jax_are_the_trainers(runs, tmp_path, replicas):
  pytest.importorskip('jax', reason='needs the extra tpu-check: jax')
  two, five = runs
  before = files_under(two)
  result = run_binary(
    *('run_exported', f'--model_dir={two}', '--steps=3', f'--output_dir={tmp_path}/on'),
    f'--replicas={replicas}',
    variables={'XLA_FLAGS': f'--xla_force_host_platform_device_count={replicas}'},
  )
  told = json.loads(result.stdout)
  assert told['step'] == 5 and told['device'] == f'{replicas} x cpu'
  assert files_under(two) == before
  found, expected, start = (
    checkpoint(path, step) for path, step in ((tmp_path / 'on', 5), (five, 5), (two, 2))
  )
  assert found.keys() == expected.keys()
  for name, value in expected.items():
    np.testing.assert_allclose(found[name], value, atol=1e-5, rtol=1e-4, err_msg=name)
  moved = [name for name in start if not np.array_equal(start[name], expected[name])]
  assert {name.split('/')[0] for name in moved} >= {'generator', 'discriminator', 'generator_ema'}
  (line,) = (
    json.loads(line)
    for line in (five / 'train/train.jsonl').read_text().splitlines()
    if json.loads(line)['step'] == 5
  )
  assert told['scalars']['loss/generator'] == pytest.approx(line['loss/generator'], rel=1e-4)
  record = json.loads((tmp_path / 'on/experiment.json').read_text())['exported']
  assert record['from_step'] == 2 and record['of']['model_dir'] == str(two)
  picture = f'--output={tmp_path}/made.png'
  run_binary('sample', f'--model_dir={tmp_path}/on', picture, '--count=4')


@pytest.mark.parametrize(
  'flags, message',
  [
    (('--output_dir=',), '--output_dir: say which folder to write'),
    (('--output_dir={two}',), 'is a run already; name another folder'),
    (('--output_dir={new}', '--replicas=3'), '--replicas=3: does not divide --batch_size=16'),
  ],
)
def test_what_cannot_go_on_is_refused(runs, tmp_path, flags, message):
  given = [flag.format(two=runs[0], new=tmp_path / 'new') for flag in flags]
  result = run_binary('run_exported', f'--model_dir={runs[0]}', *given, code=2)
  assert message in result.stderr.splitlines()[-1]
  assert not os.path.exists(tmp_path / 'new')


def test_fewer_devices_than_replicas_are_told(runs, tmp_path):
  pytest.importorskip('jax', reason='needs the extra tpu-check: jax')
  result = run_binary(
    *('run_exported', f'--model_dir={runs[0]}', f'--output_dir={tmp_path}/new', '--replicas=2'),
    code=1,
  )
  assert 'JAX has 1 devices here, not 2' in result.stderr
  assert not os.path.exists(tmp_path / 'new')
