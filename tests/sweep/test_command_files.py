"""Commands of a sweep for other machines, as a shell and a pretended Slurm take them."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.launch.scripts import environment, program
from tests.launch.test_lint import _shellcheck
from tfgan_pipeline.sweep.command_files import shell_line, slurm_array

WORDS = [
  'tfgan-train',
  "--dataset=arrays('a b.npy')",
  '--augment=flip, shift(0.1)',
  '--x=$HOME `a`',
]
TRAIN = r"""
printf '<%s>' "$@" > "$HERE/call"
trap 'echo stopped >> "$HERE/call"; exit 75' TERM
echo started >> "$HERE/call"
for _ in $(seq "${TENTHS:-1}"); do sleep 0.1; done
exit "${CODE:-0}"
"""


@pytest.fixture
def cluster(tmp_path):
  program(tmp_path / 'bin', 'tfgan-train', TRAIN)
  program(tmp_path / 'bin', 'scontrol', 'echo "$@" > "$HERE/requeued"\n')
  path = tmp_path / 'my array.sh'
  path.write_text(slurm_array([['tfgan-train', '--seed=0'], WORDS], str(path)))
  return path


def start(path, task=1, **variables):
  slurm = {'SLURM_ARRAY_TASK_ID': task, 'SLURM_ARRAY_JOB_ID': 17, 'HERE': path.parent}
  variables = environment(path.parent / 'bin', **slurm, **variables)
  return subprocess.Popen(['bash', path], env=variables, stderr=subprocess.PIPE, text=True)


def call(path):
  return (path.parent / 'call').read_text()


def test_a_shell_reads_the_words_again():
  code = 'import json, sys; print(json.dumps(sys.argv[1:]))'
  line = shell_line(['python3', '-SEc', code, *WORDS])
  done = subprocess.run(['bash', '-c', line], capture_output=True, text=True, check=True)
  assert json.loads(done.stdout) == WORDS
  assert shell_line(WORDS).startswith("""tfgan-train --dataset='arrays('""")


def test_each_task_has_its_command(cluster):
  assert start(cluster).wait() == 0
  assert call(cluster).startswith(''.join(f'<{word}>' for word in WORDS[1:]))
  assert start(cluster, task=0).wait() == 0 and call(cluster).startswith('<--seed=0>')
  assert not (cluster.parent / 'requeued').exists()
  assert '#SBATCH --array=0-1\n' in cluster.read_text()


def test_a_training_that_fails_fails_its_task(cluster):
  assert start(cluster, CODE=2).wait() == 2 and not (cluster.parent / 'requeued').exists()


def test_the_end_of_its_time_saves_and_queues_again(cluster):
  task = start(cluster, TENTHS=300)
  while not (cluster.parent / 'call').exists() or 'started' not in call(cluster):
    time.sleep(0.05)
  os.kill(task.pid, signal.SIGTERM)
  assert task.wait(30) == 75 and 'stopped' in call(cluster)
  assert (cluster.parent / 'requeued').read_text() == 'requeue 17_1\n'
  (cluster.parent / 'requeued').unlink()
  assert start(cluster, CODE=75, SLURM_RESTART_COUNT=100).wait() == 75
  assert not (cluster.parent / 'requeued').exists()


def test_without_the_package_it_says_so(cluster):
  (cluster.parent / 'bin/tfgan-train').unlink()
  task = start(cluster, PATH='/usr/bin:/bin')
  assert 'tfgan-train: not found' in task.communicate()[1] and task.returncode == 2


def test_shellcheck_has_nothing_to_say(cluster):
  done = subprocess.run(
    [_shellcheck(), '--severity=style', cluster], capture_output=True, text=True
  )
  assert done.returncode == 0, done.stdout
