"""A cloud with one TPU VM: a `gcloud` that only pretends, and the machine that it leads to.

The TPU VM is a folder; what runs "there" runs here, with that folder as its home.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import time

from tests.launch.scripts import ROOT, environment, program

TPUS = ('queued-resources', 'tpu-vm')
# `states` are those that a request goes through, one a look; the last one stays. `requests` has a
# line of states for each request to come, the last line serving all further ones.
GCLOUD = r"""
cloud="$(cd "$(dirname "$0")/.." && pwd)"
cd "$cloud"
printf '<%s>' "${@//$'\n'/; }" >> calls; echo >> calls
there() {
  [ -e states ] && [[ "$(head -n 1 states)" = @(ACTIVE|RUNNING) ]] && [ ! -e gone ] &&
    [ ! -e unreachable ]
}
not_found() { echo "ERROR: (gcloud) NOT_FOUND: no such resource" >&2; exit 1; }
case "$1 $2" in  # Of Compute Engine: an instance is its own request.
  'compute instances') set -- compute tpus queued-resources "${@:3}" ;;
  'compute ssh' | 'compute scp') set -- compute tpus tpu-vm "${@:2}" ;;
esac
case "$1 $2 $3 $4" in
  'compute tpus queued-resources create')
    if [ -e refuse ]; then echo 'ERROR: PERMISSION_DENIED: quota' >&2; exit 1; fi
    head -n 1 requests | tr ' ' '\n' > states
    [ "$(wc -l < requests)" = 1 ] || sed -i 1d requests
    mkdir -p vm
    rm -f gone ;;
  'compute tpus queued-resources describe')
    if [ -e broken ]; then echo 'ERROR: UNAVAILABLE: try later' >&2; exit 1; fi
    [ -e states ] || not_found
    head -n 1 states
    [ "$(wc -l < states)" = 1 ] || sed -i 1d states ;;
  'compute tpus queued-resources delete')
    [ -e states ] || not_found
    rm -rf states vm ;;
  'compute tpus tpu-vm describe')
    [ -e states ] || not_found
    if [ ! -e gone ]; then echo READY; else grep . gone || echo PREEMPTED; fi ;;
  'compute tpus tpu-vm scp')
    there || exit 1
    cp "$5" vm ;;
  'compute tpus tpu-vm ssh')
    there || { echo 'ssh: connect to host: timed out, code [255]' >&2; exit 1; }
    for argument in "$@"; do
      case "$argument" in --command=*) command="${argument#*=}" ;; esac
    done
    cd vm
    set -m
    HOME="$PWD" PATH="$cloud/on_vm:$PATH" bash -c "$command" &
    while kill -0 $! 2> /dev/null; do
      # The connection is lost; what was started stays.
      lost="$(ls "$cloud"/gone "$cloud"/unreachable 2> /dev/null || true)"
      [[ "$command" != *' follow '* ]] || lost="$lost$(ls "$cloud"/drop 2> /dev/null)"
      if [ -n "$lost" ]; then
        rm -f "$cloud/drop"
        kill -- -$!
        exit 1
      fi
      sleep 0.05
    done
    wait $! || exit 1 ;;
  'storage ls '*) [ ! -e no_listing ] && ls bucket/* 2> /dev/null ;;  # None is an error.
esac
"""

# Each training takes the next word of `plan`, the last one serving all further ones.
PYTHON3 = r"""
cloud="$(cd "$(dirname "$0")/.." && pwd)"
printf '<%s>' "$@" >> "$cloud/ran"; echo >> "$cloud/ran"
case "$*" in
  *bin.train*) ;;
  *bin.evaluate*) echo '{"step": 0}'; exit "$(cat "$cloud/evaluated" 2> /dev/null || echo 0)" ;;
  *) exit 0 ;;
esac
echo $$ >> "$cloud/pids"
trap 'echo "stopping" ; sleep 0.3; touch "$cloud/bucket/stopped"; exit 75' TERM
what="$(head -n 1 "$cloud/plan")"
[ "$(wc -l < "$cloud/plan")" = 1 ] || sed -i 1d "$cloud/plan"
echo "training: $what"
case "$what" in
  preempted)
    sleep 0.4
    touch "$cloud/bucket/ckpt-$$"
    echo SUSPENDED > "$cloud/states"
    touch "$cloud/gone"
    kill -KILL "$PPID"; exit ;;
  lost) kill -KILL "$PPID"; exit ;;
  progress) touch "$cloud/bucket/ckpt-$$"; exit 1 ;;
  saved) touch "$cloud/bucket/ckpt-$$"; exit 75 ;;
  long) for _ in $(seq 300); do sleep 0.1; done; exit 0 ;;
  *) sleep 0.1; exit "$what" ;;
esac
"""


class Cloud:
  """A cloud with a `gcloud` that only pretends, and a record of the requests to it."""

  def __init__(self, folder: pathlib.Path):
    self.folder = folder
    self.process = None
    program(folder / 'bin', 'gcloud', GCLOUD)
    program(folder / 'on_vm', 'python3', PYTHON3)
    (folder / 'bucket').mkdir()
    self.set(requests='WAITING_FOR_RESOURCES PROVISIONING ACTIVE', plan='0')

  def set(self, **files: str) -> None:
    for name, text in files.items():
      (self.folder / name).write_text(f'{text}\n')

  def with_tpu(self) -> Cloud:
    """Creates the TPU VM, with the launch scripts on it."""
    self.set(states='ACTIVE')
    there = self.folder / 'vm' / 'tfgan_pipeline'
    shutil.copytree(ROOT / 'launch', there / 'launch')
    return self

  def environment(self, **variables: object) -> dict[str, str]:
    fast = {'POLL_SECONDS': 0.05, 'TICK_SECONDS': 0.05, 'BACKOFF_SECONDS': 0, 'ZONE': 'here-a'}
    return environment(self.folder / 'bin', **{**fast, **variables})

  def start(self, script: pathlib.Path, *arguments: object, **variables: object) -> None:
    # A signal reaches the script alone, and not what it has started.
    self.process = subprocess.Popen(
      ['bash', script, *map(str, arguments)],
      env=self.environment(**variables),
      stdin=subprocess.DEVNULL,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
      start_new_session=True,
      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )

  def wait_for(self, name: str, text: str, *, times: int = 1, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while self.read(name).count(text) < times:
      assert time.monotonic() < deadline and self.process.poll() is None, self.read(name)
      time.sleep(0.02)

  def end(self, code: int, *, seconds: float = 30) -> tuple[str, str]:
    stdout, stderr = self.process.communicate(timeout=seconds)
    assert self.process.returncode == code, stdout + stderr
    return stdout, stderr

  def clean_up(self) -> None:
    if self.process and self.process.poll() is None:
      self.process.kill()
    for pid in self.read('pids').split():
      try:
        os.kill(int(pid), signal.SIGKILL)
      except ProcessLookupError:
        pass

  def read(self, name: str) -> str:
    path = self.folder / name
    return path.read_text() if path.exists() else ''

  @property
  def asked(self) -> list[str]:
    """Requests to gcloud about TPUs, two words each, without those that only look."""
    calls = [line.strip('<>').split('><')[2:4] for line in self.read('calls').splitlines()]
    return [' '.join(call) for call in calls if call[0] in TPUS and call[1] != 'describe']

  @property
  def trainings(self) -> list[list[str]]:
    """Arguments of each training on the TPU VM."""
    calls = [line.strip('<>').split('><') for line in self.read('ran').splitlines()]
    return [call[2:] for call in calls if call[:2] == ['-m', 'tfgan_pipeline.bin.train']]
