"""Checks that a bad checkpoint or run does not keep the others from being scored."""

import json
import shutil
import time

import numpy as np
import pytest

from tests.conftest import run_binary
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import Interrupted, Unreachable
from tfgan_pipeline.evaluation import many_runs, watcher
from tfgan_pipeline.evaluation.many_runs import score_runs, watch_runs


@pytest.fixture
def runs(tiny_run, tmp_path, monkeypatch):
  """The directory of two finished runs, a and b, with the checkpoints 0, 2 and 4."""
  monkeypatch.setattr(watcher, '_LONGEST_PAUSE', 0.01)
  for name in 'ab':
    shutil.copytree(tiny_run, tmp_path / 'runs' / name)
  return tmp_path / 'runs'


def options(cache_dir, metrics='fid'):
  return EvaluationOptions(
    extractor='random_projection', metrics=metrics, num_samples=64, cache_dir=cache_dir
  )


def of_run(name, records):
  return [record for record in records if record['run'].endswith(f'/{name}')]


@pytest.fixture
def failing(register):
  """A metric that raises what is asked for when it is called the third time: at step 0 of b."""

  def make(error):
    calls = []

    def fragile(reference, generated):
      """Takes a number."""
      calls.append(generated)
      if len(calls) == 3:  # The first is the trial before any work.
        raise error
      return {'fragile': 1.0}

    register(registry.metric, fragile)

  return make


@pytest.mark.parametrize(
  'error, told',
  [
    (np.linalg.LinAlgError('Singular matrix'), 'LinAlgError: Singular matrix'),
    (KeyError('left'), "KeyError: 'left'"),
    (ZeroDivisionError('division by zero'), 'ZeroDivisionError: division by zero'),
  ],
  ids=lambda value: type(value).__name__,
)
def test_an_error_of_any_kind_is_recorded_and_the_rest_is_scored(
  runs, cache_dir, failing, error, told, caplog
):
  failing(error)
  records = list(watch_runs(f'{runs}/*', options(cache_dir, 'fragile')))
  assert [record['step'] for record in of_run('a', records)] == [0, 2, 4]
  assert [record.get('error') for record in of_run('b', records)] == [told, None, None]
  assert f'step 0 not scored: {told}' in caplog.text


@pytest.mark.parametrize(
  'error, told',
  [
    (MemoryError('64 GiB'), 'scoring needs more memory'),
    (OSError(5, 'Input/output error'), 'OSError'),
  ],
)
def test_what_may_pass_is_tried_again(runs, cache_dir, failing, error, told, caplog):
  failing(error)
  records = list(watch_runs(f'{runs}/*', options(cache_dir, 'fragile')))
  assert len(records) == 6 and all('scores' in record for record in records)
  assert 'step 0, attempt 1: ' in caplog.text and told in caplog.text


def test_a_request_to_stop_is_no_failure(runs, cache_dir, failing):
  failing(Interrupted('stopped by SIGTERM'))
  with pytest.raises(Interrupted):
    list(watch_runs(f'{runs}/*', options(cache_dir, 'fragile')))


def test_a_run_that_cannot_be_written_is_left_out(runs, cache_dir, caplog):
  (runs / 'a/eval').write_text('a file where a directory should be')
  records = list(watch_runs(f'{runs}/*', options(cache_dir)))
  assert not of_run('a', records)
  assert [record['step'] for record in of_run('b', records)] == [0, 2, 4]
  assert f'{runs}/a is left out: ' in caplog.text


