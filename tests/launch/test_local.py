"""local.sh: three programs together, every way in which they end, and that none is left behind."""

import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import termios
import time

import pytest

from tests.launch.scripts import ROOT, Job, environment, program, run, slow_kill

LOCAL = ROOT / 'launch' / 'local.sh'

# Each pretending program leaves its process and that of a child in `pids`, and its call in `calls`.
START = """
cd "$(dirname "$0")"
name="$(basename "$0")"
printf '%s' "$name" >> calls; printf '<%s>' "$@" >> calls; echo >> calls
end() { echo "$name $1" >> events; exit "$1"; }
started() { sleep 300 < /dev/null > /dev/null 2>&1 & echo $$ $! >> pids; }
"""
# Like the trainer: asked to stop it needs a while to save, and a second signal of a kind ends it.
TRAIN = (
  START
  + """
asked() { echo "$name got $1" >> events; stopping=1; trap - "$1"; }
trap 'asked TERM' TERM
trap 'asked INT' INT
started
for _ in $(seq ${TRAIN_TENTHS:-3}); do
  if [ -n "${stopping:-}" ]; then sleep ${SAVE_SECONDS:-0.5}; end 75; fi
  sleep 0.1
done
touch TRAIN_DONE
end ${TRAIN_CODE:-0}
"""
)
EVALUATE = (
  START
  + """
started
echo '{"step": 0}'
if [ -n "${EVALUATE_BROKEN:-}" ]; then echo broken >&2; end $EVALUATE_BROKEN; fi
until [ -e TRAIN_DONE ]; do sleep 0.1; done
for _ in $(seq ${EVALUATE_TENTHS:-10}); do sleep 0.1; done
echo '{"step": 5}'
if [ -n "${BEST:-}" ]; then echo "$BEST" >&2; fi
end ${EVALUATE_CODE:-0}
"""
)
TENSORBOARD = (
  START
  + """
trap 'end ended' TERM
started
if [ -n "${TENSORBOARD_CODE:-}" ]; then echo 'port in use' >&2; end $TENSORBOARD_CODE; fi
while true; do sleep 0.1; done
"""
)


class Local(Job):
  """local.sh with its three programs; `variables` shape what these do."""

  def __init__(self, folder: pathlib.Path):
    super().__init__(folder)
    self.model_dir = folder / 'a run'
    self.flagfile = 'some.flags'
    self.terminal = None
    for name, text in (
      ('tfgan-train', TRAIN),
      ('tfgan-evaluate', EVALUATE),
      ('tensorboard', TENSORBOARD),
    ):
      program(self.folder, name, text)

  def start(self, *flags: str, **variables) -> 'Local':
    """Starts it as a shell does: in the foreground of a terminal."""
    self.terminal, inside = os.openpty()

    def take_terminal():
      fcntl.ioctl(0, termios.TIOCSCTTY, 0)
      # Tests that a script runs in the background inherit that Ctrl-C is ignored.
      signal.signal(signal.SIGINT, signal.SIG_DFL)

    self.process = subprocess.Popen(
      ['bash', LOCAL, self.flagfile, self.model_dir, *flags],
      text=True,
      stdin=inside,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      start_new_session=True,
      preexec_fn=take_terminal,
      env=environment(self.folder, **variables),
    )
    os.close(inside)
    return self

  def press_ctrl_c(self) -> None:
    os.write(self.terminal, b'\x03')

  def wait_until_all_run(self) -> None:
    self.wait_for(lambda: len(self.pids) == 6)

  def clean_up(self) -> None:
    super().clean_up()
    if self.terminal is not None:
      os.close(self.terminal)

  @property
  def events(self) -> list[str]:
    return self.read('events').splitlines()

  @property
  def calls(self) -> dict[str, str]:
    return dict(line.split('<', 1) for line in self.read('calls').splitlines())


@pytest.fixture
def job(tmp_path):
  job = Local(tmp_path)
  yield job
  job.clean_up()


