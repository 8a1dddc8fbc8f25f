#!/usr/bin/env bash
# A TPU VM from its creation to its end, through gcloud: with API=compute by Compute Engine, else by
# the Cloud TPU API, which is legacy. launch/README.md says what TensorFlow reaches by either.
#
#   bash launch/tpu_vm.sh create NAME           # asks for a TPU and waits until it is there
#   bash launch/tpu_vm.sh setup NAME            # copies this repository to it and installs
#   bash launch/tpu_vm.sh train NAME FLAGFILE MODEL_DIR [flags of tfgan-train...]
#   bash launch/tpu_vm.sh evaluate NAME MODEL_DIR [flags of tfgan-evaluate...]
#   bash launch/tpu_vm.sh logs NAME [train|evaluate]
#   bash launch/tpu_vm.sh tensorboard NAME MODEL_DIR
#   bash launch/tpu_vm.sh state NAME            # ACTIVE, PREEMPTED, MISSING, ...
#   bash launch/tpu_vm.sh delete NAME
#
# train and evaluate show the job's log and end with its exit code. The job does not depend on the
# connection: given again, the command finds it. Ctrl-C and SIGTERM reach it as SIGTERM, and training
# then saves and ends with 75. 255 is a lost connection; the job may still be running.
#
#   ZONE              such as us-central1-a; must be set
#   PROJECT           otherwise that of gcloud's configuration
#   API               tpu, or compute
#   MACHINE_TYPE      of compute, ct6e-standard-8t; of one host
#   IMAGE_FAMILY      of compute, ubuntu-accel-2204-amd64-tpu-v5e-v5p-v6e
#   TENSORFLOW        of compute: what pip is given there, as in launch/Dockerfile
#   ACCELERATOR_TYPE  of tpu, v5litepod-8
#   RUNTIME_VERSION   of tpu, tpu-vm-tf-2.16.1-pjrt; with -pod in it for a slice of several hosts
#   SPOT              1: can be taken away at any time, and costs less; 0: neither
#   CREATE_FLAGS      more flags of `instances create` or `queued-resources create`, by spaces
#   WAIT_SECONDS      how long create waits, 3600; then it exits with 75, and again continues
#   POLL_SECONDS      between two looks, 20
#   RECONNECTS        how often in a row a connection may fail, 3
#   TICK_SECONDS      how soon a signal is seen, 0.5
#   PORT              of TensorBoard, here and there; 6006
#   DRY_RUN           1 prints the commands and runs none
set -euo pipefail

fail() {
  echo "launch/tpu_vm.sh: $2" >&2
  exit "$1"
}

case "${1:-}:$#" in
  create:2 | setup:2 | state:2 | delete:2 | logs:[23] | tensorboard:3) ;;
  train:[0-3] | evaluate:[0-2]) set -- '' ;;
  train:* | evaluate:*) ;;
  *) set -- '' ;;
esac
if [ -z "$1" ] || [ -z "$2" ] || [ "${2#-}" != "$2" ]; then
  fail 2 "usage: create|setup|train|evaluate|logs|tensorboard|state|delete NAME [...]; see its head"
fi
verb="$1"
name="$2"
shift 2
api="${API:-tpu}"
[[ "$api" = @(compute|tpu) ]] ||
  fail 2 "API=$api: should be compute, for Compute Engine, or tpu, for the Cloud TPU API"
[ -n "${ZONE:-}" ] || fail 2 'ZONE: not set; it is where the TPU is, such as us-central1-a'
[ -n "${DRY_RUN:-}" ] || command -v gcloud > /dev/null ||
  fail 2 'gcloud: not found; see https://cloud.google.com/sdk/docs/install'

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
accelerator_type="${ACCELERATOR_TYPE:-v5litepod-8}"
runtime_version="${RUNTIME_VERSION:-tpu-vm-tf-2.16.1-pjrt}"
[ "$api" = tpu ] || runtime_version=''  # Of an instance the image says it.
releases=https://storage.googleapis.com/libtpu-tf-releases/index.html
read -r -a tensorflow_tpu <<< "${TENSORFLOW:-tensorflow-tpu==2.18.0 -f $releases}"
poll="${POLL_SECONDS:-20}"
where=("--zone=$ZONE" ${PROJECT:+"--project=$PROJECT"} --quiet)
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

run() {
  if [ -n "${DRY_RUN:-}" ]; then
    printf -v line '%q ' "$@"
    echo "${line% }"
  else
    "$@"
  fi
}

# Runs a command line on worker $1. Without keep-alives a connection to a machine that was taken away
# would hang.
ssh_to() {
  local words=(tpus tpu-vm ssh "$name" "--worker=$1")
  [ "$api" = tpu ] || words=(ssh "$name")
  run gcloud compute "${words[@]}" "${where[@]}" --command="$2" \
    --ssh-flag='-o ConnectTimeout=10' --ssh-flag='-o ServerAliveInterval=15' "${@:3}" < /dev/null
}

