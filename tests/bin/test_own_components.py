"""Components of users' files, modules and installed packages, in every binary by --import."""

import json
import pathlib
import shutil
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import QUICK, ROOT, TINY, checkpoint, run_binary

HEAD = 'from tfgan_pipeline import registry\n'
MINE = HEAD + textwrap.dedent("""
  import numpy as np
  from tfgan_pipeline.data.dataset import DataOptions, Dataset
  from tfgan_pipeline.data.splits.memory import MemorySplit
  from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
  from tfgan_pipeline.losses.adversarial import AdversarialLoss
  from tfgan_pipeline.networks.spec import Networks, NetworkSpec

  @registry.loss
  def half(*, weight: float = 0.5) -> AdversarialLoss:
    'Half of a loss.'
    plain = registry.loss.build('modified')
    return AdversarialLoss(
      lambda model, **more: weight * plain.generator(model, **more), plain.discriminator
    )

  @registry.network
  def thin(spec: NetworkSpec) -> Networks:
    'Networks of four units.'
    return registry.network.build('mlp(units=4)', spec)

  @registry.dataset
  def greys(options: DataOptions, *, count: int = 64) -> Dataset:
    'Pictures of one grey each.'
    images = np.random.RandomState(0).randint(0, 256, (count, 1, 1, 1), np.uint8)
    split = MemorySplit({'image': images.repeat(16, 1).repeat(16, 2)})
    return Dataset.of_images('greys', (16, 16, 1), (), {'train': split})

  @registry.extractor
  def means(context: ExtractorContext) -> Extractor:
    'Mean brightness of each row.'
    return Extractor('means', '1', lambda images: (images.mean((2, 3), np.float32) / 255, None))

  @registry.metric
  def gap(reference, generated):
    'Distance of the means.'
    return {'gap': float(abs(reference.pool.mean() - generated.pool.mean()))}
""")
OWN = ('--loss=half', '--networks=thin')
MEANS = ('--extractor=means', '--metrics=gap', '--best_by=', '--num_samples=32')


@pytest.fixture
def mine(tmp_path) -> pathlib.Path:
  path = tmp_path / 'mine.py'
  path.write_text(MINE)
  return path


def one_line(process) -> str:
  (line,) = process.stderr.splitlines()
  assert not process.stdout
  return line


def test_a_run_with_own_components_goes_through_all_binaries(mine, tmp_path, cache_dir):
  run = tmp_path / 'run'
  own = (*OWN, '--dataset=greys', f'--import={mine}')
  run_binary('train', *TINY, *own, f'--model_dir={run}')
  record = json.loads((run / 'experiment.json').read_text())['sessions'][-1]
  assert record['imports'] == [str(mine)]
  assert set(record['code']) == {'dataset greys', 'loss half', 'network thin'}
  # All that follows finds the file by the run's record.
  evaluate = (f'--model_dir={run}', f'--cache_dir={cache_dir}', *MEANS)
  found = json.loads(run_binary('evaluate', *evaluate).stdout)
  assert found['scores']['gap[means]'] >= 0
  run_binary('sample', f'--model_dir={run}', f'--output={tmp_path}/a.png')
  run_binary('export', f'--model_dir={run}', f'--output={tmp_path}/saved')
  run_binary(
    *('reference', 'build', f'--import={mine}', '--dataset=greys', '--extractor=means'),
    *(f'--output={tmp_path}/greys.npz', f'--cache_dir={cache_dir}'),
  )
  run_binary('train', f'--flagfile={run}/experiment.flags', '--max_steps=6')
  again = tmp_path / 'again'
  run_binary('train', f'--flagfile={run}/experiment.flags', '--max_steps=6', f'--model_dir={again}')
  one, other = checkpoint(run, 6), checkpoint(again, 6)
  assert all((one[name] == other[name]).all() for name in one)

  # At a colleague's the file is missing.
  there = shutil.copytree(run, tmp_path / 'there')
  copy = next(there.glob('code/network-thin-*.py'))
  sample = (f'--model_dir={there}', f'--output={tmp_path}/b.png')
  mine.write_text(f'{MINE}\n@')
  assert one_line(run_binary('sample', *sample, code=2)) == (
    f'network thin of {there} is of {mine}, which cannot be read now ({mine}:'
    f'{MINE.count(chr(10)) + 2}: invalid syntax); --import={copy} takes the copy'
  )
  mine.unlink()
  assert one_line(run_binary('sample', *sample, code=2)) == (
    f'network thin of {there} is of {mine}, where it is not to be found now; '
    f'--import={copy} takes the copy'
  )
  told = run_binary('evaluate', *evaluate[1:], f'--model_dir={there}', code=2).stderr
  assert (
    'extractor means of ' in told and f'--import={there}/code/' in told and 'takes the copy' in told
  )
  run_binary('sample', *sample, f'--import={copy}')
  assert (tmp_path / 'a.png').exists() and (tmp_path / 'b.png').exists()
  scored = json.loads(
    run_binary('evaluate', *evaluate[1:], f'--model_dir={there}', f'--import={copy}').stdout
  )
  assert scored['score_ids'] == found['score_ids']
  train = (f'--flagfile={there}/experiment.flags', '--max_steps=8', f'--import={copy}')
  copies = ','.join(map(str, there.glob('code/*.py')))  # Each holds all components.
  assert 'other code' not in run_binary('train', *train).stderr
  run_binary('sample', *sample, f'--import={copies}')


