"""Goodput: where the time of a run went, over a kill and restarts."""

import json
import logging
import time

import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs.directory import RunDirectory
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
