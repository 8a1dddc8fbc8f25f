"""A user's machine for the commands that pages show: a home, data, runs, and programs on PATH.

`tfgan-*` are the real binaries, forked from a server that has imported TensorFlow, with flags
behind those of the page that make them small. Other programs only pretend.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import socketserver
import subprocess
import sys
import threading

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from tests import forked
from tests.conftest import ROOT, TINY, run_binary
from tests.data.tune_files import write_tunes
from tests.launch.scripts import environment, program

SMALL = {
  'train': (
    '--max_steps=2',
    '--save_every=1',
    '--sample_every=2',
    '--log_every=1',
    '--batch_size=8',
  ),
  'evaluate': ('--num_samples=40',),  # Intervals want 20 blocks of two.
  'sweep': (
    *('--max_steps=2', '--save_every=1', '--sample_every=2', '--log_every=1', '--batch_size=8'),
    *('--num_samples=40', '--extractor=random_projection', '--networks=mlp(units=8)'),
  ),
  'reference': (),
  'compare': (),
  'anomaly': (),
  'project': (),
  'report': (),
  'doctor': (),
  'sample': (),
  'translate': (),
  'export': (),
  'verify': (),
  # Without the TPU's compiler, the program that it would be given.
  'tpu_check': ('--topology=v5e:2x2', '--nofind_batch', '--export_stablehlo=step.mlir'),
}
# Words of a page that stand for what takes a network from elsewhere, or long.
INSTEAD = (
  (r'^--extractor=inception.*', '--extractor=random_projection'),
  (r'^--count=\d+', '--count=16'),
  (r'^--dataset=chosen\("tfds\(mnist[^"]*"', '--dataset=chosen("digits(28)"'),
  (r'^--method=encoder$', '--method=encoder(steps=2)'),
  (r'^--max_kimg=\d+', '--max_kimg=0.02'),
  (r'^--max_steps=(\d+)000$', r'--max_steps=\1'),
  (r'^--bootstrap=\d+', '--bootstrap=10'),
  (r'^--networks=dcgan\(filters=\d+\)$', '--networks=dcgan(filters=4)'),
)
CLIENT = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
  server.connect({address!r})
  request = dict(name={name!r}, words=sys.argv[1:], cwd=os.getcwd(), variables=dict(os.environ))
  server.sendall(json.dumps(request).encode() + b'\\n')
  answer = json.loads(server.makefile().readline())
sys.stdout.write(answer['stdout'])
sys.stderr.write(answer['stderr'])
sys.exit(answer['code'])
"""
# Scripts with tests of their own in tests/launch, which set up environments.
BASH = r"""#!/bin/bash
case "$1" in
  launch/demo.sh|launch/install.sh|tests/run.sh) [ -f "$1" ] ;;
  *) exec /bin/bash "$@" ;;
esac
"""
# In a container the user's folder is another one; the command in it is run here.
DOCKER = r"""
[ "$1" != build ] || { [ -f "$3" ] && exit; }
while [ "$1" != tfgan ]; do shift; done
shift
mkdir -p runs
exec "${@//\/runs/$PWD/runs}"
"""
PRETENDED = {
  'tensorboard': '[ -d "${1#--logdir=}" ]\n',
  'docker': DOCKER,
  'kubectl': '[ "$1" != apply ] || grep -q "^kind: JobSet"\n',
  'sbatch': 'for word; do case "$word" in launch/*|flags/*) [ -f "$word" ] ;; esac; done\n',
}


def blocks(page: pathlib.Path) -> list[str]:
  """Returns the command blocks of a page."""
  return re.findall(r'^```bash\n(.*?)^```', page.read_text(), re.MULTILINE | re.DOTALL)