def test_a_metric_of_an_evaluation_is_known_or_named_when_it_is_asked_for_again(tmp_path):
  def metric(name):
    path = tmp_path / f'{name}.py'
    path.write_text(
      f"""{HEAD}from tfgan_pipeline.metrics.ranking import lower_is_better
@registry.metric
@lower_is_better('{name}')
def {name}(reference, generated):
  'A number.'
  return {{'{name}': generated.pool.dtype.type(len(generated.pool))}}  # A float32 of NumPy.
"""
    )
    return path

  run, own, later = tmp_path / 'run', metric('own'), metric('later')
  run_binary('train', *QUICK, f'--import={own}', f'--model_dir={run}')
  score = (f'--model_dir={run}', '--extractor=random_projection', '--num_samples=32', '--best_by=')
  run_binary('evaluate', *score, f'--import={later}', '--metrics=own, later')
  # The training's record has the file of one, the scores' folder a copy of the other.
  assert run_binary('compare', str(run), '--metric=own').stdout.count('32') == 1
  (copy,) = run.glob('eval/*/code/metric-later-*.py')
  told = f'metric later is not of this package; --import={copy} takes the copy'
  again = run_binary('evaluate', *score, '--metrics=later', code=2)
  assert one_line(again) == f'--metrics=later: {told}'
  assert one_line(run_binary('compare', str(run), '--metric=later', code=2)) == (
    f'--metric=later: no score that ranks; {told}'
  )
  run_binary('compare', str(run), '--metric=later', f'--import={copy}')
  own.unlink()
  own_copy = next(run.glob('eval/*/code/metric-own-*.py'))
  lost = one_line(run_binary('compare', f'{run}/eval/random_projection-32', '--metric=own', code=2))
  assert lost.endswith(f'metric own is not of this package; --import={own_copy} takes the copy')


WRONG = {
  'no file': ('nowhere.py', None, 'nowhere.py: no such file; a run keeps copies of its files in '),
  'a folder': ('', None, ': a folder; name a file in it; '),
  'syntax': ('a.py', 'def f(:\n', 'a.py:1: invalid syntax'),
  'nothing': ('a.py', 'x = 1\n', 'a.py: registers no component; write @registry. and its kind'),
  'taken': (
    'a.py',
    HEAD + '@registry.loss\ndef wasserstein(): ...\n',
    'a.py:3: loss wasserstein: the name is taken, see ',
  ),
  'no registry': ('a.py', HEAD + '@registry.lost\ndef f(): ...\n', 'no such registry; there are '),
  'not readable': ('a.py', b'\xff\xfe\x00', 'is no Python source'),
}


@pytest.mark.parametrize('binary', ['train', 'evaluate', 'compare', 'tpu_check', 'classifier'])
def test_what_holds_no_components_is_refused_everywhere(binary, tmp_path):
  flags = f'--import={tmp_path}/nowhere.py'
  assert one_line(run_binary(binary, flags, code=2)).startswith(f'{flags}: no such file')


