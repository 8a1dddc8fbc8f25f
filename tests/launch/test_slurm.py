"""slurm.sbatch with a Slurm that only pretends: what each node is told, when it queues again."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.launch.scripts import ROOT, environment, program, run

SBATCH = ROOT / 'launch' / 'slurm.sbatch'

# Starts the command once for each node; sent SIGTERM it kills them, as the real one does.
SRUN = r"""
here="$(dirname "$0")"
while [ "${1#--}" != "$1" ]; do echo "$1" >> "$here/srun_flags"; shift; done
pids=()
for SLURM_NODEID in $(seq 0 $((SLURM_JOB_NUM_NODES - 1))); do
  export SLURM_NODEID
  env --default-signal=INT "$@" & pids+=($!)  # As a daemon of Slurm starts it.
done
echo "${pids[@]}" > "$here/tasks"
trap 'kill -KILL "${pids[@]}"' TERM
code=0
for pid in "${pids[@]}"; do
  while kill -0 "$pid" 2> /dev/null; do wait "$pid" || true; done
  one=0; wait "$pid" || one=$?
  [ "$one" -le "$code" ] || code=$one
done
exit "$code"
"""
SCANCEL = r"""
[ "$1 $2" = '--signal=INT 17' ] && kill -INT $(cat "$(dirname "$0")/tasks")
"""
SCONTROL = r"""
case "$1" in
  show) printf '%s\n' node-a node-b ;;
  requeue) echo "$2" >> "$(dirname "$0")/requeued" ;;
esac
"""
TRAIN = r"""
here="$(dirname "$0")"
printf '<%s>' "$@" > "$here/call-$SLURM_NODEID"
echo "${TF_CONFIG:-}" > "$here/config-$SLURM_NODEID"
asked() { trap - "$1"; sleep 0.5; exit 75; }
trap 'asked TERM' TERM
trap 'asked INT' INT
touch "$here/started-$SLURM_NODEID"
for _ in $(seq "${TENTHS:-1}"); do sleep 0.1; done
exit "${CODE:-0}"
"""


@pytest.fixture
def cluster(tmp_path):
  folder = tmp_path / 'bin'
  program(folder, 'srun', SRUN)
  program(folder, 'scancel', SCANCEL)
  program(folder, 'scontrol', SCONTROL)
  program(folder, 'squeue', 'echo "${STATE:-RUNNING}"\n')
  program(folder, 'tfgan-train', TRAIN)
  return folder


def _environment(cluster, nodes=1, **variables):
  job = {'SLURM_JOB_ID': 17, 'SLURM_JOB_NUM_NODES': nodes, 'SLURM_JOB_NODELIST': 'node-[a-b]'}
  return environment(cluster, **{**job, **variables})


def _start(cluster, nodes) -> subprocess.Popen:
  process = subprocess.Popen(
    ['bash', SBATCH, 'some.flags', 'run'], env=_environment(cluster, nodes, TENTHS=300)
  )
  expected = [cluster / 'tasks', *(cluster / f'started-{index}' for index in range(nodes))]
  deadline = time.monotonic() + 20
  while not all(path.exists() for path in expected):
    assert time.monotonic() < deadline
    time.sleep(0.02)
  return process


def test_one_node_needs_no_cluster(cluster):
  run(SBATCH, 'some.flags', 'a run', '--noise=normal(8)', env=_environment(cluster))
  assert (cluster / 'call-0').read_text() == (
    '<--flagfile=some.flags><--model_dir=a run><--noise=normal(8)>'
  )
  assert (cluster / 'config-0').read_text() == '\n'
  assert not (cluster / 'requeued').exists()


def test_nodes_know_each_other(cluster):
  run(SBATCH, 'some.flags', 'a run', '--title=a b', env=_environment(cluster, 2, PORT=4000))
  for index in range(2):
    assert json.loads((cluster / f'config-{index}').read_text()) == {
      'cluster': {'worker': ['node-a:4000', 'node-b:4000']},
      'task': {'type': 'worker', 'index': index},
    }
    assert (cluster / f'call-{index}').read_text() == (
      '<--flagfile=some.flags><--model_dir=a run><--title=a b><--accelerator=multi_worker>'
    )


@pytest.mark.parametrize('nodes', [1, 2])
def test_sigterm_to_the_script_alone_lets_all_save_and_queues_again(cluster, nodes):
  process = _start(cluster, nodes)
  os.kill(process.pid, signal.SIGTERM)
  assert process.wait(20) == 75
  assert (cluster / 'requeued').read_text() == '17\n'


def test_sigterm_to_the_workers_as_well_lets_all_save(cluster):
  process = _start(cluster, 2)
  for pid in [*(cluster / 'tasks').read_text().split(), process.pid]:
    os.kill(int(pid), signal.SIGTERM)
  assert process.wait(20) == 75


@pytest.mark.parametrize(
  'code, variables',
  [
    (0, {}),
    (1, {}),
    (2, {}),
    (75, {'STATE': 'COMPLETING'}),
    (75, {'SLURM_RESTART_COUNT': 100}),
    (75, {'SLURM_RESTART_COUNT': 5, 'MAX_RESTARTS': 5}),
  ],
)
def test_does_not_queue_again(cluster, code, variables):
  run(SBATCH, 'f', 'run', code=code, env=_environment(cluster, CODE=code, **variables))
  assert not (cluster / 'requeued').exists()


def test_a_worker_that_ends_first_does_not_end_the_others(cluster):
  variables = {'SLURM_CPUS_PER_TASK': 6}
  run(SBATCH, 'f', 'run', env=_environment(cluster, **variables))
  assert (cluster / 'srun_flags').read_text().split() == ['--kill-on-bad-exit=0', '--wait=300']


def test_what_slurm_is_asked_for(cluster):
  asked = dict(
    line.removeprefix('#SBATCH --').partition('=')[::2]
    for line in SBATCH.read_text().splitlines()
    if line.startswith('#SBATCH')
  )
  assert asked['signal'] == 'B:TERM@120'
  assert asked['ntasks-per-node'] == '1'
  assert {'requeue', 'open-mode', 'time', 'nodes'} <= set(asked)


@pytest.mark.parametrize('arguments', [(), ('f',), ('--flagfile=f', 'run'), ('f', '--model_dir=x')])
def test_wrong_usage_is_one_line(cluster, arguments):
  refused = run(SBATCH, *arguments, code=2, env=_environment(cluster))
  assert refused.stderr.startswith('usage: ') and refused.stderr.count('\n') == 1


def test_says_when_no_environment_is_active(cluster):
  (cluster / 'tfgan-train').unlink()
  variables = _environment(cluster, PATH=f'{cluster}:/usr/bin:/bin')
  assert 'activate its environment' in run(SBATCH, 'f', 'run', code=2, env=variables).stderr