def test_by_itself_it_ends_when_the_last_checkpoint_is_scored(job):
  said = job.start('--seed=1', '--noise=normal(8)', PORT=6123).end(0)
  assert said.splitlines() == [
    f'Training     {job.model_dir}, by some.flags; its lines follow',
    f'Pictures     {job.model_dir}/samples, as they are drawn',
    f'Scores       of each checkpoint in {job.model_dir}/evaluate.log, and in TensorBoard',
    'TensorBoard  http://localhost:6123',
    'Ctrl-C       saves and stops all three; the same command goes on', '',
  ]  # fmt: skip
  assert job.events == ['tfgan-train 0', 'tfgan-evaluate 0', 'tensorboard ended']
  assert job.calls == {
    'tfgan-train': f'--flagfile=some.flags><--model_dir={job.model_dir}><--seed=1>'
    '<--noise=normal(8)>',
    'tfgan-evaluate': f'--model_dir={job.model_dir}><--watch>',
    'tensorboard': f'--logdir={job.model_dir}><--port=6123>',
  }
  assert (job.model_dir / 'evaluate.log').read_text() == '{"step": 0}\n{"step": 5}\n'


def test_evaluate_flags_are_words_that_nothing_expands(job):
  job.start(EVALUATE_FLAGS='--metrics=fid,kid(subsets=20)  /*').end(0)
  assert job.calls['tfgan-evaluate'].endswith('<--metrics=fid,kid(subsets=20)></*>')


def test_ctrl_c_lets_the_trainer_save(job):
  job.start(TRAIN_TENTHS=300).wait_until_all_run()
  job.press_ctrl_c()
  job.end(75)
  assert job.events == ['tfgan-train got TERM', 'tfgan-train 75', 'tensorboard ended']


@pytest.mark.parametrize('at_once', [False, True])
def test_a_second_ctrl_c_does_not_wait_for_the_trainer(job, tmp_path, at_once):
  """Checks that a second Ctrl-C ends all at once, even while the first is still being passed on."""
  variables = slow_kill(tmp_path) if at_once else {}
  job.start(TRAIN_TENTHS=300, SAVE_SECONDS=300, **variables).wait_until_all_run()
  job.press_ctrl_c()
  job.wait_for(lambda: 'tfgan-train got TERM' in job.events)
  job.press_ctrl_c()
  job.end(128 + signal.SIGTERM)


def test_sigterm_lets_the_trainer_save(job):
  job.start(TRAIN_TENTHS=300).wait_until_all_run()
  job.process.terminate()
  job.end(75)
  assert job.events == ['tfgan-train got INT', 'tfgan-train 75', 'tensorboard ended']


def test_sigterm_to_every_process_at_once_lets_the_trainer_save(job):
  job.start(TRAIN_TENTHS=300, SAVE_SECONDS=1.5).wait_until_all_run()
  for pid in [job.process.pid, *job.pids]:
    os.kill(pid, signal.SIGTERM)
  assert 'ended early' not in job.end(75).replace('TensorBoard ended early', '')
  assert {'tfgan-train got TERM', 'tfgan-train got INT', 'tfgan-train 75'} <= set(job.events)


def test_ctrl_c_while_the_last_checkpoints_are_scored(job):
  job.start(TRAIN_TENTHS=1, EVALUATE_TENTHS=300).wait_for(lambda: 'tfgan-train 0' in job.events)
  time.sleep(1)
  job.press_ctrl_c()
  job.end(75)
  assert job.events == ['tfgan-train 0', 'tensorboard ended']


@pytest.mark.parametrize('code', [1, 2])
def test_a_trainer_that_fails_ends_all_with_its_code(job, code):
  job.start(TRAIN_CODE=code, EVALUATE_TENTHS=300).end(code)
  assert job.events == [f'tfgan-train {code}', 'tensorboard ended']


def test_an_evaluator_that_fails_stops_training_and_ends_all_with_its_code(job):
  said = job.start(TRAIN_TENTHS=300, EVALUATE_BROKEN=3).end(3)
  assert f'tfgan-evaluate ended early; the end of {job.model_dir}/evaluate.log:\n' in said
  assert '\nbroken\n' in said
  assert job.events == [
    'tfgan-evaluate 3',
    'tfgan-train got TERM',
    'tfgan-train 75',
    'tensorboard ended',
  ]


