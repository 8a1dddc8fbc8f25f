"""Exports as LiteRT and ONNX, converted for real and loaded where neither package is."""

import json
import pathlib
import subprocess
import sys
import sysconfig

import numpy as np
import pytest

from tests.conftest import QUICK, ROOT, TINY, run_binary
from tfgan_pipeline.compat import tf

pytestmark = pytest.mark.heavy
PICTURES = (
  '--dataset=domains(a=shapes, b="shapes(style=outline)")',
  '--augment=',
  '--batch_size=4',
  '--ema_decay=0',
)
# By name: flags of a run of one step. Tolerances are of outputs in [-1, 1]; see docs/sampling.md.
RUNS = {
  'conditional': (*TINY, '--model=conditional_gan'),
  'infogan': (*QUICK, '--model=infogan'),
  'stylegan2': (*TINY, '--networks=stylegan2(filters=8, latent=8, mapping=2)'),
  'biggan': (
    *('--model=conditional_gan', '--networks=biggan(filters=4, attention=16, embedding=8)'),
    *('--dataset=digits(size=32)', '--noise=normal(20)', '--batch_size=4'),
  ),
  'cyclegan': (
    *PICTURES,
    *('--model=cyclegan', '--networks=resnet_translator(filters=4, blocks=1), patchgan(filters=4)'),
  ),
}
LOADER = """
import pathlib, re, sys
import numpy as np
import onnxruntime
card = pathlib.Path('README.md').read_text()
for number, code in enumerate(re.findall(r'```python\\n(.*?)```', card, re.DOTALL)):
  if 'tensorflow' in code:
    continue
  names = {}
  exec(code, names)
  np.save(f'found-{number}.npy', names['outputs'])
for path in pathlib.Path().glob('*_to_*.onnx'):
  reads = 'image_' + path.name[0]
  (odd,) = onnxruntime.InferenceSession(str(path)).run(None, {reads: np.load('odd.npy')})
  np.save(f'odd-{path.stem}.npy', odd)
assert not {'tensorflow', 'tfgan_pipeline'} & {name.partition('.')[0] for name in sys.modules}
"""


def installs(folder: pathlib.Path, *requirements: str, beside: bool = False) -> pathlib.Path:
  """Makes an environment, with this one's packages if `beside`; returns its Python."""
  subprocess.run([sys.executable, '-m', 'venv', folder], check=True)
  if beside:
    (site,) = folder.glob('lib/python*/site-packages')
    (site / 'others.pth').write_text(sysconfig.get_path('purelib') + '\n')
  python = folder / 'bin/python'
  pip = [python, '-m', 'pip', 'install', '-q', *requirements]
  done = subprocess.run(pip, capture_output=True, text=True)
  assert done.returncode == 0, done.stderr  # As all of `tests/run.sh --all`, it needs an index.
  return python


@pytest.fixture(scope='module')
def converting(tmp_path_factory) -> pathlib.Path:
  requirements = ('ai-edge-litert', 'onnx', 'onnxruntime', 'tf2onnx')
  return installs(tmp_path_factory.mktemp('converting') / 'venv', *requirements, beside=True)


@pytest.fixture(scope='module')
def fresh(tmp_path_factory) -> pathlib.Path:
  """The Python of an environment that has runtimes, and neither TensorFlow nor this package."""
  return installs(tmp_path_factory.mktemp('fresh') / 'venv', 'ai-edge-litert', 'onnxruntime')


@pytest.mark.parametrize('name', RUNS)
def test_converted_files_give_what_the_sampler_gives(name, converting, fresh, tmp_path):
  run_binary('train', *RUNS[name], f'--model_dir={tmp_path / "run"}', '--max_steps=1')
  folder = tmp_path / 'out'
  command = [converting, '-m', 'tfgan_pipeline.bin.export', '--format=savedmodel,litert,onnx']
  flags = [f'--model_dir={tmp_path / "run"}', f'--output={folder}']
  environment = {'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin', 'HOME': str(tmp_path)}
  done = subprocess.run([*command, *flags], env=environment, capture_output=True, text=True)
  assert done.returncode == 0, done.stderr
  about = json.loads((folder / 'assets.extra/about.json').read_text())
  for differences in about['largest_differences'].values():
    assert max(differences.values()) < 1e-5
  odd = np.random.RandomState(0).randint(0, 256, (1, 37, 50, 3)).astype(np.uint8)
  np.save(folder / 'odd.npy', odd)
  done = subprocess.run([fresh, '-c', LOADER], cwd=folder, capture_output=True, text=True)
  assert done.returncode == 0, done.stderr
  examples = np.load(folder / 'assets.extra/examples.npz')
  task = list(about['tasks'])[-1]  # The last that a card shows.
  for number in (1, 2):  # After the block for TensorFlow.
    found = np.load(folder / f'found-{number}.npy')
    np.testing.assert_allclose(found, examples[f'{task}/output'], atol=1e-5)
  loaded = tf.saved_model.load(str(folder))
  for path in folder.glob('odd-*.npy'):
    expected = getattr(loaded, path.stem.removeprefix('odd-'))(odd).numpy()
    stored = np.clip((np.load(path) + 1) * 127.5, 0, 255)
    assert stored.shape == expected.shape and np.abs(stored - expected).max() < 1
  assert len(list(folder.glob('odd-*.npy'))) == (2 if name == 'cyclegan' else 0)
