"""The tables of docs/data: columns are those that commands write, and renderings are fresh."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.benchmarks import (
  anomaly,
  csv_rows,
  extractor_order,
  metrics_speed,
  music,
  presets,
  tpu_slices,
  train_throughput,
  translations,
)
from tests.conftest import ROOT
from tests.training import replica_parity
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Records
from tfgan_pipeline.sampling.task_sampler import TaskSampler
from tfgan_pipeline.tpu.check import judge
from tfgan_pipeline.tpu.compiler import Program
from tfgan_pipeline.tpu.topology import Topology
from tfgan_pipeline.training.summaries import TrainSummaries

DATA = ROOT / 'docs/data'


def make_run(model_dir, preset: str = 'digits_dcgan', **values) -> str:
  """Writes what a finished and scored run of a preset leaves, as far as its rows need it."""
  settings = {**presets.settings_of(preset).to_dict(), 'model_dir': str(model_dir), **values}
  model_dir.mkdir()
  run = RunDirectory(str(model_dir))
  session = {'versions': {'tfgan_pipeline': '1.0'}, 'git_revision': 'abc'}
  facts = {'dataset': {'num_classes': 10}}
  run.begin_session(Experiment(**settings), facts, session, {}, run_id='id')
  summaries = TrainSummaries(run, 0)
  for step, rate in ((1500, 1000.0), (3000, 2000.0)):
    summaries.plot(step, {}, rate)
    summaries.line(step, {})
  summaries.close()
  for step, count, fid, weights in (
    (1500, 100, 20.0, 'average'),
    (3000, 200, 12.0, 'average'),
    (3000, 100, 13.0, 'average'),
    (3000, 400, 0.5, 'average'),
    (3000, 300, 14.0, 'raw'),
  ):
    definition = {
      'num_generated': count,
      'weights': weights,
      'batch_norm': TaskSampler.batch_norm,
    }
    scores = {'fid[classifier:digits]': fid, 'fid[inception]': 0.0}
    if count == 400:  # Of another measurement, without FID.
      scores = {'recall[classifier:digits]': fid}
    record = {'step': step, 'run_id': 'id', 'definition': definition, 'scores': scores}
    Records(run.evaluation(f'{count}-{weights}')).add(record)
  run.mark_done(3000)
  return run.path


def write_presets(folder, make=make_run):
  presets.write(folder, *presets.rows_of(make(folder / 'run'), note='here'))


def write_translations(folder):
  model_dir = make_run(folder / 'run', 'openmoji_sr4', max_steps=3000)
  task = {'definition': {'task': {'name': 'a_to_b'}, 'num_generated': 480}, 'step': 3000}
  scores = {'l1': 8.6, 'l1_bicubic': 23.5, 'fid[self_supervised:emoji]': 9.0, 'other': 1.0}
  Records(RunDirectory(model_dir).evaluation('pairs')).add(
    {**task, 'run_id': 'id', 'scores': scores}
  )
  rows = translations.rows_of(model_dir)
  assert [(row['l1'], row['fid'], row['task']) for row in rows] == [(8.6, 9.0, 'a_to_b')]
  csv_rows.update(folder / 'translations.csv', translations.COLUMNS, rows)


def write_tpu_slices(folder):
  slices = {name: Topology.parse(name) for name in ('v4:2x2x1', 'v5e:2x2')}
  sizes = dict.fromkeys(('arguments', 'outputs', 'aliased', 'temporaries', 'code'), 100)
  work = dict(flops=1e9, bytes_accessed=2e6, hbm_bytes=10**6, seconds=1.0)
  program = Program(**sizes, **work, versions={'jax': '1', 'libtpu': '2'})
  results = [
    {'topology': name, 'batch_size': 64, 'compiles': True, 'fits': True, **judge(program, one, 64)}
    for name, one in slices.items()
  ]
  results.append({'topology': 'v6e:2x2', 'batch_size': 64, 'compiles': False, 'fits': False})
  tpu_slices.write(folder / 'tpu_slices.csv', 'mnist_dcgan', results)


def write_replica_parity(folder):
  found = {place: {'weights': 3.712e-7, 'losses': 0.0} for place in replica_parity.PLACES}
  rows = [replica_parity.row('model gan', found)]
  csv_rows.update(folder / 'replica_parity.csv', replica_parity.COLUMNS, rows)


def write_metrics_speed(folder):
  results = {'ours': [{'seconds': 1.0, 'mib': 2.0, 'value': 3.0}]}
  rows = metrics_speed.rows('prdc', results, samples=10, width=20)
  csv_rows.update(folder / 'metrics_speed.csv', metrics_speed.COLUMNS, rows)


def write_train_throughput(folder):
  rows = [train_throughput.row('mlp', 64, {'ours': [2.0, 3.0], 'plain Keras': [1.0, 2.0]})]
  csv_rows.update(folder / 'train_throughput.csv', train_throughput.COLUMNS, rows)


def write_extractor_order(folder):
  images = np.random.RandomState(0).randint(0, 256, (900, 2, 2, 1)).astype(np.uint8)
  distances = {name: lambda pictures: pictures.std() for name in extractor_order.EXTRACTORS}
  rows = extractor_order.rows('mine', distances, images, np.arange(900) % 10, count=200)
  csv_rows.update(folder / 'extractor_order.csv', extractor_order.COLUMNS, rows)


def write_anomaly(folder):
  scores, truth = np.arange(20.0), np.arange(20) % 3 > 0
  rows = [anomaly.row(('one_normal', 0, 'search', 0), 3000, 1.0, scores, truth, 'here')]
  csv_rows.update(folder / 'anomaly.csv', anomaly.COLUMNS, rows, keys=4)


def write_music(folder):
  row = {name: 0.125 for name in music.SCORES}
  csv_rows.update(folder / 'music.csv', music.COLUMNS, [{'tunes': 'MidiNet', **row}])


# Of each CSV the columns that its command declares, and a function that writes made-up results.
WRITTEN = {
  'anomaly.csv': (anomaly.COLUMNS, write_anomaly),
  'presets.csv': (presets.COLUMNS, write_presets),
  'fid_by_step.csv': (presets.STEP_COLUMNS, write_presets),
  'translations.csv': (translations.COLUMNS, write_translations),
  'tpu_slices.csv': (tpu_slices.COLUMNS, write_tpu_slices),
  'replica_parity.csv': (replica_parity.COLUMNS, write_replica_parity),
  'extractor_order.csv': (extractor_order.COLUMNS, write_extractor_order),
  'metrics_speed.csv': (metrics_speed.COLUMNS, write_metrics_speed),
  'music.csv': (music.COLUMNS, write_music),
  'train_throughput.csv': (train_throughput.COLUMNS, write_train_throughput),
}


def header(path) -> list[str]:
  return path.read_text().splitlines()[0].split(',')


def render(docs, *arguments: str) -> subprocess.CompletedProcess:
  command = [sys.executable, docs / 'render.py', *arguments]
  return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize('name', sorted({*WRITTEN, *(path.name for path in DATA.iterdir())}))
def test_columns_are_those_that_the_command_writes(tmp_path, name):
  columns, write = WRITTEN[name]
  write(tmp_path)
  assert header(DATA / name) == list(columns) == header(tmp_path / name)
  assert csv_rows.read(tmp_path / name)
  pages = [
    path.name for path in (ROOT / 'docs').glob('*.md') if f'<!-- {name} -->' in path.read_text()
  ]
  assert len(pages) == 1, f'{name} stands in {pages}'


def test_renderings_are_fresh():
  process = render(ROOT / 'docs', '--check')
  assert process.returncode == 0, process.stdout


def copy_pages(folder):
  """Copies what pages are rendered from, and returns the copy of docs/."""
  shutil.copytree(ROOT / 'tfgan_pipeline', folder / 'tfgan_pipeline')
  shutil.copy(ROOT / 'README.md', folder)
  return shutil.copytree(ROOT / 'docs', folder / 'docs')


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
  """A copy of docs/ for tests that leave its pages as they were."""
  return copy_pages(tmp_path_factory.mktemp('pages'))


@pytest.mark.parametrize('name', sorted(WRITTEN))
def test_a_cell_that_changes_makes_its_page_stale(pages, name):
  path = pages / 'data' / name
  text = path.read_text()
  path.write_text(with_another_number(text))
  process = render(pages, '--check')
  path.write_text(text)
  (page,) = [path.name for path in pages.glob('*.md') if f'<!-- {name} -->' in path.read_text()]
  assert process.returncode == 1 and f'{page}: ' in process.stdout


def test_rendering_makes_all_pages_fresh(tmp_path):
  docs = copy_pages(tmp_path)
  for name in WRITTEN:
    (docs / 'data' / name).write_text(with_another_number((docs / 'data' / name).read_text()))
  assert render(docs).returncode == render(docs, '--check').returncode == 0


def with_another_number(text: str) -> str:
  """Returns a CSV with 987654 in place of a number in its first row."""
  first = text.splitlines()[1]
  number = max(first.split(','), key=_is_number)
  return text.replace(first, first.replace(number, '987654', 1))


def test_a_room_that_moves_makes_the_page_stale(tmp_path):
  docs = copy_pages(tmp_path)
  (tmp_path / 'tfgan_pipeline/tpu').rename(tmp_path / 'tfgan_pipeline/slices')
  process = render(docs, '--check')
  assert process.returncode == 1 and 'layout.md: ' in process.stdout


def _is_number(text: str) -> bool:
  return text.replace('e-', '').replace('.', '').isdigit()


@pytest.mark.parametrize('name', ['presets.csv', 'fid_by_step.csv', 'tpu_slices.csv'])
def test_presets_exist(name):
  there = {path.stem for path in (ROOT / 'flags').glob('*.flags')}
  assert {row['preset'] for row in csv_rows.read(DATA / name)} <= there


def test_cases_exist():
  rows = csv_rows.read(DATA / 'replica_parity.csv')
  assert {row['case'] for row in rows} <= replica_parity.cases().keys()


def test_every_preset_has_a_size():
  for path in (ROOT / 'flags').glob('*.flags'):
    assert tpu_slices.shape_of(path.stem) or path.stem.startswith(tpu_slices.DRAWN)


def test_no_two_presets_have_equal_settings():
  for path in (ROOT / 'flags').glob('*.flags'):
    assert presets.preset_of(presets.settings_of(path.stem)) == (path.stem, [])


def test_what_is_written_of_a_run(tmp_path):
  row, by_step = presets.rows_of(make_run(tmp_path / 'run'))
  assert {name: value for name, value in row.items() if value not in (None, '')} == {
    'preset': 'digits_dcgan',
    'steps': 3000,
    'images': 3000 * 64,
    'seconds': round(1500 * 64 / 1000 + 1500 * 64 / 2000),
    'samples': 200,
    'fid': 12.0,
    'recall': 0.5,
    'measured': '1.0 abc',
  }
  assert [(row['step'], row['fid']) for row in by_step] == [(1500, 20.0), (3000, 12.0)]
  presets.write(tmp_path, row, by_step, 'said')
  presets.write(tmp_path, row, by_step[1:])
  assert [row['remark'] for row in csv_rows.read(tmp_path / 'presets.csv')] == ['said']
  assert len(csv_rows.read(tmp_path / 'fid_by_step.csv')) == 1


def test_a_run_with_other_settings(tmp_path):
  run = make_run(tmp_path / 'run', batch_size=32)
  with pytest.raises(UsageError, match=r'digits_dcgan but for --batch_size=32 \(was 64\)'):
    presets.rows_of(run)
  row, _ = presets.rows_of(run, 'digits_dcgan', 'here')
  assert (row['preset'], row['note']) == ('digits_dcgan', 'here; --batch_size=32 (was 64)')


def test_a_run_that_is_not_finished_or_not_scored(tmp_path):
  run = RunDirectory(make_run(tmp_path / 'run'))
  for name in ('100-average', '200-average', '400-average'):
    shutil.rmtree(run.evaluation(name))
  with pytest.raises(UsageError, match='step 3000 has no scores'):
    presets.rows_of(run.path)
  run.mark_unfinished()
  with pytest.raises(UsageError, match='not finished'):
    presets.rows_of(run.path)


def test_other_rows_are_kept(tmp_path):
  path, columns = tmp_path / 'some.csv', ('name', 'place', 'value')
  rows = [dict(zip(columns, values)) for values in (('a', 1, 1), ('b', 1, 2), ('b', 2, 3))]
  csv_rows.update(path, columns, rows, keys=2)
  changed = [{'name': 'b', 'place': 1, 'value': None}, {'name': 'a', 'place': 2, 'value': 5}]
  csv_rows.update(path, columns, changed, keys=2)
  assert path.read_text() == 'name,place,value\na,1,1\na,2,5\nb,1,\nb,2,3\n'
  for wrong in (columns[:2], (*columns, 'more')):
    with pytest.raises(ValueError, match='columns'):
      csv_rows.update(path, wrong, [])
