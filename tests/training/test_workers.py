"""Two worker processes: stopped together, and continued exactly after one was killed."""

import signal
import time

import numpy as np
import pytest

from tests.conftest import TINY, checkpoint, start_workers
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.stop_request import request_stop
from tfgan_pipeline.runs.training_lock import TrainingLock

QUICK = ('--networks=mlp(units=4)',)  # Where no weights are compared.


def flags_of(model_dir, max_steps: int) -> tuple[str, ...]:
  return (
    *TINY,
    f'--model_dir={model_dir}',
    f'--max_steps={max_steps}',
    '--save_every=10',
    '--log_every=5',
    '--sample_every=100000',
  )


def finish(processes, codes) -> list[str]:
  """Waits for all; returns what they wrote to stderr."""
  outputs = [process.communicate(timeout=180)[1] for process in processes]
  assert [process.returncode for process in processes] == list(codes), '\n'.join(outputs)
  return outputs


def wait_for_step(model_dir, step: int, processes) -> None:
  while not (model_dir / f'checkpoints/ckpt-{step:06d}.index').exists():
    assert all(process.poll() is None for process in processes), finish(processes, ())
    time.sleep(0.05)


def assert_same_end(one, other, step: int) -> None:
  expected, found = checkpoint(one, step), checkpoint(other, step)
  assert expected.keys() == found.keys()
  for name, value in expected.items():
    np.testing.assert_array_equal(found[name], value, err_msg=name)
  curves = [(run / 'train/train.jsonl').read_text() for run in (one, other)]
  assert curves[0] == curves[1]


def test_signal_to_any_worker_stops_all_at_the_same_step_and_they_continue(tmp_path):
  flags = (*flags_of(tmp_path, 100000), *QUICK)
  processes = start_workers(2, *flags)
  wait_for_step(tmp_path, 10, processes)
  processes[1].send_signal(signal.SIGTERM)  # Not the one that writes.
  outputs = finish(processes, [75, 75])
  lines = {output.splitlines()[-1] for output in outputs}
  assert len(lines) == 1 and lines.pop().startswith('stopped at step ')
  stopped = max(int(path.stem[5:]) for path in tmp_path.glob('checkpoints/*.index'))
  assert f'stopped at step {stopped};' in outputs[0]
  finish(start_workers(2, *flags, f'--max_steps={stopped + 3}'), [0, 0])
  assert (tmp_path / 'TRAIN_DONE').read_text() == f'{stopped + 3}\n'


def test_all_workers_obey_a_stop_request_at_one_save_and_go_on_when_told(tmp_path):
  """An evaluator beside the workers asks; the marker says that the run is done."""
  flags = (*flags_of(tmp_path, 100000), *QUICK)
  processes = start_workers(2, *flags)
  wait_for_step(tmp_path, 10, processes)
  request_stop(RunDirectory(str(tmp_path)), 'fid has not improved')
  outputs = finish(processes, [0, 0])
  stopped = int((tmp_path / 'TRAIN_DONE').read_text())
  assert stopped % 10 == 0 and stopped < 100000
  told = f'stopped at step {stopped}: fid has not improved; --max_steps above 100000 goes on'
  assert all(told in output for output in outputs)
  outputs = finish(start_workers(2, *flags), [0, 0])  # The same command does not go on.
  assert all(told in output for output in outputs)
  assert int((tmp_path / 'TRAIN_DONE').read_text()) == stopped


def kill_one_and_continue(tmp_path, flags, last: int, victim: int, at: int) -> None:
  """Compares a training of which one worker is killed, and all are started again, with one that
  nobody disturbed."""
  calm, disturbed = tmp_path / 'calm', tmp_path / 'disturbed'
  finish(start_workers(2, *flags, f'--model_dir={calm}'), [0, 0])
  processes = start_workers(2, *flags, f'--model_dir={disturbed}')
  wait_for_step(disturbed, at, processes)
  processes[victim].kill()
  codes = [75, 75]
  codes[victim] = -signal.SIGKILL
  survivor = finish(processes, codes)[1 - victim].splitlines()[-1]
  assert survivor.startswith('lost a worker or device (') and 'Graph execution' not in survivor
  assert not (disturbed / 'TRAIN_DONE').exists()
  finish(start_workers(2, *flags, f'--model_dir={disturbed}'), [0, 0])
  assert_same_end(calm, disturbed, last)


@pytest.mark.heavy
def test_after_one_was_killed_both_resume_exactly(tmp_path):
  kill_one_and_continue(tmp_path, flags_of('', 60), 60, 0, 20)


@pytest.mark.heavy
def test_mnist_after_one_was_killed(tmp_path, data_dir):
  flags = (
    '--flagfile=flags/mnist_dcgan.flags',
    f'--data_dir={data_dir}',
    '--max_steps=40',
    '--save_every=10',
    '--log_every=5',
    '--sample_every=40',
  )
  kill_one_and_continue(tmp_path, flags, 40, 1, 20)


def test_when_one_is_refused_the_others_do_not_hang(tmp_path):
  """The chief finds another trainer in its directory."""
  with TrainingLock(str(tmp_path / 'train')):
    outputs = finish(start_workers(2, *flags_of(tmp_path, 10), *QUICK), [2, 75])
  assert 'is training in' in outputs[0] and 'lost a worker or device (' in outputs[1]


@pytest.mark.heavy
def test_waiting_for_a_worker_is_told_and_can_be_ended(tmp_path):
  alone, absent = start_workers(2, *flags_of(tmp_path, 10))
  absent.kill()
  absent.communicate()
  for line in alone.stderr:
    if 'waiting for the 2 workers' in line:
      break
  time.sleep(1)
  alone.send_signal(signal.SIGINT)
  alone.communicate(timeout=10)
  assert alone.returncode == -signal.SIGINT


@pytest.mark.heavy
def test_directories_that_are_not_shared_are_refused(tmp_path):
  """Directories of one name on two machines."""
  outputs = finish(start_workers(2, *flags_of(tmp_path / '{index}', 20)), [2, 2])
  assert all('not every worker sees it' in output for output in outputs)
