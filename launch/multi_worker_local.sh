#!/usr/bin/env bash
# Trains with several worker processes on this machine, as several machines would: to try a
# multi-worker run before it is given to a cluster.
#
#   bash launch/multi_worker_local.sh COUNT FLAGFILE MODEL_DIR [flags of tfgan-train...]
#   bash launch/multi_worker_local.sh 2 flags/digits_dcgan.flags runs/two --max_steps=100
#
# What worker i prints is in MODEL_DIR/worker-i.log, and that of worker 0 is shown as well. Ctrl-C or
# SIGTERM stops all; the same command continues. Twice ends them unsaved. When a worker fails, the
# others are stopped. The exit code is 0 when all are done, 75 when they were stopped, or that of the
# worker that failed first.
#
#   GRACE_SECONDS  how long the others may go on after the first has failed or stopped, 60
set -euo pipefail

if [ $# -lt 3 ] || [ "${2#-}" != "$2" ] || [ "${3#-}" != "$3" ] || ! [ "$1" -ge 1 ] 2> /dev/null; then
  echo "usage: bash launch/multi_worker_local.sh COUNT FLAGFILE MODEL_DIR [flags of tfgan-train...]" >&2
  exit 2
fi
count="$1"
flagfile="$2"
model_dir="$3"
shift 3

if ! command -v tfgan-train > /dev/null; then
  python="$(bash "$(dirname "${BASH_SOURCE[0]}")/venv.sh")"
  PATH="$(dirname "$python"):$PATH"
fi
logs="$model_dir"
case "$model_dir" in
  *://*)
    logs="$(mktemp -d)"  # A bucket; the shell cannot write there.
    echo "The logs are in $logs." >&2
    ;;
esac
mkdir -p "$logs"
# The workers share a GPU where there is one.
export TF_FORCE_GPU_ALLOW_GROWTH="${TF_FORCE_GPU_ALLOW_GROWTH:-true}"

# Below the ports that systems give to outgoing connections.
addresses=''
port=$((20000 + RANDOM % 8000))
for _ in $(seq "$count"); do
  port=$((port + 1))
  while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
    port=$((port + 1))
  done
  addresses="$addresses${addresses:+, }\"127.0.0.1:$port\""
done

runs() {
  kill -0 "$1" 2> /dev/null
}

pids=()
to_all() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do
    kill -s "$1" -- "-$pid" 2> /dev/null || true
  done
}
# Whatever happens, nothing that a worker has started is left behind.
trap 'to_all KILL; wait 2> /dev/null || true' EXIT
# As in local.sh: whoever sent SIGTERM here may have sent it to the workers as well, and the second
# signal of a kind ends them at once. So it is passed on as SIGINT, and the other way round.
signal=''
trap 'signal=TERM' INT HUP
trap 'signal=INT' TERM

set -m
for index in $(seq 0 $((count - 1))); do
  export TF_CONFIG="{\"cluster\": {\"worker\": [$addresses]}, \"task\": {\"type\": \"worker\", \"index\": $index}}"
  set -- --flagfile="$flagfile" --model_dir="$model_dir" --accelerator=multi_worker "$@"
  log="$logs/worker-$index.log"
  if [ "$index" = 0 ]; then
    # tee ends when the worker has.
    tfgan-train "$@" < /dev/null > >(trap '' INT TERM HUP; exec tee -a "$log" >&2) 2>&1 &
  else
    tfgan-train "$@" < /dev/null >> "$log" 2>&1 &
  fi
  pids+=($!)
  shift 3
done
set +m

code=0
deadline=''
ended=()
while true; do
  if [ -n "$signal" ]; then
    sent="$signal" signal=''  # First: the next one may come while this one is passed on.
    to_all "$sent"
  fi
  left=0
  for index in "${!pids[@]}"; do
    if [ -n "${ended[index]:-}" ]; then
      continue
    elif runs "${pids[index]}"; then
      left=$((left + 1))
      continue
    fi
    ended[index]=0
    wait "${pids[index]}" || ended[index]=$?
    if [ "${ended[index]}" = 0 ]; then
      continue
    fi
    deadline="${deadline:-$((SECONDS + ${GRACE_SECONDS:-60}))}"
    # When one is stopped all stop, by themselves. When one fails the others may wait for it forever.
    if [ "${ended[index]}" != 75 ] && { [ "$code" = 0 ] || [ "$code" = 75 ]; }; then
      echo "launch/multi_worker_local.sh: worker $index failed; the end of $logs/worker-$index.log:" >&2
      tail -n 3 "$logs/worker-$index.log" >&2
      to_all TERM
    fi
    case "$code" in
      0 | 75) code="${ended[index]}" ;;
    esac
  done
  [ "$left" != 0 ] || break
  if [ -n "$deadline" ] && [ "$SECONDS" -ge "$deadline" ]; then
    echo "launch/multi_worker_local.sh: $left left after ${GRACE_SECONDS:-60} s; ended" >&2
    break
  fi
  sleep 0.5 || true
done
exit "$code"
