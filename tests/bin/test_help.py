"""Help of commands: --help, --list, and hints at the word that may be meant."""

import dataclasses
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.bin import help
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

BINARIES = sorted(
  path.stem
  for path in (ROOT / 'tfgan_pipeline/bin').glob('*.py')
  if "__name__ == '__main__'" in path.read_text()
)


@pytest.mark.parametrize('binary', BINARIES)
def test_help_is_a_page_that_names_every_flag(binary):
  page = run_binary(binary, '--help').stdout
  lines = page.splitlines()
  assert len(lines) <= (150 if binary == 'train' else 60)
  assert max(map(len, lines)) <= 100
  full = run_binary(binary, '--helpfull').stdout
  flags = set(re.findall(r'^  --(\w+)$', full, re.MULTILINE))
  assert flags >= {'list', 'flagfile'} and flags <= set(re.findall(r'--(\w+)', page))
  assert full.startswith(lines[0]) and not re.search(r'^  hinge', page + full, re.MULTILINE)


def test_flags_of_training_are_in_groups_with_default_and_choices():
  page = run_binary('train', '--help').stdout
  groups = re.findall(r'^(\w.*):\n(?:  .*\n)+', page, re.MULTILINE)
  assert groups[0] == 'This command' and {'Data', 'Game and networks', 'Training'} <= set(groups)
  assert re.search(r'--save_every +Steps between checkpoints\. \[500\]', page)
  assert '[joint|sequential|separate]' in page and 'Besides' not in page


def test_lists_hold_first_line_and_source_of_every_component():
  text = run_binary('sample', '--list').stdout
  package = ROOT / 'tfgan_pipeline'
  assert text.startswith(f'Files are below {package}')
  for kind in registry.ALL:
    one = run_binary('sample', f'--list={kind.kind}').stdout.partition('\n')[2]
    assert one in text and one.startswith(f'{kind.kind}:\n')
    for component in kind.components().values():
      found = re.search(
        rf'^  {re.escape(component.signature)}\n      (.*) \((.*):(\d+)\)$', one, re.MULTILINE
      )
      assert found and found[1] == component.doc
      source = (package / found[2]).read_text().splitlines()[int(found[3]) - 1]
      assert f'def {component.name}(' in source
  assert (
    run_binary('train', '--list=networks').stdout == run_binary('train', '--list=network').stdout
  )


@pytest.mark.parametrize(
  'binary, arguments, meant',
  [
    ('train', ['--list=los'], 'loss'),
    ('train', ['--list=presets'], 'preset'),
    ('train', ['--batchsize=3'], 'batch_size'),
    ('train', ['--networks=dcgann'], 'dcgan'),
    ('train', ['--loss=hnge(2)'], 'wasserstein_hinge'),
    ('train', ['--dataset=tdfs(mnist)'], 'tfds'),
    ('train', ['--generator_optimizer=adm'], 'adam'),
    ('evaluate', ['--protocol=train_5k'], 'train_50k'),
    ('evaluate', ['--metrics=fid, inception'], 'inception_score'),
    ('train', ['--flagfile=flags/digits_dcgn.flags'], 'flags/digits_dcgan.flags'),
    ('train', ['--flagfile=digits_dcgan'], 'flags/digits_dcgan.flags'),
    ('train', ['--flagfile', 'delta/r1.flags'], 'flags/deltas/r1.flags'),
  ],
)
def test_what_may_be_meant(binary, arguments, meant):
  (line,) = run_binary(binary, *arguments, code=2).stderr.splitlines()
  assert re.search(rf'[Dd]id you mean:?\s+{re.escape(meant)}\b', line), line


@pytest.mark.parametrize('word', ['nonsense', 'xyzzy(3)'])
def test_a_word_that_is_close_to_none_gets_the_list(word):
  (line,) = run_binary('train', f'--loss={word}', code=2).stderr.splitlines()
  assert (
    'there are: ' in line and 'least_squares(real_label=1.0' in line and 'did you mean' not in line
  )


def test_files_that_may_be_meant(tmp_path, tiny_run):
  (tmp_path / 'pictures/cats').mkdir(parents=True)
  (tmp_path / 'runs').mkdir()
  (tmp_path / 'runs/one').symlink_to(tiny_run)
  for binary, arguments, meant in (
    (
      'train',
      [
        f'--model_dir={tmp_path}/new',
        '--dataset=image_folder(16)',
        f'--data_dir={tmp_path}/picture/cats',
      ],
      'pictures',
    ),
    ('sample', ['--output=x.png', f'--model_dir={tmp_path}/runs/on'], 'runs/one'),
    ('evaluate', [f'--model_dir={tmp_path}/run/one'], 'runs'),
    ('compare', [f'{tmp_path}/runs/oen'], 'runs/one'),
  ):
    (line,) = run_binary(binary, *arguments, code=2).stderr.splitlines()
    assert f'did you mean {tmp_path}/{meant}?' in line, line


def test_help_into_a_pipe_that_is_closed():
  command = f'{sys.executable} -m tfgan_pipeline.bin.train --helpfull | head -1'
  done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
  assert done.stdout.startswith('Starts the training') and not done.stderr


def test_groups_name_every_setting_and_no_flag_that_is_gone():
  names = {name for group in help.GROUPS.values() for name in group}
  fields = [*dataclasses.fields(Experiment), *dataclasses.fields(EvaluationOptions)]
  assert {field.name for field in fields} <= names
  full = run_binary('train', '--helpfull').stdout
  assert names <= set(re.findall(r'^  --(\w+)$', full, re.MULTILINE))