def test_an_evaluator_that_fails_after_training(job):
  said = job.start(EVALUATE_CODE=3).end(3)
  assert 'tfgan-evaluate ended early' in said
  assert job.events == ['tfgan-train 0', 'tfgan-evaluate 3', 'tensorboard ended']


def test_training_goes_on_without_tensorboard(job):
  said = job.start(TRAIN_TENTHS=10, TENSORBOARD_CODE=1).end(0)
  assert said.count('TensorBoard ended early') == 1 and said.endswith('port in use\n')
  assert job.events == ['tensorboard 1', 'tfgan-train 0', 'tfgan-evaluate 0']


def test_tensorboard_can_be_kept_until_ctrl_c(job):
  job.start(KEEP_TENSORBOARD=1).wait_for(lambda: 'tfgan-evaluate 0' in job.events)
  time.sleep(1.5)
  assert job.events == ['tfgan-train 0', 'tfgan-evaluate 0']
  job.press_ctrl_c()
  assert 'Done; TensorBoard stays' in job.end(0)
  assert job.events[2:] == ['tensorboard ended']


def test_a_second_start_keeps_the_log_of_the_first(job):
  for _ in range(2):
    job.start(EVALUATE_TENTHS=1).end(0)
    os.close(job.terminal)
    job.terminal = None
  assert (job.model_dir / 'evaluate.log').read_text() == '{"step": 0}\n{"step": 5}\n' * 2


def test_programs_that_are_not_on_path_come_from_the_environment_of_venv(job):
  python = program(job.folder, 'python', 'echo "$0"\n')
  job.start(PATH='/usr/bin:/bin', TFGAN_PIPELINE_PYTHON=python).end(0)
  assert len(job.calls) == 3


@pytest.mark.parametrize(
  'arguments', [[], ['some.flags'], ['some.flags', '--model_dir=x'], ['--flagfile=some.flags', 'x']]
)
def test_wrong_usage_is_one_line(tmp_path, arguments):
  refused = run(LOCAL, *arguments, code=2, cwd=tmp_path)
  assert refused.stderr.startswith('usage: ') and refused.stderr.count('\n') == 1
  assert not list(tmp_path.iterdir())


@pytest.mark.heavy
def test_the_real_three_stop_and_continue(job):
  for name, module in (
    ('tfgan-train', 'tfgan_pipeline.bin.train'),
    ('tfgan-evaluate', 'tfgan_pipeline.bin.evaluate'),
    ('tensorboard', 'tensorboard.main'),
  ):
    program(
      job.folder,
      name,
      f'''
      echo $$ >> "{job.folder}/pids"
      cd "{ROOT}"
      exec "{sys.executable}" -m {module} "$@"
    ''',
    )
  job.flagfile = ROOT / 'flags' / 'digits_dcgan.flags'
  flags = (
    '--networks=dcgan(filters=4)',
    '--batch_size=16',
    '--max_steps=1200',
    '--save_every=400',
    '--noise=normal(8)',
    '--dataset=digits(size=16)',
    '--log_every=10',
  )
  variables = {
    'EVALUATE_FLAGS': '--extractor=random_projection --metrics=fid --num_samples=64 '
    f'--eval_name=watched --cache_dir={job.folder.parent}/cache',
    'PORT': 0,
  }
  job.start(*flags, **variables)
  job.wait_for(lambda: list((job.model_dir / 'samples').glob('fakes-*')), seconds=120)
  time.sleep(3)
  job.process.terminate()
  assert 'the same command continues' in job.end(75)
  assert not (job.model_dir / 'TRAIN_DONE').exists()

  os.close(job.terminal)
  said = job.start(*flags, **variables).end(0, seconds=300)
  assert 'step 1200/1200' in said
  records = (job.model_dir / 'eval' / 'watched' / 'scores.jsonl').read_text().splitlines()
  assert {0, 400, 800, 1200} <= {json.loads(record)['step'] for record in records}
