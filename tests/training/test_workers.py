"""Two worker processes: stopped together, and continued exactly after one was killed."""

import signal
import time

import numpy as np
import pytest

from tests.conftest import TINY, checkpoint, start_workers


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


def test_signal_to_any_worker_stops_all_at_the_same_step(tmp_path):
  flags = flags_of(tmp_path, 100000)
  processes = start_workers(2, *flags)
  wait_for_step(tmp_path, 10, processes)
  processes[1].send_signal(signal.SIGTERM)  # Not the one that writes.
  outputs = finish(processes, [75, 75])
  lines = {output.splitlines()[-1] for output in outputs}
  assert len(lines) == 1 and lines.pop().startswith('stopped at step ')
  stopped = max(int(path.stem[5:]) for path in tmp_path.glob('checkpoints/*.index'))
  assert f'stopped at step {stopped};' in outputs[0]


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
  assert survivor.startswith('lost a worker or device after step ')
  assert f'continue from {disturbed}/checkpoints/ckpt-' in survivor
  assert not (disturbed / 'TRAIN_DONE').exists()
  finish(start_workers(2, *flags, f'--model_dir={disturbed}'), [0, 0])
  assert_same_end(calm, disturbed, last)


@pytest.mark.parametrize('victim', [0, 1])
def test_after_one_was_killed_both_resume_exactly(tmp_path, victim):
  kill_one_and_continue(tmp_path, flags_of('', 400), 400, victim, 100)


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


def test_workers_that_see_other_checkpoints_are_refused(tmp_path):
  """As with directories of one name on machines that do not share them."""
  finish(start_workers(2, *flags_of(tmp_path / '0', 10)), [0, 0])
  outputs = finish(start_workers(2, *flags_of(tmp_path / '{index}', 20)), [2, 2])
  assert all('workers see other checkpoints there' in output for output in outputs)
