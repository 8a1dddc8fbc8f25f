"""Refusals for which text is enough: made in a moment, without TensorFlow."""

import dataclasses
import json
import re
import resource
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT, TINY, files_under
from tfgan_pipeline import registry
from tfgan_pipeline.config.needs import GAMES_WITHOUT_LABELS


@pytest.fixture(scope='module', autouse=True)
def compiled():
  """Runs a binary once, as Python compiles the modules of a new checkout at their first import."""
  subprocess.run(
    [sys.executable, '-m', 'tfgan_pipeline.bin.evaluate', '--list'],
    cwd=ROOT,
    stdout=subprocess.DEVNULL,
  )


def refusal(binary: str, *arguments: str) -> str:
  """Returns the line with which a process of its own refuses; checks that it loads little."""
  code = (
    'import atexit, runpy, sys\n'
    'atexit.register(lambda: print("tensorflow" in sys.modules))\n'
    f'sys.argv = {[binary, *arguments]!r}\n'
    f'runpy.run_module("tfgan_pipeline.bin.{binary}", run_name="__main__", alter_sys=True)\n'
  )
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT)
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  assert done.returncode == 2, done.stderr
  assert done.stdout == 'False\n', 'TensorFlow was loaded'
  # Of the processor: other work on this machine does not count.
  assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
  (line,) = done.stderr.splitlines()
  return line


@pytest.mark.parametrize(
  'binary, arguments, message',
  [
    ('train', ['--dataset=tfds(mnist)', '--data_dir={}/no'], '--data_dir={}/no: no prepared'),
    ('train', ['--dataset=image_folder(16)', '--data_dir={}/dta'], 'did you mean {}/data?'),
    ('train', ["--dataset=domains(a='tfds(mnist)')", '--data_dir={}/no'], '--data_dir={}/no: '),
    ('train', ['--dataset=parquet', '--data_dir={}/no'], '--data_dir={}/no: there is no such'),
    ('evaluate', ['--watch', '--stop_when=fd has not improved for 2 steps'], ': fd: no score that'),
    ('train', ['--metrics=fid'], '--metrics: training does not score; add --evaluate'),
    ('train', ['--num_samples', '100'], '--num_samples: training does not score'),
    ('train', ['--per_sample'], '--per_sample: training does not score'),
    ('train', ['--noper_sample'], '--per_sample: training does not score'),
    ('train', ['--evaluate', '--reference_dir={}/no'], '--reference_dir={}/no: there is no such'),
    ('sample', ['--model_dir={}/run', '--output={}/x.jpg'], 'is written as PNG; name it {}/x.png'),
    ('sample', ['--model_dir={}/run', '--output={}/no/x.png'], '{}/no is no folder that can be'),
    ('classifier', ['--dataset=tfds(mnist)', '--data_dir={}/no'], '--data_dir={}/no: no prepared'),
    ('evaluate', ['--model_dir={}/rum'], '--model_dir={}/rum: no run there'),
    ('evaluate', ['--generated_dir={}/no', '--metrics=fid'], '--generated_dir={}/no: there is no'),
    ('evaluate', ['--model_dir={}/run', '--labels=3'], '--labels=3: the generator of {}/run is'),
    ('sample', ['--model_dir={}/run', '--labels=0-9', '--output=x.png'], '--labels=0-9: '),
    ('sample', ['--model_dir={}/run', '--input_dir={}/no', '--output=x.png'], '--input_dir={}/no'),
    ('translate', ['--model_dir={}/run', '--input={}/no', '--output_dir={}/o'], '--input={}/no'),
  ],
)
def test_refused_in_a_moment(tiny_run, tmp_path, binary, arguments, message):
  shutil.copytree(tiny_run, tmp_path / 'run')
  (tmp_path / 'data').mkdir()
  before = files_under(tmp_path)
  words = [word.replace('{}', str(tmp_path)) for word in arguments]
  if binary == 'train':
    words = [*TINY, f'--model_dir={tmp_path}/new', *words]
  assert message.replace('{}', str(tmp_path)) in refusal(binary, *words)
  assert files_under(tmp_path) == before


def test_a_mistyped_run_begins_no_run_of_defaults(tiny_run, tmp_path):
  shutil.copytree(tiny_run, tmp_path / 'run1')
  for words in ([], ['--max_steps=9000'], ['--max_kimg=3', '--max_hours=1']):
    line = refusal('train', f'--model_dir={tmp_path}/rnu1', *words)
    assert f'--model_dir={tmp_path}/rnu1: no run there; did you mean {tmp_path}/run1? A' in line
  assert [path.name for path in tmp_path.iterdir()] == ['run1']
  for words in ([f'--model_dir={tmp_path}/run2'], [f'--model_dir={tmp_path}/rnu1', '--seed=1']):
    from tests.conftest import run_binary

    run_binary('train', '--dry_run', '--max_steps=4', *words)


def test_a_run_whose_data_is_gone_is_refused_in_a_moment(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  record = json.loads((run / 'experiment.json').read_text())
  record['experiment'] |= {'dataset': "tfds(name='mnist')", 'data_dir': '/nowhere'}
  (run / 'experiment.json').write_text(json.dumps(record))
  assert '--data_dir=/nowhere: no prepared' in refusal('evaluate', f'--model_dir={run}')


def test_flags_of_a_flagfile_are_for_training_and_evaluation(tmp_path):
  from tests.conftest import run_binary

  (tmp_path / 'both.flags').write_text('--max_steps=3\n--num_samples=100\n')
  flags = (f'--flagfile={tmp_path}/both.flags', f'--model_dir={tmp_path}/run', '--dry_run')
  assert '--max_steps=3' in run_binary('train', *TINY, *flags).stdout


def test_games_without_labels_are_just_those(tmp_path):
  """Holds the table of names against the games themselves."""
  from tests.conftest import fields_of
  from tfgan_pipeline import models  # noqa: F401
  from tfgan_pipeline.config.experiment import Experiment
  from tfgan_pipeline.data.fields import Field, Fields
  from tfgan_pipeline.models.build import new_game
  from tfgan_pipeline.models.told_class import told_field

  images = fields_of()
  partner = dataclasses.replace(images['image'], twin='image_a')
  caption = Field((1, 4), 'int32', words=('red',), examples=('red',))
  fields = Fields(**images, image_a=images['image'], image_b=partner, caption=caption)
  without = {
    name
    for name in registry.model.components()
    for data in [fields_of((32, 128, 1), 0) if name == 'midinet' else fields]
    for game in [new_game(Experiment(model=name, model_dir=str(tmp_path)), data)]
    if game.labels([0]) is None and told_field(game, game.task()) is None
  }
  assert without == set(GAMES_WITHOUT_LABELS)


def test_data_that_a_message_prepares_is_what_it_looks_for():
  from tfgan_pipeline.data.presence import require_data
  from tfgan_pipeline.errors import UsageError

  with pytest.raises(UsageError) as error:
    require_data("tfds('mnist:3.0.1')", '/nowhere')
  assert re.search(r"builder\('mnist:3.0.1', data_dir='/nowhere'\)", str(error.value))
