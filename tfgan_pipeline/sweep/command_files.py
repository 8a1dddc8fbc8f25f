"""Commands of a sweep for other machines: a list, one a line, and a script for a Slurm array."""

from __future__ import annotations

from collections.abc import Sequence
import shlex

_SLURM = r"""#!/usr/bin/env bash
# Trains and scores the runs of a sweep, {count} of them, each as a task of a Slurm array. In an
# environment that has tfgan-train, from the folder in which tfgan-sweep was called:
#
#   sbatch {path}
#   sbatch --array=0-{last}%4 --time=04:00:00 {path}      # four at a time
#
# Two minutes before its time is up a task saves and queues itself again. What is set here yields to
# options of sbatch. Afterwards: tfgan-sweep as before with --jobs=0, for the table.
#
#SBATCH --job-name=tfgan-sweep
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --output=%x-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
set -euo pipefail

# shellcheck disable=SC2016  # They are for another shell.
commands=(
{commands}
)
if ! command -v tfgan-train > /dev/null; then
  echo "$0: tfgan-train: not found; activate its environment, then sbatch" >&2
  exit 2
fi
# Bash alone is told that the time is up, and hands it on; the signal ends `wait`, not the training.
trap 'jobs -p | xargs -r kill -TERM' TERM
bash -c "exec ${{commands[$SLURM_ARRAY_TASK_ID]}}" &
code=0
wait $! || code=$?
while [ "$code" -gt 128 ] && kill -0 $! 2> /dev/null; do
  code=0
  wait $! || code=$?
done
if [ "$code" = 75 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt "${{MAX_RESTARTS:-100}}" ]; then
  echo "$0: saved; the task queues again" >&2
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
"""


def shell_line(words: Sequence[str]) -> str:
  """Returns words as a line for a shell; of flags the value alone is quoted: --loss='a(b=1)'."""
  return ' '.join(map(_quoted, words))


def _quoted(word: str) -> str:
  name, equals, value = word.partition('=')
  return f'{name}={shlex.quote(value)}' if equals and name[:2] == '--' else shlex.quote(word)


def slurm_array(commands: Sequence[Sequence[str]], path: str) -> str:
  """Returns the text of a script for sbatch, a task for each command.

  Args:
    commands: The words of each command, at least one.
    path: Place of the script, for its own usage.
  """
  lines = '\n'.join(f'  {shlex.quote(shell_line(words))}' for words in commands)
  return _SLURM.format(
    count=len(commands), last=len(commands) - 1, path=shlex.quote(path), commands=lines
  )