detached() {
  printf -v words '%q ' bash launch/detached.sh "$@"
  ssh_to 0 "cd tfgan_pipeline && ${words% }"
}

# $1 the field, then what has it, as words of gcloud. One that does not exist is MISSING.
describe() {
  if run gcloud compute "${@:2}" describe "$name" "${where[@]}" --format="value($1)" \
    2> "$scratch/errors"; then
    return
  elif grep -qi 'not[_ ]found' "$scratch/errors"; then
    echo MISSING
  else
    cat "$scratch/errors" >&2
    return 1
  fi
}

# In the words of queued resources, one of which says ACTIVE for a while after its node is gone.
state() {
  local node='' queued=ACTIVE
  if [ "$api" = compute ]; then
    node="$(describe status instances)" || return 1
  else
    queued="$(describe state.state tpus queued-resources)" || return 1
    [ "$queued" != ACTIVE ] || node="$(describe state tpus tpu-vm)" || return 1
    [ "$node" != MISSING ] || node=PREEMPTED
  fi
  case "$node" in
    '' | READY | RUNNING) ;;
    PREEMPTED | TERMINATED | STOPP* | SUSPEND*) queued=PREEMPTED ;;
    *) queued="$node" ;;
  esac
  echo "$queued"
}

# Waits until the state is $1, or one that does not lead there.
wait_for() {
  [ -z "${DRY_RUN:-}" ] || { state && return; }
  local shown='' now deadline=$((SECONDS + ${WAIT_SECONDS:-3600}))
  while true; do
    now="$(state)" || now='UNKNOWN'  # It was known before: gcloud will answer again.
    [ "$now" = "$shown" ] || echo "$name: $now" >&2
    shown="$now"
    [ "$now" != "$1" ] || return 0
    case "$1:$now" in
      ACTIVE:SUSPEND* | ACTIVE:FAILED | ACTIVE:DELETING | ACTIVE:PREEMPTED | ACTIVE:MISSING)
        fail 1 "$name is $now; to ask anew: bash launch/tpu_vm.sh delete $name, then create"
        ;;
    esac
    [ "$SECONDS" -lt "$deadline" ] || fail 75 "$name is still $now; the same command waits on"
    sleep "$poll"
  done
}

create() {
  local found=MISSING spot=(--spot) flags words kind
  words=(tpus queued-resources create "$name" "--node-id=$name")
  kind=("--accelerator-type=$accelerator_type" "--runtime-version=$runtime_version")
  if [ "$api" = compute ]; then
    words=(instances create "$name")
    kind=("--machine-type=${MACHINE_TYPE:-ct6e-standard-8t}" --maintenance-policy=TERMINATE
      "--image-family=${IMAGE_FAMILY:-ubuntu-accel-2204-amd64-tpu-v5e-v5p-v6e}"
      --image-project=ubuntu-os-accelerator-images --boot-disk-size=200GB --scopes=cloud-platform)
    spot=(--provisioning-model=SPOT --instance-termination-action=DELETE)
  fi
  [ "${SPOT:-1}" = 1 ] || spot=()
  read -r -a flags <<< "${CREATE_FLAGS:-}"
  if [ -z "${DRY_RUN:-}" ]; then
    found="$(state)" || exit 1
  fi
  if [ "$found" = MISSING ]; then
    run gcloud compute "${words[@]}" "${where[@]}" "${kind[@]}" \
      ${spot[@]+"${spot[@]}"} ${flags[@]+"${flags[@]}"} || exit 1
  fi
  wait_for ACTIVE
}

setup() {
  local tree archive="$scratch/tfgan_pipeline.tar.gz"
  # With changes that are not committed yet; needs no name to be configured.
  tree="$(git -C "$root" -c user.name=setup -c user.email=setup stash create)"
  run git -C "$root" archive --output="$archive" "${tree:-HEAD}"
  local words=(tpus tpu-vm scp "$archive" "$name:" --worker=all) tensorflow=''
  if [ "$api" = compute ]; then
    words=(scp "$archive" "$name:")
    # Its image is no one's runtime: TensorFlow is to be brought, and perhaps pip.
    tensorflow="python3 -m pip --version > /dev/null 2>&1 ||
  sudo apt-get install --quiet --yes python3-pip
python3 -m pip install --quiet $(printf '%q ' "${tensorflow_tpu[@]}")"
  fi
  run gcloud compute "${words[@]}" "${where[@]}" || exit 1
  # shellcheck disable=SC2016  # The TPU VM expands it.
  ssh_to all 'set -e
for job in train evaluate; do
  if [ "$(bash tfgan_pipeline/launch/detached.sh status $job 2> /dev/null)" = running ]; then
    echo "$job is running there; nothing is changed" >&2
    exit
  fi
done
rm -rf tfgan_pipeline
mkdir tfgan_pipeline
tar -xzf tfgan_pipeline.tar.gz -C tfgan_pipeline
'"$tensorflow"'
PYTHON=python3 bash tfgan_pipeline/launch/install.sh' || exit 1
}

