"""tfgan-tpu-check: compilation where the extra is installed, and one-line errors.

The tests that compile are heavy, and skip without jax and libtpu.
"""

import importlib.util
import json
import subprocess
import sys

import pytest

from tests.benchmarks import tpu_slices
from tests.conftest import ROOT, run_binary

MNIST = [f'--flagfile={ROOT}/flags/mnist_dcgan.flags', '--image_shape=28,28,1', '--num_classes=10']
SMALL = ['--networks=mlp(units=8)', '--noise=normal(8)', '--image_shape=8,8,1', '--batch_size=16']
NEEDS_EXTRA = pytest.mark.skipif(
  any(importlib.util.find_spec(name) is None for name in ('jax', 'libtpu')),
  reason='needs the extra tpu-check: jax and libtpu',
)


def assert_refused(message, *arguments):
  process = run_binary('tpu_check', *arguments, code=2)
  assert message in process.stderr and len(process.stderr.splitlines()) == 1, process.stderr
  assert not process.stdout


@pytest.mark.parametrize(
  'arguments, message',
  [
    (['--topology=v9:2x2'], '--topology=v9:2x2: '),
    (['--topology=v5e:2x2,'], '--topology=: '),
    (['--export_stablehlo=x', '--topology=v5e:2x2,v6e:2x2'], '--export_stablehlo: '),
    (['--export_stablehlo=x', '--image_shape=28,28'], '--image_shape=28,28: '),
    (
      ['--export_stablehlo=x', '--dataset=tfds(mnist)', '--data_dir=/nowhere'],
      'or give --image_shape',
    ),
  ],
)
def test_wrong_usage(arguments, message):
  assert_refused(message, *arguments)


def test_without_the_extra():
  hidden = (
    "import sys; sys.modules['jax'] = sys.modules['libtpu'] = None; "
    'from tfgan_pipeline.bin import tpu_check; tpu_check.run()'
  )
  process = subprocess.run(
    [sys.executable, '-c', hidden, *MNIST], cwd=ROOT, capture_output=True, text=True
  )
  assert process.returncode == 2 and not process.stdout
  assert process.stderr == (
    'tpu_check needs jax and libtpu: pip install jax libtpu, on Python 3.11 or newer\n'
  )


def test_export_needs_neither_extra_nor_data(tmp_path, can_export):
  path = tmp_path / 'step.mlir'
  arguments = [*MNIST, '--topology=v6e:2x2', f'--export_stablehlo={path}']
  if not can_export:
    return assert_refused('cannot export StableHLO', *arguments)
  process = run_binary('tpu_check', *arguments)
  assert json.loads(process.stdout) == {'output': str(path), 'replicas': 4, 'replica_batch': 16}
  text = path.read_text()
  assert 'func.func @main(%arg0: tensor<16x28x28x1xui8>' in text and 'all_reduce' in text


@pytest.mark.heavy
@pytest.mark.parametrize('preset', sorted(path.name for path in (ROOT / 'flags').glob('*.flags')))
@pytest.mark.usefixtures('exports')
def test_every_preset_is_exported(tmp_path, preset):
  """Checks that XLA has all operations of each preset; compiling them all would take minutes."""
  run_binary(
    'tpu_check',
    f'--flagfile={ROOT}/flags/{preset}',
    *tpu_slices.shape_of(preset),
    '--topology=v5e:2x2',
    '--batch_size=16',
    f'--export_stablehlo={tmp_path}/step.mlir',
  )


@NEEDS_EXTRA
@pytest.mark.heavy
def test_mnist_dcgan_on_three_generations():
  names = ['v4:2x2x1', 'v5e:2x2', 'v6e:2x2']
  process = run_binary('tpu_check', *MNIST, f'--topology={",".join(names)}')
  results = [json.loads(line) for line in process.stdout.splitlines()]
  assert [result['topology'] for result in results] == names
  for result in results:
    assert result['compiles'] and result['fits']
    memory = result['hbm']
    # Two networks of about 0.5 M weights and the average of one, Adam's moments: 1.9 M float32.
    assert 7.5e6 < memory['arguments'] < 8e6
    assert 0 < memory['outputs'] - memory['aliased'] < 1e5
    assert memory['code'] > 0 and memory['used'] < memory['available']
    # By hand, a forward pass of either network is 7.5 MFLOP an image; a joint step does about ten.
    assert 38e6 < result['flops'] / result['replica_batch'] < 100e6
    assert result['bytes_accessed'] > result['hbm_bytes'] > memory['aliased']
  assert 'compiles' in process.stderr and 'images/s' in process.stderr


@NEEDS_EXTRA
@pytest.mark.heavy
def test_a_step_that_does_not_fit():
  process = run_binary('tpu_check', *MNIST, '--batch_size=1000000', code=1)
  result = json.loads(process.stdout)
  assert (result['compiles'], result['fits']) == (False, False) and result['hbm_share'] > 1
  assert process.stderr.splitlines()[-1] == 'not on v5e:2x2: see above'


@NEEDS_EXTRA
@pytest.mark.heavy
def test_a_layout_that_does_not_exist():
  process = run_binary('tpu_check', *SMALL, '--topology=v5e:3x5', '--batch_size=15', code=2)
  assert '--topology=v5e:3x5: ' in process.stderr.splitlines()[-1]


@NEEDS_EXTRA
@pytest.mark.heavy
def test_an_operation_that_only_the_tpu_compiler_refuses():
  from tfgan_pipeline.compat import tf
  from tfgan_pipeline.tpu.compiler import CompilationError, compile_step
  from tfgan_pipeline.tpu.topology import Topology

  spectrum = tf.function(lambda x: tf.signal.fft(x), jit_compile=True)
  text = spectrum.experimental_get_compiler_ir(tf.TensorSpec([8], tf.complex128))(stage='stablehlo')
  with pytest.raises(CompilationError) as caught:
    compile_step(text, Topology.parse('v5e:2x2'))
  assert caught.value.op == 'FFT'


@NEEDS_EXTRA
@pytest.mark.heavy
def test_a_crash_of_the_compiler_is_survived():
  """Checks a shape that is not static, which makes the compiler abort."""
  from tfgan_pipeline.tpu.compiler import CompilationError, compile_step
  from tfgan_pipeline.tpu.topology import Topology

  text = """module {
    func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
      %y = stablehlo.add %x, %x : tensor<?xf32>
      return %y : tensor<?xf32>
    }
  }"""
  with pytest.raises(CompilationError, match='the compiler ended with SIG'):
    compile_step(text, Topology.parse('v5e:2x2'))
