"""Goodput: where the time of a run went, over a kill and restarts."""

import json
import logging
import time

import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.training import goodput as lines
from tfgan_pipeline.training.goodput import PARTS, Goodput

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


def lines_of(model_dir):
  return [json.loads(line) for line in (model_dir / 'train/goodput.jsonl').read_text().splitlines()]


def test_sessions_add_up_and_steps_after_the_last_save_are_lost(tmp_path, caplog):
  """Step 3 was logged and not saved, as by a process that was killed then."""
  values = dict(networks='mlp(units=4)', ema_decay=0.0)
  with caplog.at_level(logging.INFO, 'tfgan_pipeline'):
    GANEstimator(tiny_experiment(tmp_path, **values)).train(2, since=time.monotonic() - 7)
    with (tmp_path / 'train/train.jsonl').open('a') as file:
      file.write('{"step": 3, "loss/generator": 1.0}\n')
    GANEstimator(tiny_experiment(tmp_path, **values)).train()
  first, second = lines_of(tmp_path)
  assert [(one['first_step'], one['step'], one['lost_steps']) for one in (first, second)] == [
    *((0, 2, 0), (2, 4, 1))
  ]
  assert set(first['seconds']) == set(PARTS) and first['seconds']['start'] > 7
  assert second['seconds']['start'] < 7
  for one in (first, second):
    assert 0 < sum(one['seconds'].values()) <= one['total'] + 0.01
  assert second['lost_seconds'] == pytest.approx(first['seconds']['steps'] / 2, abs=0.002)
  told = [message for message in caplog.messages if message.startswith('goodput ')]
  assert len(told) == 1 and ' s in 2 sessions: start ' in told[0] and 'lost to kills ' in told[0]


def test_a_line_that_is_cut_short_is_left_out(tmp_path):
  (tmp_path / 'train').mkdir()
  (tmp_path / 'train/goodput.jsonl').write_text('{"step": 1')
  goodput, run = Goodput(time.monotonic() - 10), RunDirectory(str(tmp_path))
  goodput.begin(run, 5)
  goodput.write(run, 6)
  (line,) = lines_of(tmp_path)
  assert (line['first_step'], line['step'], line['lost_seconds']) == (5, 6, 0)
  assert goodput.told(6).startswith('goodput 0% of 10 s in 1 session: start 10 s, compile 0 s, ')


def test_time_that_no_line_counts_is_time_of_the_run(tmp_path):
  """100 s are saved, 50 s of steps are lost, since no save came after them, and 100 s follow."""
  (tmp_path / 'train').mkdir()
  seconds = dict.fromkeys(PARTS, 0.0) | {'steps': 100.0}
  saved = {'first_step': 0, 'step': 10, 'lost_steps': 0, 'lost_seconds': 0, 'total': 100.0}
  (tmp_path / 'train/goodput.jsonl').write_text(json.dumps({**saved, 'seconds': seconds}) + '\n')
  (tmp_path / 'train/train.jsonl').write_text('{"step": 15}\n')
  goodput, run = Goodput(time.monotonic()), RunDirectory(str(tmp_path))
  goodput.begin(run, 10)
  goodput.write(run, 10)
  first, second = lines.read(run)
  assert (second['lost_steps'], second['unsaved_seconds'], second['lost_seconds']) == (5, 50, 50)
  total, share = lines.tally([first, {**second, 'total': 100.0, 'seconds': seconds}])
  assert total == 250 and share == pytest.approx(0.8)


def test_saved_steps_that_are_made_again_are_counted_once(tmp_path):
  """Four of 10 saved steps are made again, since their checkpoint is damaged."""
  (tmp_path / 'train').mkdir()
  seconds = dict.fromkeys(PARTS, 0.0) | {'steps': 100.0}
  saved = {'first_step': 0, 'step': 10, 'lost_steps': 0, 'lost_seconds': 0, 'total': 100.0}
  (tmp_path / 'train/goodput.jsonl').write_text(json.dumps({**saved, 'seconds': seconds}) + '\n')
  goodput, run = Goodput(time.monotonic()), RunDirectory(str(tmp_path))
  goodput.begin(run, 6)
  line = goodput.record(6)
  assert (line['lost_steps'], line['unsaved_seconds'], line['lost_seconds']) == (4, 0, 40)
  total, share = lines.tally([saved | {'seconds': seconds}, {**line, 'total': 0.0}])
  assert total == 100 and share == pytest.approx(0.6)
