"""Presets that come with the package: --preset, --list=preset."""

import csv
import re

import pytest

from tests.conftest import ROOT, run_binary

FILES = sorted((ROOT / 'flags').rglob('*.flags'))


def test_every_preset_is_listed_with_its_scores():
  text = run_binary('train', '--list=preset').stdout
  listed = dict(re.findall(r'^  (\w+)\n((?:      .*\n)+)', text, re.MULTILINE))
  assert listed.keys() == {path.stem for path in FILES}
  with (ROOT / 'docs/data/presets.csv').open(newline='') as file:
    for row in csv.DictReader(file):
      about = ' '.join(listed[row['preset']].split())
      assert f'[{int(row["steps"]):,} steps' in about
      assert not row['fid'] or f'fid {float(row["fid"]):.4g}' in about
  assert max(map(len, text.splitlines()[1:])) <= 100
  assert text.partition('\n')[2] in run_binary('train', '--list').stdout


def test_what_is_given_besides_replaces_what_a_preset_says(tmp_path):
  flags = ('--batch_size=8', '--preset', 'digits_dcgan, lecam', '--max_steps=7')
  summary = run_binary('train', *flags, '--dry_run', f'--model_dir={tmp_path}').stdout
  for line in ('--batch_size=8', '--ema_decay=0.995', '--max_steps=7'):
    assert f'{line}\n' in summary
  assert '--penalties=lecam' in summary


@pytest.mark.parametrize(
  'word, message',
  [
    ('--preset=digits_dcgn', 'there is none of this name; did you mean digits_dcgan? --list='),
    ('--preset=../flags/digits_dcgan', 'there is none of this name'),
    ('--preset=digits_dcgan,r2', '--preset=r2: there is none of this name; '),
    ('--preset', '--preset: needs a value, such as --preset=digits_dcgan; '),
    ('--preset --model_dir=/x', '--preset: needs a value, such as --preset=digits_dcgan; '),
  ],
)
def test_a_preset_that_is_not_there(word, message):
  (line,) = run_binary('train', *word.split(), code=2).stderr.splitlines()
  assert message in line


@pytest.mark.parametrize('besides', [(), ('--preset=digits_dcgan',), ('--preset', 'lecam')])
def test_a_preset_in_a_file_of_flags_is_refused(tmp_path, besides):
  (tmp_path / 'inner.flags').write_text('--preset=lecam\n--seed=1\n')
  (tmp_path / 'mine.flags').write_text(f'--flagfile={tmp_path}/inner.flags\n')
  for words in (
    (*besides, f'--flagfile={tmp_path}/mine.flags'),
    ('--flagfile', f'{tmp_path}/inner.flags', *besides),
  ):
    (line,) = run_binary('train', *words, '--dry_run', code=2).stderr.splitlines()
    assert line.startswith('--preset=lecam: is for the command line')