def test_a_listing_and_an_opening_that_fail_are_tried_again(runs, cache_dir, monkeypatch, caplog):
  """Fails listings one and three, the opening of run a twice, and that of run b every time."""
  calls = {'find': 0, 'a': 0, 'b': 0}

  def find_runs(model_dirs):
    calls['find'] += 1
    if calls['find'] in (1, 3):
      raise Unreachable('the bucket is away')
    return real_find_runs(model_dirs)

  def open_run(run, *arguments, **more):
    name = run.path[-1]
    calls[name] += 1
    if name == 'b' or calls['a'] <= 2:
      raise Unreachable(f'{name} is away')
    return real_open_run(run, *arguments, **more)

  real_find_runs, real_open_run = many_runs.find_runs, many_runs.open_run
  monkeypatch.setattr(many_runs, 'find_runs', find_runs)
  monkeypatch.setattr(many_runs, 'open_run', open_run)
  records = []
  with pytest.raises(Unreachable, match='b is away'):
    for record in watch_runs(f'{runs}/*', options(cache_dir)):
      records.append(record)
  assert [record['step'] for record in of_run('a', records)] == [0, 2, 4] and len(records) == 3
  assert calls['a'] == 3 and caplog.text.count('the bucket is away') == 2


def test_an_error_that_is_no_refusal_is_raised_when_all_runs_are_scored(runs, cache_dir, failing):
  """Fails in the second of three runs."""
  shutil.copytree(runs / 'a', runs / 'c')
  failing(KeyError('left'))
  records = []
  with pytest.raises(KeyError, match='left'):
    for record in score_runs(f'{runs}/*', options(cache_dir, 'fragile')):
      records.append(record)
  assert [record['run'][-1] for record in records] == ['a', 'c']


def test_a_finished_run_that_is_replaced_is_scored_anew(runs, tiny_run, cache_dir):
  """Starts another run in place of a, which is done, while b goes on."""
  (runs / 'b/TRAIN_DONE').unlink()
  records = []
  for record in watch_runs(f'{runs}/*', options(cache_dir)):
    records.append(record)
    if len(records) == 6:
      shutil.rmtree(runs / 'a')
      shutil.copytree(tiny_run, runs / 'a')
      text = (runs / 'a/experiment.json').read_text()
      run_id = json.loads(text)['run_id']
      (runs / 'a/experiment.json').write_text(text.replace(run_id, '0123456789abcdef'))
      for path in (runs / 'a/checkpoints').glob('*.json'):
        path.write_text(path.read_text().replace(run_id, '0123456789abcdef'))
    if len(records) == 9:
      (runs / 'b/TRAIN_DONE').write_text('4')
  assert [record['step'] for record in records[6:]] == [0, 2, 4]
  assert {record['run_id'] for record in records[6:]} == {'0123456789abcdef'}


def test_a_run_rests_between_attempts_whatever_others_do(runs, cache_dir, monkeypatch):
  monkeypatch.setattr(watcher, '_LONGEST_PAUSE', 0.3)
  asked = []

  def open_run(run, *arguments, **more):
    if run.path.endswith('/a'):
      asked.append(time.monotonic())
      raise Unreachable('a is away')
    return real_open_run(run, *arguments, **more)

  real_open_run = many_runs.open_run
  monkeypatch.setattr(many_runs, 'open_run', open_run)
  with pytest.raises(Unreachable, match='a is away'):
    list(watch_runs(f'{runs}/*', options(cache_dir)))
  assert len(asked) == 4 and all(b - a >= 0.3 for a, b in zip(asked, asked[1:]))


def test_what_is_scored_is_written_though_another_run_fails(runs, cache_dir, tmp_path):
  """Replaces the newest checkpoint of run a by a link to a file that gives input/output errors."""
  data = runs / 'a/checkpoints/ckpt-000004.data-00000-of-00001'
  data.unlink()
  data.symlink_to('/proc/self/mem')
  output = tmp_path / 'scores.json'
  flags = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  places = (f'--model_dir={runs}/*', f'--cache_dir={cache_dir}', f'--output={output}')
  process = run_binary('evaluate', *flags, *places, code=75)
  assert 'cannot be read now' in process.stderr.splitlines()[-1]
  assert [json.loads(line)['run'] for line in output.read_text().splitlines()] == [f'{runs}/b']
