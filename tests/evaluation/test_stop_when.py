"""--stop_when: an evaluator asks, and the trainer obeys at its next save."""

import json
import shutil
import time
import types

import pytest

from tests.conftest import QUICK, run_binary, start_binary
from tfgan_pipeline.config.stop_rule import StopRule
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.stop_when import StopWhen
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.stop_request import stop_reason

NEVER_BETTER = '--stop_when=fid has not improved for 1 evaluation'


@pytest.fixture
def scoring(cache_dir):
  flags = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  return (*flags, f'--cache_dir={cache_dir}')


@pytest.mark.parametrize(
  'text, values, stops',
  [
    ('fid has not improved for 2 evaluations', [5, 4, 4, 4.5], True),
    ('fid has not improved for 3 evaluations', [5, 4, 4, 4.5], False),
    ('fid has not improved for 20 steps', [5, 4, 4.1, 4.2], True),
    ('fid has not improved for 21 steps', [5, 4, 4.1, 4.2], False),
    ('inception_score has not improved for 1 evaluation', [5, 4], True),
    ('inception_score has not improved for 1 evaluation', [4, 5], False),
    ('FID has not improved  in 1 evaluation.', [], False),
  ],
)
def test_rules(text, values, stops):
  rule = StopRule.parse(text)
  lower = rule.score.lower() == 'fid'
  steps = {10 * index: value for index, value in enumerate(values)}
  assert bool(rule.reason(steps, lower_is_better=lower)) == stops


@pytest.mark.parametrize('text', ['fid is bad', 'fid has not improved for 0 evaluations', 'soon'])
def test_a_wrong_sentence_is_refused_with_an_example(text):
  with pytest.raises(UsageError, match='should be as in --stop_when="fid has not improved for 10'):
    StopRule.parse(text)


@pytest.mark.parametrize(
  'binary, arguments, message',
  [
    ('train', ['--stop_when=x'], '--stop_when: only with --evaluate'),
    ('train', ['--evaluate', '--stop_when=x'], '--stop_when=x: should be as in'),
    ('evaluate', ['--stop_when=x'], '--stop_when: only with --watch'),
    ('evaluate', ['--watch', '--stop_when=x'], '--stop_when=x: should be as in'),
    ('evaluate', ['--watch', '--stop_when=kid has not improved for 3 steps'], 'kid: no such score'),
    ('evaluate', ['--watch', '--stop_when=fid_floor has not improved for 3 steps'], 'that ranks'),
  ],
)
def test_where_it_cannot_be_obeyed(tiny_run, tmp_path, scoring, binary, arguments, message):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  more = scoring if binary == 'evaluate' else ()
  process = run_binary(binary, f'--model_dir={run}', *arguments, *more, code=2)
  assert message in process.stderr.splitlines()[-1]
  assert not (run / 'STOP_REQUEST').exists()


def make_best(run, step):
  """Records a score of a step, in place of the last one, that nothing improves on."""
  (path,) = (run / 'eval').glob('*/scores.jsonl')
  *others, record = map(json.loads, path.read_text().splitlines())
  others += [record] if record['step'] != step else []
  best = {**record, 'step': step, 'scores': {'fid[random_projection]': -1.0}}
  path.write_text(''.join(json.dumps(record) + '\n' for record in [*others, best]))