signal=''
runs() {
  kill -0 "$1" 2> /dev/null
}

# A command in a process group of its own, where a Ctrl-C does not reach it.
apart() {
  set -m
  "$@" &
  set +m
  local connection=$!
  while runs "$connection"; do
    if [ -n "$signal" ] && [ "$2" = follow ]; then
      signal=''
      echo "launch/tpu_vm.sh: stopping $3; a second signal ends it at once, unsaved" >&2
      detached stop "$3" || signal=again
    fi
    sleep "${TICK_SECONDS:-0.5}" || true
  done
  wait "$connection"
}

# gcloud exits with 1 for a lost connection as for much else, so the job's own exit code is asked for.
job() {
  local job="$1" said failed=0
  if [ -n "${DRY_RUN:-}" ]; then
    detached start "$@"
    detached follow "$job"
    detached status "$job"
    return
  fi
  trap 'signal=TERM' INT TERM HUP
  apart detached start "$@" > "$scratch/said" || true
  said="$(tail -n 1 "$scratch/said")"
  case "$said" in
    started) ;;
    running) echo "launch/tpu_vm.sh: $job is running already; this is its log" >&2 ;;
    busy) fail 2 "$name: another $job is running there; end it first" ;;
    *) fail 255 "$name: no connection, or not set up; $job may have been started" ;;
  esac
  while true; do
    apart detached follow "$job" || true
    apart detached status "$job" > "$scratch/said" || true
    said="$(tail -n 1 "$scratch/said")"
    case "$said" in
      [0-9]*) exit "$said" ;;
      running) failed=0 ;;
      lost | none) fail 255 "$name: was restarted, and $job with it ended" ;;
      *)
        case "$(state 2> /dev/null)" in
          SUSPEND* | PREEMPTED | DELETING | MISSING) fail 255 "$name: the TPU was taken away" ;;
        esac
        failed=$((failed + 1))
        [ "$failed" -lt "${RECONNECTS:-3}" ] || fail 255 "$name: connection lost; see its state"
        sleep "$poll" || true
        ;;
    esac
  done
}

train() {
  local flagfile tpu=(--tpu=local) environment=()
  flagfile="$(git -C "$(dirname "$1")" ls-files --full-name --error-unmatch \
    "$(basename "$1")" 2> /dev/null)" ||
    fail 2 "$1: no file that git knows in this repository, and setup copies no other"
  # One program drives all hosts of a slice. It must not take the TPU of its own host for itself.
  case "$runtime_version" in
    *-pod*)
      tpu=("--tpu=$name" "--tpu_zone=$ZONE" ${PROJECT:+"--tpu_project=$PROJECT"})
      environment=(env TPU_LOAD_LIBRARY=0)
      ;;
  esac
  job train ${environment[@]+"${environment[@]}"} python3 -m tfgan_pipeline.bin.train \
    --flagfile="$flagfile" --model_dir="$2" --accelerator=tpu "${tpu[@]}" "${@:3}"
}

case "$verb" in
  create) create ;;
  setup) setup ;;
  train) train "$@" ;;
  evaluate)
    # On the host's processors: the TPU is training's.
    job evaluate env TPU_LOAD_LIBRARY=0 python3 -m tfgan_pipeline.bin.evaluate \
      --model_dir="$1" --watch "${@:2}"
    ;;
  logs) detached follow "${1:-train}" ;;
  tensorboard)
    port="${PORT:-6006}"
    echo "TensorBoard: http://localhost:$port" >&2
    printf -v words '%q ' python3 -m tensorboard.main --logdir="$1" --port="$port"
    # With a terminal (-t) it ends when the connection does.
    ssh_to 0 "exec ${words% }" --ssh-flag=-tt --ssh-flag="-L $port:localhost:$port"
    ;;
  state) state ;;
  delete)
    words=(tpus queued-resources delete "$name" "${where[@]}" --force)
    [ "$api" = tpu ] || words=(instances delete "$name" "${where[@]}")
    run gcloud compute "${words[@]}" 2> "$scratch/errors" ||
      grep -qi 'not[_ ]found' "$scratch/errors" || {
      cat "$scratch/errors" >&2
      exit 1
    }
    [ -n "${DRY_RUN:-}" ] || wait_for MISSING
    ;;
esac
