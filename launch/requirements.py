"""What to install around the TensorFlow that is already here, for install.sh.

    python launch/requirements.py [EXTRAS]

Reads the environment's metadata and setup.cfg, and imports nothing of what it finds. Prints one
requirement a line after the word `resolve` or `alone`, or nothing where there is no TensorFlow.
`alone` marks those that pip must install without their dependencies: they ask for the distribution
named `tensorflow`, which would land on top of tensorflow-cpu, tensorflow-tpu or any other build.
What else they need is in setup.cfg as well, or is needed by every TensorFlow.
"""

from __future__ import annotations

import configparser
import importlib.metadata
import pathlib
import re
import sys

_ALONE = ('tf-keras', 'tensorflow-gan', 'tensorflow-hub')
_PROBABILITY = {15: '==0.23.*', 16: '==0.24.*', 17: '==0.24.*'}  # 0.25 refuses TensorFlow < 2.18.


def main(extras: str) -> int:
  """Prints what pip is to install around the present TensorFlow; returns an exit code."""
  config = configparser.ConfigParser()
  config.read(pathlib.Path(__file__).resolve().parents[1] / 'setup.cfg')
  wanted = _lines(config['options']['install_requires'])
  for extra in filter(None, re.split(r'[,\s]+', extras)):
    known = config['options.extras_require']
    if extra not in known:
      print(f'{extra}: no such extra in setup.cfg; there are {", ".join(known)}', file=sys.stderr)
      return 2
    wanted += _lines(known[extra])

  builds = importlib.metadata.packages_distributions().get('tensorflow', [])
  present = {build: importlib.metadata.version(build) for build in sorted(set(builds))}
  if not present:
    return 0
  build, version = next(iter(present.items()))
  major, minor = map(int, re.findall(r'\d+', version)[:2])
  if (major, minor) < (2, 15):
    print(
      f'{build} {version} is installed here; 2.15 is the oldest TensorFlow that works',
      file=sys.stderr,
    )
    return 2

  chosen = {
    'tensorflow-probability': f'tensorflow-probability{_PROBABILITY.get(minor, ">=0.25")}',
    # A nightly TensorFlow is ahead of all releases of Keras.
    'tf-keras': 'tf-keras-nightly' if '.dev' in version else f'tf-keras=={major}.{minor}.*',
  }
  for name, number in present.items():
    print(f'resolve {name}=={number}')
  if minor < 18:
    # These hold protobuf below 5, which later releases, needed by TFDS, do not import with.
    print('resolve tensorflow-metadata<1.16')
  if minor < 21:
    print('resolve setuptools<81')  # TensorBoard of these imports pkg_resources.
  for requirement in wanted:
    name = re.match(r'[\w.-]+', requirement).group()
    if name != 'tensorflow':
      print('alone' if name in _ALONE else 'resolve', chosen.get(name, requirement))
  return 0


def _lines(text: str) -> list[str]:
  return [line for line in text.split('\n') if line.strip() and not line.startswith('#')]


if __name__ == '__main__':
  sys.exit(main(' '.join(sys.argv[1:])))
