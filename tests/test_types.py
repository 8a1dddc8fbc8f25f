"""The checker of types: what it finds in code that breaks a contract, and where it has to look."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAD = """
from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.gan import GAN
from tfgan_pipeline.models.noise import Noise
"""
WRONG = {
  '@registry.penalty\ndef mine(*, weight: float = 1.0) -> str: ...': 'bad-argument-type',
  '@registry.model\ndef mine(data: Fields, noise: Noise) -> Game: ...': 'bad-argument-type',
  'def mine(model: GANTuple) -> tf.Tensor:\n  return model.fake_data': 'missing-attribute',
  "Penalty(lambda model: tf.zeros([]), 'generator')": 'bad-argument-type',
  'class Mine(Game):\n  pass\nMine(Noise(1, tf.zeros), Fields())': 'bad-instantiation',
  "registry.model.build('gan', Fields())": 'bad-argument-count',
  "registry.loss.build('modified').discriminators": 'missing-attribute',
  'def mine(noise, data): ...': 'implicit-any-parameter',
}
RIGHT = """
@registry.penalty
def mine(*, weight: float) -> Penalty:
  return Penalty('generator', lambda model: weight * tf.reduce_mean(model.generated_data))

@registry.model
def also_mine(noise: Noise, data: Fields, *, weight: float = 1.0) -> GAN:
  return GAN(noise, data)

registry.model.build('gan', Noise(1, tf.zeros), Fields()).roles()
"""
# What rooms say to each other; records, which are JSON, have a name of their own.
SEAMS = (
  'data/dataset.py',
  'data/split.py',
  'discriminator_augment',
  'evaluation/evaluator.py',
  'evaluation/scorer.py',
  'losses',
  'media',
  'metrics/features.py',
  'models',
  'networks/spec.py',
  'training/refusals.py',
  'training/replay_pool.py',
  'training/state.py',
  'training/train_ops.py',
  'training/trainer.py',
  'writers',
)


@pytest.fixture(scope='module')
def found(tmp_path_factory):
  """Returns the findings of the package's checker by the number of the example."""
  folder = tmp_path_factory.mktemp('types')
  for index, code in enumerate([RIGHT, *WRONG]):
    (folder / f'code_{index}.py').write_text(HEAD + code + '\n')
  settings = (ROOT / 'pyproject.toml').read_text()
  package = 'project-includes = ["tfgan_pipeline/**/*.py"]'
  assert package in settings
  settings = settings.replace(package, f'search-path = ["{ROOT}"]')
  (folder / 'pyproject.toml').write_text(settings)
  command = [sys.executable, '-m', 'pyrefly', 'check', '--python-interpreter-path', sys.executable]
  options = ['--output-format', 'min-text', '--summary=none']
  done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)
  lines = [line for line in done.stdout.splitlines() if line.startswith('ERROR ')]
  assert done.returncode == 1, done.stderr
  return {index: [line for line in lines if f'code_{index}.py:' in line] for index in range(9)}


def test_what_breaks_a_contract_is_found(found):
  for index, (code, kind) in enumerate(WRONG.items(), start=1):
    assert [line for line in found[index] if line.endswith(f'[{kind}]')], (code, found[index])


def test_what_keeps_to_the_contracts_is_not(found):
  assert not found[0]


def test_nothing_at_the_seams_is_any():
  package = ROOT / 'tfgan_pipeline'
  paths = [package / seam for seam in SEAMS]
  paths = [path for seam in paths for path in ([seam] if seam.is_file() else seam.rglob('*.py'))]
  assert len(paths) > 30
  for path in paths:
    source = ast.parse(path.read_text())
    lines = [
      node.lineno for node in ast.walk(source) if isinstance(node, ast.Name) and node.id == 'Any'
    ]
    assert not lines, f'{path}: Any in lines {lines}'