def test_the_trainer_obeys_and_a_larger_length_goes_on(tmp_path, scoring):
  run = tmp_path / 'run'
  train = (*QUICK, f'--model_dir={run}', '--max_steps=4')
  run_binary('train', *train)
  run_binary('evaluate', f'--model_dir={run}', *scoring, '--step=0')
  make_best(run, 0)
  (run / 'TRAIN_DONE').unlink()  # As while it trains.
  watcher = run_binary(
    'evaluate',
    *(f'--model_dir={run}', *scoring, '--watch', '--stop_after=2', NEVER_BETTER),
  )
  assert f'{run}: fid has not improved for 1 evaluation: -1 at step 0' in watcher.stderr
  assert json.loads((run / 'STOP_REQUEST').read_text())['max_steps'] == 4
  # A longer training overrules the request; another request while it runs ends it at a save.
  seldom = ('--save_every=20', '--log_every=20', '--sample_every=100000')
  longer = (*QUICK, f'--model_dir={run}', '--max_steps=100000', *seldom)
  trainer = start_binary('train', *longer)
  deadline = time.monotonic() + 120
  while (run / 'STOP_REQUEST').exists() and time.monotonic() < deadline:
    time.sleep(0.1)
  make_best(run, 20)
  flags = ('--watch', '--stop_after=5', NEVER_BETTER)
  watcher = run_binary('evaluate', f'--model_dir={run}', *scoring, *flags)
  _, stderr = trainer.communicate(timeout=120)
  assert trainer.returncode == 0 and '; --max_steps above 100000 goes on' in stderr
  stopped = int((run / 'TRAIN_DONE').read_text())
  assert stopped < 100000 and (run / f'checkpoints/ckpt-{stopped:06d}.index').exists()
  assert [json.loads(line)['step'] for line in watcher.stdout.splitlines()] == [0, 2, 4, 20, 40]
  sessions = json.loads((run / 'experiment.json').read_text())['sessions']
  assert sessions[-1]['overruled_stop']['step'] == 4
  again = run_binary('train', *longer)  # The same command does not go on, a longer one does.
  assert f'stopped at step {stopped}: fid has not' in again.stderr
  assert int((run / 'TRAIN_DONE').read_text()) == stopped
  short = (f'--model_dir={run}', f'--max_steps={stopped + 1}', '--change=batch_size')
  refused = run_binary('train', *short, '--batch_size=8', code=2).stderr
  assert refused.endswith(f'at its last step, {stopped}; give --max_steps above 100000, too\n')
  assert '; --max_steps above 100000 goes on' in run_binary('train', *short[:2]).stderr
  run_binary('train', f'--model_dir={run}', '--max_steps=100001', '--max_hours=0.0001', code=75)
  assert not (run / 'STOP_REQUEST').exists()


def test_beside_the_training_in_one_process(tmp_path, scoring):
  run = tmp_path / 'run'
  train = (*QUICK, f'--model_dir={run}', *scoring, '--evaluate')
  run_binary('train', *train, '--max_steps=2', '--save_every=4')
  make_best(run, 0)
  flags = ('--max_steps=100', '--stop_when=fid has not improved for 2 evaluations')
  process = run_binary('train', *train, *flags)
  assert [json.loads(line)['step'] for line in process.stdout.splitlines()] == [0, 2, 4]
  assert 'stopped at step 4: fid has not' in process.stderr
  assert (run / 'TRAIN_DONE').read_text() == '4\n'


def test_a_run_that_may_not_be_written_is_not_asked(tiny_run, tmp_path, scoring):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  (run / 'TRAIN_DONE').unlink()
  flags = (f'--eval_dir={tmp_path}/scores', '--watch', '--stop_after=3')
  rule = '--stop_when=fid has not improved for 1 step'
  process = run_binary('evaluate', f'--model_dir={run}', *scoring, *flags, rule)
  assert '--stop_when: --eval_dir leaves runs as they are' in process.stderr
  assert not (run / 'STOP_REQUEST').exists()


def test_scores_up_to_the_step_of_an_overruled_request_no_longer_count(tiny_run, tmp_path):
  run = RunDirectory(str(shutil.copytree(tiny_run, tmp_path / 'run')))
  (tmp_path / 'run/TRAIN_DONE').unlink()
  record = json.loads((tmp_path / 'run/experiment.json').read_text())
  record['sessions'][-1]['overruled_stop'] = {'step': 20, 'why': 'before'}
  (tmp_path / 'run/experiment.json').write_text(json.dumps(record))

  def consider(*steps):
    records = [{'step': step, 'scores': {'fid': float(step)}} for step in steps]
    evaluator = types.SimpleNamespace(run=run, task='generate', records=lambda: records)
    StopWhen('fid has not improved for 1 evaluation').consider([evaluator])
    return stop_reason(run, 0)

  assert not consider(10, 20) and not consider(20, 30)
  assert 'fid' in consider(20, 30, 40)