class Sandbox:
  """A machine on which a command block runs.

  Args:
    folder: An empty folder, which takes the place of /tmp in commands.
  """

  def __init__(self, folder: pathlib.Path):
    self.tmp, self.home, self.bin = folder / 'tmp', folder / 'home', folder / 'bin'
    self.work = folder / 'work'  # Looks like a checkout; what commands write into it stays here.
    for path in (self.tmp, self.home, self.bin, self.work):
      path.mkdir()
    for name in ('flags', 'launch', 'docs', 'tests', 'tfgan_pipeline', 'setup.cfg'):
      (self.work / name).symlink_to(ROOT / name)
    address = str(folder / 'socket')
    for name in SMALL:
      path = self.bin / f'tfgan-{name.replace("_", "-")}'
      path.write_text(CLIENT.format(python=sys.executable, address=address, name=name))
      path.chmod(0o755)
    (self.bin / 'bash').write_text(BASH)
    (self.bin / 'bash').chmod(0o755)
    for name, text in PRETENDED.items():
      program(self.bin, name, text)
    self._server = socketserver.ThreadingUnixStreamServer(address, _Handler)
    threading.Thread(target=self._server.serve_forever, daemon=True).start()

  def run(self, commands: str, **variables: object) -> subprocess.CompletedProcess:
    """Runs a block as a shell would that ends with the first command that fails."""
    return subprocess.run(
      ['/bin/bash', '-euo', 'pipefail', '-c', commands.replace('/tmp/', f'{self.tmp}/')],
      cwd=self.work,
      env=environment(
        self.bin, HOME=self.home, TFGAN_PIPELINE_CACHE=self.home / 'cache', **variables
      ),
      capture_output=True,
      text=True,
      timeout=300,
      stdin=subprocess.DEVNULL,
    )

  def close(self) -> None:
    """Ends the server behind the binaries."""
    self._server.shutdown()
    self._server.server_close()


class _Handler(socketserver.StreamRequestHandler):
  """One call of a binary."""

  def handle(self) -> None:
    request = json.loads(self.rfile.readline())
    has_length = any(re.match(r'--max_(steps|kimg)=', word) for word in request['words'])
    small = [word for word in SMALL[request['name']] if not (has_length and '--max_' in word)]
    words = [*request['words'], *small]
    for pattern, word in INSTEAD:
      words = [re.sub(pattern, word, given) for given in words]
    flags = [word.partition('=')[0] for word in words]
    if request['name'] == 'train' and _is_of_dcgan(words):
      words.append('--networks=dcgan(filters=4)')
    is_evaluate = request['name'] == 'evaluate'
    if is_evaluate and '--extractor=random_projection' in words and '--metrics' not in flags:
      words.append('--metrics=fid')  # The network that it stands for has logits.
    looks = request['name'] in ('anomaly', 'project')
    if looks and not {'--method', '--compare'} & set(flags):
      words.append('--method=search(steps=2)')
    if request['name'] == 'anomaly' and '--compare' not in flags:
      words += ['--normals=15', '--false_alarms=0.2']  # There are 18 in the small data.
    has_extractor = {'--extractor', '--generated_features'} & set(flags)
    if is_evaluate and not has_extractor:
      words.append('--extractor=auto(classifier(steps=5), self_supervised(steps=5))')
    variables, cwd = request['variables'], request['cwd']
    process = forked.run(request['name'], tuple(words), 240, _Entered(cwd, variables))
    answer = {'code': process.returncode, 'stdout': process.stdout, 'stderr': process.stderr}
    self.wfile.write(json.dumps(answer).encode() + b'\n')


def _is_of_dcgan(words: list[str]) -> bool:
  """Returns whether flagfiles among the words choose DCGAN, of the plainest kind and any width."""
  names = [word.partition('=')[2] for word in words if word.startswith('--flagfile=flags/')]
  texts = '\n'.join((ROOT / name).read_text() for name in names)
  chosen = re.findall(r'^--networks=(.*)$', texts, re.MULTILINE)
  return bool(chosen and re.fullmatch(r'dcgan\(filters=\d+\)', chosen[-1]))


class _Entered:
  """Enters the client's folder and takes over its environment, in the process of a binary."""

  def __init__(self, cwd: str, variables: dict[str, str]):
    self._cwd, self._variables = cwd, variables

  def __call__(self) -> None:
    os.chdir(self._cwd)
    os.environ.update(self._variables)