@pytest.mark.parametrize('name', WRONG)
def test_a_file_that_cannot_be_imported_is_refused(name, tmp_path):
  file, text, message = WRONG[name]
  if text is not None:
    (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
  flag = f'--import={tmp_path}/{file}'
  process = run_binary('train', *TINY, flag, f'--model_dir={tmp_path}/run', code=2)
  line = one_line(process)
  assert line.startswith(f'{flag}: ') and message in line
  assert not (tmp_path / 'run').exists()


IMPORTED = {
  'missing module': ('import nowhere_at_all\n', 'cannot be imported (ModuleNotFoundError: No mod'),
  'error': ('1 / 0\n', 'cannot be imported (ZeroDivisionError: division by zero)'),
  'exit': ('raise SystemExit(3)\n', 'cannot be imported (SystemExit: 3)'),
  'training': (
    'from tfgan_pipeline import *\nGANEstimator(Experiment(model_dir="/nowhere")).train()\n',
    "makes a run when imported; put that under if __name__ == '__main__':",
  ),
}


@pytest.mark.parametrize('name', IMPORTED)
def test_a_file_that_fails_when_it_is_imported_is_refused(name, tmp_path):
  text, message = IMPORTED[name]
  path = tmp_path / 'mine.py'
  path.write_text(MINE + text)
  process = run_binary(
    'train', *TINY, *OWN, f'--import={path}', f'--model_dir={tmp_path}/run', code=2
  )
  assert one_line(process).startswith(f'--import={path}: {message}')
  assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize(
  'kind, message',
  [
    ('loss', 'loss half: returned int, and should return AdversarialLoss; docs/ext'),
    ('network', 'network half: returned int, and should return dict; docs/extending.md'),
    ('penalty', 'penalty half: returned int, and should return Penalty; docs/extending.md'),
    ('model', 'model half: returned int, and should return Game; docs/extending.md'),
  ],
)
def test_a_component_that_returns_another_type_is_refused(kind, message, tmp_path):
  context = {'network': 'spec, ', 'model': 'noise, data, '}.get(kind, '')
  path = tmp_path / 'mine.py'
  path.write_text(HEAD + f'@registry.{kind}\ndef half({context}*, x: int = 1): return 3\n')
  flag = {'network': 'networks', 'penalty': 'penalties'}.get(kind, kind)
  flags = (f'--import={path}', f'--{flag}=half', f'--model_dir={tmp_path}/run')
  process = run_binary('train', *TINY, *flags, code=2)
  assert message in process.stderr.splitlines()[-1]
  assert not (tmp_path / 'run').exists()


def plain(*arguments: str, code: int = 0, **kwargs) -> subprocess.CompletedProcess:
  """Runs a binary in a process that imports nothing beforehand."""
  process = subprocess.run(
    [
      sys.executable,
      '-X',
      'importtime',
      '-m',
      f'tfgan_pipeline.bin.{arguments[0]}',
      *arguments[1:],
    ],
    capture_output=True,
    text=True,
    cwd=ROOT,
    **kwargs,
  )
  assert process.returncode == code, process.stderr
  return process


@pytest.fixture
def installed(tmp_path, monkeypatch) -> pathlib.Path:
  """A package with an entry point, as pip would install it; importing its head is an error."""
  package = tmp_path / 'site' / 'some_gans'
  package.mkdir(parents=True)
  (package / '__init__.py').write_text('import tensorflow\n')
  (package / 'parts.py').write_text(MINE)
  facts = tmp_path / 'site' / 'some_gans-1.0.dist-info'
  facts.mkdir()
  (facts / 'METADATA').write_text('Metadata-Version: 2.1\nName: some-gans\nVersion: 1.0\n')
  (facts / 'entry_points.txt').write_text('[tfgan_pipeline.components]\nparts = some_gans.parts\n')
  monkeypatch.setenv('PYTHONPATH', f'{tmp_path}/site:{ROOT}')
  return package


def test_an_installed_package_is_listed_without_tensorflow_and_used(installed, tmp_path):
  listed = plain('train', '--list')
  place = f'({installed}/parts.py:'
  assert '  half(weight=0.5)\n' in listed.stdout and f'Half of a loss. {place}' in listed.stdout
  assert not {'tensorflow', 'some_gans'} & {line.split()[-1] for line in listed.stderr.splitlines()}
  run = tmp_path / 'run'
  plain('train', *TINY, *OWN, f'--model_dir={run}', '--max_steps=1')
  code = json.loads((run / 'experiment.json').read_text())['sessions'][-1]['code']
  assert code['loss half']['module'] == 'some_gans.parts'
  shutil.move(installed, tmp_path / 'elsewhere')
  (installed.parent / 'some_gans-1.0.dist-info' / 'entry_points.txt').unlink()
  line = run_binary('sample', f'--model_dir={run}', f'--output={tmp_path}/a.png', code=2).stderr
  assert 'network thin of' in line and 'is of the module some_gans.parts' in line
  assert f'--import={run}/code/network-thin-' in line


def test_a_module_is_named_as_in_python(installed, tmp_path):
  (installed.parent / 'some_gans-1.0.dist-info' / 'entry_points.txt').unlink()
  assert '  half' not in plain('compare', '--list').stdout
  assert 'half(weight=0.5)' in plain('compare', '--list', '--import=some_gans.parts').stdout
  assert 'half(weight=0.5)' in plain('compare', '--list', '--import=some_gans').stdout
  wrong = plain('compare', '--import=some_gans.part', code=2).stderr.splitlines()[-1]
  assert wrong.startswith('--import=some_gans.part: no module of this name can be imported')


def test_a_package_that_takes_a_name_is_told_of(installed, tmp_path):
  (installed / 'parts.py').write_text(HEAD + '@registry.loss\ndef wasserstein(): ...\n')
  line = plain('train', '--list', code=2).stderr.splitlines()[-1]
  assert line.startswith('package some-gans, installed here: ') and 'the name is taken' in line
