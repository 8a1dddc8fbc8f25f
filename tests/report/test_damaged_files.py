"""Pages of runs some of whose files are damaged: what can be read is shown."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.conftest import run_binary
from tests.report.pages import Page
from tfgan_pipeline.report.copies import per_sample_of
from tfgan_pipeline.report.recorded_run import read_runs
from tfgan_pipeline.report.speed import rates_of
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.history import read_history


@pytest.fixture
def run(scored, tmp_path):
  return shutil.copytree(scored, tmp_path / 'run')


def test_a_page_shows_what_can_be_read(run, tmp_path):
  whole = {'run_id': json.loads((run / 'experiment.json').read_text())['run_id'], 'step': 4}
  bad = [3, None, 'x', [1], {}, {'step': 'x'}, {**whole, 'scores': 1, 'definition': {}}]
  bad += [{**whole, 'scores': {}, 'definition': 2}, {**whole, 'scores': {'fid': None}}]
  bad += [{**whole, 'step': None, 'scores': {}, 'definition': {}}]
  bad += [{**whole, 'scores': {'fid[x]': None}, 'definition': {}}]
  for path in run.rglob('*.jsonl'):
    path.write_text(path.read_text() + ''.join(json.dumps(line) + '\n' for line in bad))
  (run / 'train/goodput.jsonl').write_text(
    '{"total": 1, "seconds": 2}\n{"total": "x", "seconds": {}}\n'
  )
  (run / 'train/health.jsonl').unlink()
  (run / 'train/health.jsonl').mkdir()
  (run / 'eval/mine/scores.jsonl').mkdir(parents=True)
  (run / 'STOP_REQUEST').write_text('3')
  (run / 'samples/fakes-000100.png').symlink_to(tmp_path / 'gone')
  (run / 'samples/fakes-000101.png').mkdir()
  (run / 'samples/fakes-000102.png').touch()
  (run / 'train/events.out.tfevents.1.gone').symlink_to(tmp_path / 'gone')
  (run / 'train/events.out.tfevents.2.folder').mkdir()
  (table,) = (run / 'eval').glob('*/per_sample-4-*.csv')
  table.write_text(table.read_text() + '64,1\n64,1,2,3,0,x\n' + '1,' * 20 + '\n')
  flags = tmp_path / 'flags'
  flags.mkdir()
  (flags / 'mine.flags').write_bytes(b'# \xff\n--model=gan\n')
  output = tmp_path / 'page.html'
  done = run_binary('report', f'--model_dir={run}', f'--output={output}', cwd=tmp_path)
  page = Page(output.read_text())
  for name in ('fakes-000100', 'fakes-000101', 'fakes-000102'):
    assert done.stderr.count(f'{name}.png: cannot be decoded') == 1
  assert 'of 64 samples' in page.text and 'digits_dcgan' in page.text
  (path,) = (run / 'eval').glob('random*/scores.jsonl')
  *_, last = (line for line in map(json.loads, path.read_text().splitlines()[: -len(bad)]))
  assert last['scores']['fid[random_projection]'] in page.numbers
  assert 'loss/generator' in read_history(RunDirectory(str(run)))


def test_a_table_of_samples_that_cannot_be_read_gives_way_to_an_older_one(run):
  (newest,) = (run / 'eval').glob('*/per_sample-4-*.csv')
  newest.write_text('sample,distance\n0,1\n')
  assert per_sample_of(read_runs([str(run)])[0]).step == 2
  newest.unlink()
  newest.mkdir()
  assert per_sample_of(read_runs([str(run)])[0]).step == 2


def test_speed_of_events_that_are_whole(run):
  (before,) = rates_of(read_runs([str(run)])[0])
  (path,) = (run / 'train').glob('*.tfevents.*')
  content = path.read_bytes()
  last = content.rindex(b'images_per_second')
  for place in range(last - 30, last + 40):  # From the event's length to its checksum.
    damaged = bytearray(content)
    damaged[place] ^= 0xFF
    path.write_bytes(damaged)
    (after,) = rates_of(read_runs([str(run)])[0])
    assert after == before or after.last_step < before.last_step == 4
