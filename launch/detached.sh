#!/usr/bin/env bash
# Keeps a job running on this machine, a Linux one, when the connection that started it is lost.
# tpu_vm.sh calls it on the TPU VM. There is one job of a name at a time; its files are in
# ~/tfgan_jobs/JOB: command, log, pid, code.
#
#   bash launch/detached.sh start JOB COMMAND...   # says started, running (the same), busy (another)
#   bash launch/detached.sh follow JOB             # shows the log until the job ends
#   bash launch/detached.sh status JOB             # says running, its exit code, lost or none
#   bash launch/detached.sh stop JOB               # sends SIGTERM and does not wait
set -euo pipefail

if [ $# -lt 2 ] || { [ "$1" = start ] && [ $# -lt 3 ]; }; then
  echo "usage: bash launch/detached.sh start|follow|status|stop JOB [COMMAND...]" >&2
  exit 2
fi
verb="$1"
files="$HOME/tfgan_jobs/$2"
shift 2
mkdir -p "$files"

# The lock, unlike a number in a file, cannot outlive the job or pass to a process of another's.
running() {
  ! flock --shared --nonblock "$files/lock" true
}

case "$verb" in
  start)
    command="$(printf '%q ' "$@")"
    if running; then
      [ "$(cat "$files/command")" = "$command" ] && echo running || echo busy
      exit
    fi
    rm -f "$files/pid" "$files/code"
    [ ! -e "$files/log" ] || mv "$files/log" "$files/log.previous"
    echo "$command" > "$files/command"
    # It waits for those that only look.
    # shellcheck disable=SC2016  # The inner shell expands it.
    setsid flock --wait 10 --close "$files/lock" bash -c '
      files="$1"
      shift
      "$@" &
      echo $! > "$files/pid"
      code=0
      wait $! || code=$?
      echo "$code" > "$files/code.new"
      mv "$files/code.new" "$files/code"
    ' detached "$files" "$@" < /dev/null > "$files/log" 2>&1 &
    until [ -s "$files/pid" ]; do
      sleep 0.05
    done
    echo started
    ;;
  follow)
    if running; then
      tail --lines=100 --follow --sleep-interval=0.2 --pid="$(cat "$files/pid")" "$files/log"
    elif [ -e "$files/log" ]; then
      tail --lines=100 "$files/log"
    fi
    ;;
  status)
    if running; then
      echo running
    elif [ -e "$files/code" ]; then
      cat "$files/code"
    elif [ -e "$files/command" ]; then
      echo lost  # The machine was restarted.
    else
      echo none
    fi
    ;;
  stop)
    ! running || kill -s TERM "$(cat "$files/pid")"
    ;;
  *)
    echo "launch/detached.sh: $verb: no such verb; there are start, follow, status and stop" >&2
    exit 2
    ;;
esac
