"""Lengths of a run in steps, images or epochs: exactly one, and recorded as steps."""

import json

from absl import flags
import pytest

from tests.conftest import QUICK, run_binary
from tfgan_pipeline.config.durations import DURATIONS, prefer_command_line
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError


@pytest.mark.parametrize(
  'values, steps',
  [
    ({'max_steps': 7}, 7),
    ({}, 2000),
    ({'max_images': 64}, 4),
    ({'max_images': 65}, 5),
    ({'max_images': 1}, 1),
    ({'max_kimg': 0.1}, 7),
    ({'max_kimg': 8}, 500),
    ({'max_epochs': 2}, 13),  # Of 100 images.
    ({'max_epochs': 0.5}, 4),
    ({'max_epochs': 1, 'discriminator_steps': 5}, 2),
    ({'max_epochs': 1, 'update': 'sequential'}, 4),
  ],
)
def test_every_length_becomes_steps(values, steps):
  experiment = Experiment(batch_size=16, **values).in_steps(100)
  assert experiment.max_steps == steps
  assert not {'max_images', 'max_kimg', 'max_epochs'} & experiment.to_dict().keys()
  assert experiment.in_steps(5) == experiment


def test_two_lengths_are_refused():
  with pytest.raises(UsageError, match='--max_epochs=2.0: --max_kimg=1.0 is given, too; leave out'):
    Experiment(max_kimg=1, max_epochs=2)
  with pytest.raises(UsageError, match='--max_epochs=-1: should be at least 0'):
    Experiment(max_epochs=-1)
  with pytest.raises(UsageError, match='--max_epochs=2: the data has no known size'):
    Experiment(max_epochs=2).in_steps()


@pytest.mark.parametrize(
  'arguments', [['--max_steps=2000', '--max_kimg=2'], ['--max_images', '9', '-max_epochs=1']]
)
def test_two_flags_are_refused(tmp_path, arguments):
  process = run_binary('train', f'--model_dir={tmp_path}/run', *arguments, code=2)
  assert 'is given, too; leave out one of both' in process.stderr


def test_the_last_length_of_flagfiles_counts(tmp_path):
  files = {}
  for name, text in {
    'preset': '--max_kimg=8',
    'own': '--max_epochs=2\n--batch_size=16',
    'again': f'--flagfile={tmp_path}/own\n--max_steps=7',
  }.items():
    (tmp_path / name).write_text(text + '\n')
    files[name] = f'--flagfile={tmp_path}/{name}'
  for words, expected in (
    (['preset', 'own'], {'max_epochs': 2.0}),
    (['own', 'preset'], {'max_kimg': 8.0}),
    (['preset', 'again'], {'max_steps': 7}),
    (['preset', '--max_images=32', 'own'], {'max_images': 32}),
  ):
    values = flags.FlagValues()
    for name in DURATIONS:
      flags.DEFINE_float(name, 0, '', flag_values=values)
    flags.DEFINE_integer('batch_size', 64, '', flag_values=values)
    arguments = [files.get(word, word) for word in words]
    values(['train', *arguments])
    prefer_command_line(values, arguments)
    assert {name: values[name].value for name in DURATIONS if values[name].present} == expected


def test_a_run_ends_after_its_images_and_goes_on_by_epochs(tmp_path):
  flagfile = tmp_path / 'preset.flags'
  flagfile.write_text('\n'.join(QUICK) + '\n')  # Its --max_steps gives way to the command line's.
  run = tmp_path / 'run'
  run_binary('train', f'--flagfile={flagfile}', '--max_images=32', f'--model_dir={run}')
  assert (run / 'TRAIN_DONE').read_text() == '2\n'
  record = json.loads((run / 'experiment.json').read_text())
  assert record['experiment']['max_steps'] == 2 and 'max_images' not in record['experiment']
  size = record['dataset']['splits']['train']
  run_binary('train', f'--model_dir={run}', f'--max_epochs={5 * 16 / size}')
  assert (run / 'TRAIN_DONE').read_text() == '5\n'
  text = run_binary('train', f'--model_dir={run}', '--max_epochs=1', '--dry_run').stdout
  assert f'--max_steps={-(-size // 16)}\n' in text and 'max_epochs' not in text