def furnish(folder: pathlib.Path) -> None:
  """Fills a folder with the runs, pictures and data that pages take for granted.

  Args:
    folder: Gets tmp/, for /tmp, and home/.
  """
  from tests import tfds_files

  tmp, home = folder / 'tmp', folder / 'home'
  digits = load_digits()
  images = np.kron(digits.images[:120], np.ones((4, 4)))[:, 2:30, 2:30, None] * 15.9
  images = images.astype(np.uint8)
  for name in ('fakes', 'reals'):
    (tmp / name).mkdir(parents=True)
    for number, image in enumerate(images[:40]):
      Image.fromarray(image[..., 0]).save(tmp / name / f'{number:02d}.png')
    np.save(tmp / f'{name}.npy', images[:40].reshape(40, -1) / np.float32(255))  # As features.
  np.savez(tmp / 'samples.npz', images=images[:40])
  for name, shape in (('pictures', (80, 64, 3)), ('logos', (64, 128, 4))):
    (home / name).mkdir(parents=True)
    for number in range(12):
      pixels = np.random.RandomState(number).randint(0, 256, shape).astype(np.uint8)
      Image.fromarray(pixels).save(home / name / f'{number}.png')

  write_tunes(tmp / 'songs')
  time = np.linspace(0, 20, 64)
  (tmp / 'signals').mkdir()
  np.save(tmp / 'signals/ecg.npy', [np.sin(time + phase) for phase in range(100)])
  shutil.copytree(home / 'pictures', home / 'flickr')
  rows = [f'{number}.png,noise number {number}' for number in range(12)]
  (home / 'flickr/captions.txt').write_text('\n'.join(['image,caption', *rows]))

  import pyarrow
  import pyarrow.parquet
  import tensorflow_datasets as tfds

  for name in ('arrays', 'cats'):
    (home / name).mkdir()
  halves = {'x_train': images[:80], 'x_test': images[80:]}
  labels = {'y_train': digits.target[:80], 'y_test': digits.target[80:120]}
  np.savez(home / 'arrays/mnist.npz', **halves, **labels)
  scaled = np.moveaxis(images / 127.5 - 1, 3, 1)
  arrays = {'faces': images, 'labels': digits.target[:120], 'part-0': scaled, 'part-1': scaled}
  for name, values in arrays.items():
    np.save(home / f'arrays/{name}.npy', values)
  contents = [path.read_bytes() for path in sorted((home / 'pictures').iterdir())]
  pyarrow.parquet.write_table(pyarrow.table({'image': contents}), home / 'cats/train.parquet')
  for name, channels in (('mnist', 1), ('cifar10', 3)):
    margin = channels - 1  # CIFAR-10 is 32x32, which residual networks have a plan for.
    examples = [
      {'image': np.repeat(np.pad(image, [(margin,), (margin,), (0,)]), channels, 2), 'label': label}
      for image, label in zip(images, map(int, digits.target))
    ]
    features = {
      'image': tfds.features.Image(shape=(28 + 2 * margin, 28 + 2 * margin, channels)),
      'label': tfds.features.ClassLabel(num_classes=10),
    }
    splits = {'train': examples[:80], 'test': examples[80:]}
    data_dir = home / 'tensorflow_datasets'
    tfds_files.store(
      data_dir, name, features, version='3.0.1' if channels == 1 else '3.0.2', **splits
    )
  for name, seed in (('run', 1), ('seed2', 2)):
    run_binary('train', *TINY, f'--model_dir={tmp / name}', f'--seed={seed}')
  for name, trained in (('seed1', 'run'), ('runs/one', 'run'), ('runs/two', 'seed2')):
    shutil.copytree(tmp / trained, tmp / name)
  for name in ('one', 'two'):
    run_binary(
      'evaluate',
      f'--model_dir={tmp}/runs/{name}',
      '--extractor=random_projection',
      '--metrics=fid, kid',
      '--num_samples=32',
      f'--cache_dir={home}/cache',
    )
    (scores,) = (tmp / 'runs' / name / 'eval').iterdir()
    scores.rename(scores.with_name('classifier-10000'))
  run_binary(
    'train',
    *TINY,
    '--model=acgan',
    f'--model_dir={tmp / "acgan"}',
    '--max_steps=1',
    '--save_every=1',
  )
