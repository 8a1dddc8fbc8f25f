#!/usr/bin/env bash
# Trains on a Cloud TPU VM until the training is done, whatever becomes of the TPU: one that was taken
# away is asked for again, and the same model_dir continues there.
#
#   bash launch/babysit.sh NAME FLAGFILE MODEL_DIR [flags of tfgan-train...]
#   bash launch/babysit.sh my-tpu flags/mnist_dcgan.flags gs://my-bucket/run --precision=mixed_bfloat16
#
# Ends with 0 when training is done, with 2 on wrong usage, with 75 when stopped by Ctrl-C or SIGTERM,
# which training is told of, and with the last exit code after MAX_FAILURES failures in a row without
# a new checkpoint in between. That the TPU is taken away is no failure, nor that training stops with
# 75 after a new checkpoint. Given again, it continues.
#
#   ZONE and all else that launch/tpu_vm.sh reads
#   MAX_FAILURES     3
#   BACKOFF_SECONDS  before the first new try after a failure, 60; doubles each time
#   DELETE_AT_END    1 deletes the TPU at the end, but not when stopped by a signal
#   DRY_RUN          1 prints the commands of one round and runs none
set -euo pipefail

if [ $# -lt 3 ] || [ "${1#-}" != "$1" ] || [ "${2#-}" != "$2" ]; then
  echo "usage: bash launch/babysit.sh NAME FLAGFILE MODEL_DIR [flags of tfgan-train...]" >&2
  exit 2
fi
name="$1"
model_dir="$3"
case "$model_dir" in
  gs://*) ;;
  *)
    echo "launch/babysit.sh: $model_dir: not in a bucket (gs://...), so it would go with the TPU" >&2
    exit 2
    ;;
esac
tpu_vm="$(dirname "${BASH_SOURCE[0]}")/tpu_vm.sh"
if [ -n "${DRY_RUN:-}" ]; then
  bash "$tpu_vm" create "$name"
  bash "$tpu_vm" setup "$name"
  bash "$tpu_vm" train "$@"
  exit
fi

say() {
  echo "launch/babysit.sh: $*" >&2
}

runs() {
  kill -0 "$1" 2> /dev/null
}

stopping='' signal=''
trap 'stopping=1 signal=1' INT TERM HUP

# A verb of tpu_vm.sh, in a process group of its own, where a Ctrl-C does not reach it. A signal that
# came is passed on: `train` stops the training with it, the other verbs end.
step() {
  [ -z "$stopping" ] || return 75
  set -m
  bash "$tpu_vm" "$@" < /dev/null &
  set +m
  local child=$!
  while runs "$child"; do
    if [ -n "$signal" ]; then
      signal=''
      kill -s TERM -- "-$child" 2> /dev/null || true
    fi
    sleep "${TICK_SECONDS:-0.5}" || true
  done
  wait "$child"
}

# What changes with each checkpoint; fails where the bucket does not answer, or has none yet.
checkpoints() {
  local names
  names="$(gcloud storage ls "${model_dir%/}/checkpoints/" 2> /dev/null)" || return
  cksum <<< "$names"
}

# One round: a TPU that works, and training on it to whatever end.
ready='' had_one='' training=''
round() {
  local state
  had_one='' training=''
  state="$(bash "$tpu_vm" state "$name")" || return
  case "$state" in
    ACTIVE) ;;
    SUSPEND* | FAILED | PREEMPTED | DELETING)
      say "$name is $state: asking for another"
      ready=''
      step delete "$name" || return
      ;;
    *) ready='' ;;
  esac
  [ "$state" = ACTIVE ] || step create "$name" || return
  had_one=1
  if [ -z "$ready" ]; then
    step setup "$name" || return
    ready=1
  fi
  training=1
  step train "$@"
}

taken_away() {
  [ -n "$had_one" ] || return 1
  case "$(bash "$tpu_vm" state "$name" 2> /dev/null)" in
    SUSPEND* | PREEMPTED | DELETING | MISSING) ;;
    *) return 1 ;;
  esac
}

failures=0
wait_seconds="${BACKOFF_SECONDS:-60}"
seen="$(checkpoints)" || seen=''
while true; do
  code=0
  round "$@" || code=$?
  if [ "$code" = 0 ] || [ "$code" = 2 ]; then
    break
  elif [ -n "$stopping" ]; then
    say 'stopped; the same command continues'
    exit 75
  fi
  progress=''
  now="$(checkpoints)" || now="$seen"
  if [ "$now" != "$seen" ]; then
    progress=1 failures=0 wait_seconds="${BACKOFF_SECONDS:-60}"
  fi
  seen="$now"
  if [ "$code" = 75 ] && [ -z "$training" ]; then
    continue # It waits for a TPU, as long as that takes.
  elif { [ "$code" = 75 ] && [ -n "$progress" ]; } || taken_away; then
    say "starting again (exit code $code)"
    continue
  fi
  failures=$((failures + 1))
  if [ "$failures" -ge "${MAX_FAILURES:-3}" ]; then
    say "failed $failures times without a new checkpoint; giving up"
    break
  fi
  say "failed with $code; trying again in $wait_seconds s"
  for _ in $(seq "$((wait_seconds * 5))"); do
    [ -n "$stopping" ] || sleep 0.2 || true
  done
  wait_seconds=$((wait_seconds * 2))
done
if [ "${DELETE_AT_END:-}" = 1 ] && [ -z "$stopping" ]; then
  step delete "$name" || say "$name: could not be deleted, and costs money until it is"
fi
exit "$code"
