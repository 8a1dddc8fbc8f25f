#!/usr/bin/env bash
# Trains on this machine, scores each checkpoint as it appears, and shows both in TensorBoard.
#
#   bash launch/local.sh FLAGFILE MODEL_DIR [flags of tfgan-train and of evaluations...]
#   bash launch/local.sh flags/digits_dcgan.flags runs/digits --seed=1
#
# Ctrl-C or SIGTERM stops the three; the same command continues. Twice ends training unsaved.
# Ends when the last checkpoint has been scored, with the best score. The exit code is that of training (75: stopped, can
# be continued) or of a failed evaluation, which ends training too.
#
# Flags of evaluations, as in --metrics=fid, go to tfgan-evaluate.
#
#   EVALUATE_FLAGS    more flags of tfgan-evaluate, separated by spaces: '--also=raw --bootstrap=100'
#   PORT              of TensorBoard; 6006
#   KEEP_TENSORBOARD  1 leaves TensorBoard running at the end, until Ctrl-C
#
# What tfgan-evaluate and TensorBoard print is in MODEL_DIR/evaluate.log and tensorboard.log.
set -euo pipefail

if [ $# -lt 2 ] || [ "${1#-}" != "$1" ] || [ "${2#-}" != "$2" ]; then
  echo "usage: bash launch/local.sh FLAGFILE MODEL_DIR [flags...]" >&2
  exit 2
fi
flagfile="$1"
model_dir="$2"
shift 2
read -r -a evaluate_flags <<< "${EVALUATE_FLAGS:-}"
train_flags=()
while [ $# -gt 0 ]; do
  case "${1%%=*}" in
    --protocol | --extractor | --metrics | --image_metrics | --bootstrap | --pair_metrics | \
      --generator_metrics | --path_length | --task | --labels | --num_samples | \
      --reference_split | --reference_dir | --reference_stats | --reference_features | \
      --resize_pictures | --picture_channels | --weights | --batch_norm | --sample_seed | \
      --label_proportions | --per_sample | --noper_sample | --projector | --best_by | \
      --eval_name | --eval_dir | --cache_dir)
      evaluate_flags+=("$1")
      # A value of its own word, which --per_sample has not.
      if [ $# -gt 1 ] && [ "${1#*=}" = "$1" ] && [ "${2#-}" = "$2" ]; then
        evaluate_flags+=("$2")
        shift
      fi
      ;;
    *) train_flags+=("$1") ;;
  esac
  shift
done
port="${PORT:-6006}"

if ! command -v tfgan-train > /dev/null; then
  python="$(bash "$(dirname "${BASH_SOURCE[0]}")/venv.sh")"
  PATH="$(dirname "$python"):$PATH"
fi
logs="$model_dir"
case "$model_dir" in
  *://*) logs="$(mktemp -d)" ;;  # A bucket; the shell cannot write there.
esac
mkdir -p "$logs"
# Trainer and evaluator share a GPU where there is one.
export TF_FORCE_GPU_ALLOW_GROWTH="${TF_FORCE_GPU_ALLOW_GROWTH:-true}"

# With `set -m` each of the three gets a process group of its own: a Ctrl-C reaches this script alone,
# and nothing that one of them starts is left behind.
trainer='' evaluator='' tensorboard='' stopping='' signal=''
# shellcheck disable=SC2317,SC2329  # Called by the trap.
end_all() {
  for group in $trainer $evaluator $tensorboard; do
    kill -s TERM -- "-$group" 2> /dev/null || true
  done
  wait 2> /dev/null || true
}
trap end_all EXIT
# The trainer takes a second signal of the same kind as an order to end at once, and whoever sent
# SIGTERM here may have sent it there as well: it is passed on as SIGINT, and the other way round.
trap 'stopping=1 signal=TERM' INT HUP
trap 'stopping=1 signal=INT' TERM

set -m
tfgan-train --flagfile="$flagfile" --model_dir="$model_dir" \
  ${train_flags[@]+"${train_flags[@]}"} < /dev/null &
trainer=$!
tfgan-evaluate --model_dir="$model_dir" --watch ${evaluate_flags[@]+"${evaluate_flags[@]}"} \
  < /dev/null >> "$logs/evaluate.log" 2>&1 &
evaluator=$!
tensorboard --logdir="$model_dir" --port="$port" < /dev/null > "$logs/tensorboard.log" 2>&1 &
tensorboard=$!
set +m
echo "Training     $model_dir, by $flagfile; its lines follow
Pictures     $model_dir/samples, as they are drawn
Scores       of each checkpoint in $logs/evaluate.log, and in TensorBoard
TensorBoard  http://localhost:$port
Ctrl-C       saves and stops all three; the same command goes on
" >&2

runs() {
  kill -0 "$1" 2> /dev/null
}

complain() {
  echo "launch/local.sh: $1 ended early; the end of $logs/$2.log:" >&2
  tail -n 3 "$logs/$2.log" >&2
}

evaluated=''  # The evaluator's exit code, once it has one.
without_tensorboard=''
watch_others() {
  if [ -z "$evaluated" ] && ! runs "$evaluator"; then
    evaluated=0
    wait "$evaluator" || evaluated=$?
    if [ "$evaluated" != 0 ] && [ -z "$stopping" ]; then
      complain tfgan-evaluate evaluate
      signal=TERM
    fi
  fi
  if [ -z "$without_tensorboard" ] && ! runs "$tensorboard"; then
    without_tensorboard=1
    complain TensorBoard tensorboard
  fi
  sleep 0.5 || true
}

while runs "$trainer"; do
  if [ -n "$signal" ]; then
    sent="$signal" signal=''  # First: the next one may come while this one is passed on.
    kill -s "$sent" -- "-$trainer" 2> /dev/null || true
  fi
  watch_others
done
code=0
wait "$trainer" || code=$?
if [ "$code" = 0 ]; then
  until [ -n "$evaluated$stopping" ]; do
    watch_others
  done
fi
if [ -n "$stopping" ]; then
  [ "$code" != 0 ] || code=75  # Trained, but maybe not scored to the end.
elif [ "${evaluated:-0}" != 0 ]; then
  code="$evaluated"
fi
if [ "$code" = 0 ]; then
  grep ' checkpoints are scored' "$logs/evaluate.log" | tail -n 1 >&2 || true
fi
if [ "$code" = 0 ] && [ "${KEEP_TENSORBOARD:-}" = 1 ]; then
  echo "Done; TensorBoard stays at http://localhost:$port until Ctrl-C." >&2
  while [ -z "$stopping" ] && runs "$tensorboard"; do
    sleep 0.5 || true
  done
fi
exit "$code"
