"""tfgan-anomaly as users run it."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, run_binary

FAST = '--method=search(steps=3)'
SOME = ('--anomalous_classes=1', '--false_alarms=0.1', '--normals=40')


@pytest.fixture(scope='module')
def run(tiny_run, tmp_path_factory):
  """A copy of the tiny run, in which methods keep what they have fitted."""
  return shutil.copytree(tiny_run, tmp_path_factory.mktemp('anomaly') / 'run')


@pytest.fixture(scope='module')
def scored(run, tmp_path_factory):
  """Folder of results of the test split."""
  folder = tmp_path_factory.mktemp('scored') / 'out'
  run_binary('anomaly', f'--model_dir={run}', FAST, *SOME, f'--output_dir={folder}')
  return folder


def test_results_of_a_split(scored, run):
  record = json.loads((scored / 'anomaly.json').read_text())
  assert record['protocol'] == 'one_anomalous' and record['held_out'] == 40
  assert record['held_out_split'] == 'validation' and record['split'] == 'test'
  assert record['auroc_low'] <= record['auroc'] <= record['auroc_high']
  with open(scored / 'scores.csv', newline='') as file:
    rows = list(csv.DictReader(file))
  assert len(rows) == record['pictures'] == 180
  assert {row['truth'] for row in rows if row['class'] == '1'} == {'1'}
  assert sum(int(row['anomalous']) for row in rows) == record['flagged']
  for row in rows:
    assert (float(row['p_value']) <= 0.1) == (row['anomalous'] == '1')
    assert abs(float(row['score']) - record['threshold']) < 1e-3 or (
      (float(row['score']) > record['threshold']) == (row['anomalous'] == '1')
    )
  picture = np.asarray(Image.open(scored / 'residuals.png'))
  assert picture.std() > 10
  for name in ('roc.svg', 'precision_recall.svg'):
    assert '<svg' in (scored / name).read_text()
  (kept,) = (run / 'anomaly').glob('search-*.json')
  assert len(json.loads(kept.read_text())['scores']) == 40


def digit(folder, number: int, size: int = 16):
  """Writes a digit of the test split as a PNG file; returns its path."""
  from tfgan_pipeline.data.dataset import DataOptions
  from tfgan_pipeline.data.digits import digits

  batch = next(digits(DataOptions(), size=16).split('test').ordered(number + 1))
  path = folder / f'{number}.png'
  Image.fromarray(batch['image'][number, ..., 0]).resize((size, size)).save(path)
  return path


def test_one_picture_has_the_score_that_it_has_among_all(scored, run, tmp_path):
  path = digit(tmp_path, 70)
  flags = (f'--model_dir={run}', FAST, *SOME, f'--input={path}')
  done = run_binary('anomaly', *flags, f'--output_dir={tmp_path}/out')
  assert 'normal pictures' not in done.stderr  # Their scores are kept.
  (verdict,) = map(json.loads, done.stdout.splitlines())
  with open(scored / 'scores.csv', newline='') as file:
    row = next(row for row in csv.DictReader(file) if row['picture'] == '70')
  assert f'{verdict["score"]:.6g}' == row['score'] and verdict['picture'] == '70.png'
  assert f'{verdict["p_value"]:.6g}' == row['p_value']
  record = json.loads((tmp_path / 'out/anomaly.json').read_text())
  assert record['pictures'] == 1 and 'auroc' not in record
  assert verdict['threshold'] == record['threshold']


def test_a_folder_with_a_broken_picture(run, tmp_path):
  for number in range(3):
    digit(tmp_path, number)
  (tmp_path / 'broken.png').write_bytes(b'\x89PNG\r\n\x1a\n and no more')
  digit(tmp_path, 3, size=20)
  flags = (f'--model_dir={run}', '--method=pca(components=4)', *SOME, f'--input={tmp_path}')
  refused = run_binary('anomaly', *flags, code=2)
  assert '3.png is 20x20 pixels, and pictures of this run are 16x16; --resize' in refused.stderr
  done = run_binary('anomaly', *flags, '--resize', code=1)
  assert '1 of 5 pictures cannot be read: broken.png' in done.stderr
  assert [json.loads(line)['picture'] for line in done.stdout.splitlines()] == [
    f'{number}.png' for number in range(4)
  ]


@pytest.mark.parametrize(
  'method',
  ['encoder(steps=2)', 'neighbours(extractor=random_projection, k=2)'],
)
def test_other_methods(run, tmp_path, method):
  flags = (f'--model_dir={run}', f'--method={method}', *SOME, '--count=30')
  done = run_binary('anomaly', *flags, f'--output_dir={tmp_path}', f'--cache_dir={tmp_path}/cache')
  record = json.loads(done.stdout)
  assert record['pictures'] == 30 and 0 <= record['auroc'] <= 1


@pytest.mark.parametrize(
  'flags, message',
  [
    (['--method=serch'], "--method=serch: unknown anomaly_method 'serch'; did you mean search?"),
    (['--split=dev'], '--split=dev: the data has train, validation, test'),
    (['--anomalous_classes=cat'], "--anomalous_classes=cat: no class 'cat'"),
    (['--false_alarms=1.5'], '--false_alarms: rate=1.5 should be'),
    (['--step=3', '--method=pca'], '--step=3: no such checkpoint'),
    (['--resize'], '--resize: only with --input'),
    (['--input=/nowhere/a.png'], '--input=/nowhere/a.png: there is no such file or folder'),
    (['--input={empty}'], 'no picture there'),
    (['--input={broken}'], 'broken.png cannot be read'),
    (['--method=pca(components=5000)'], 'components=5000 should be at most 256'),
    (['--method=search(steps=0)'], 'steps=0 should be at least 1'),
    (['--false_alarms=0.001', '--method=pca(components=2)'], 'needs 999 normal pictures'),
    (['--compare={empty}'], 'no anomaly.json there'),
    (['--compare={broken}'], 'is no record of tfgan-anomaly'),
  ],
)
def test_refusals(run, tmp_path, flags, message):
  places = {name: tmp_path / name for name in ('empty', 'broken.png')}
  places['empty'].mkdir()
  places['broken.png'].write_bytes(b'\x89PNG\r\n\x1a\n and no more')
  flags = [flag.format(empty=places['empty'], broken=places['broken.png']) for flag in flags]
  words = flags if '--compare' in flags[0] else [f'--model_dir={run}', *SOME, *flags]
  refused = run_binary('anomaly', *words, code=2)
  assert message in refused.stderr.splitlines()[-1]
  assert 'Traceback' not in refused.stderr


def test_runs_without_noise_or_discriminator(tmp_path):
  model = ('--model=autoencoder', '--max_steps=1', '--save_every=1')
  run_binary('train', *QUICK, *model, f'--model_dir={tmp_path}/run')
  flags = (f'--model_dir={tmp_path}/run', *SOME, '--count=10')
  refused = run_binary('anomaly', *flags, code=2)
  assert f'--method=search: --model_dir={tmp_path}/run has no discriminator' in refused.stderr
  assert 'features=0' in refused.stderr
  run_binary('anomaly', *flags, '--method=search(steps=2, features=0)')


def test_records_of_one_protocol_are_compared(scored, tmp_path):
  record = json.loads((scored / 'anomaly.json').read_text())
  for name, protocol in (('same', 'one_anomalous'), ('other', 'one_normal')):
    (tmp_path / name).mkdir()
    record |= {'protocol': protocol, 'method': name, 'auroc': 0.99}
    (tmp_path / name / 'anomaly.json').write_text(json.dumps(record))
  table = run_binary('anomaly', f'--compare={scored},{tmp_path}/same').stdout
  assert table.index('same') < table.index('search(steps=3') and '0.990' in table
  refused = run_binary('anomaly', f'--compare={scored},{tmp_path}/*/anomaly.json', code=2)
  assert 'scores of different protocols cannot be compared' in refused.stderr
