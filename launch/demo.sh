#!/usr/bin/env bash
# From a fresh clone to a trained GAN: sets up .venv, trains on real handwritten digits and scores the
# result before and after, with a page to look at. A few minutes on two cores. Run again, it continues,
# or shows the scores.
#
#   bash launch/demo.sh [MODEL_DIR]     # or MODEL_DIR in the environment; runs/digits_dcgan
set -euo pipefail

here="$PWD"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
model_dir="${1:-${MODEL_DIR:-$PWD/runs/digits_dcgan}}"
case "$model_dir" in
  /*) ;;
  *) model_dir="$here/$model_dir" ;;
esac

python="$(bash launch/venv.sh)"
"$python" -m tfgan_pipeline.bin.train --flagfile=flags/digits_dcgan.flags \
  --model_dir="$model_dir" --evaluate > /dev/null

"$python" - "$model_dir/eval/classifier-10000/scores.jsonl" << 'EOF'
import json
import sys

with open(sys.argv[1]) as file:
  records = sorted(map(json.loads, file), key=lambda record: record['step'])
first, last = ((record['step'], *(record['scores'][f'{name}[classifier:digits]']
                                  for name in ('fid', 'fid_floor')))
               for record in (records[0], records[-1]))
print(f'''
Frechet distance to the real digits; a perfect generator would score {last[2]:.1f}
  before training, step {first[0]:5}: {first[1]:8.1f}
  after training, step {last[0]:6}: {last[1]:8.1f}''')
EOF
pictures=("$model_dir"/samples/fakes-*.png)
"$python" -m tfgan_pipeline.bin.report --model_dir="$model_dir" --output="$model_dir/report.html" > /dev/null
echo "
Samples, digits that nobody wrote:
  ${pictures[${#pictures[@]} - 1]}
Scores, samples through time and health on one page, for a browser:
  $model_dir/report.html
All of the training in TensorBoard, at http://localhost:6006:
  $(printf '%q' "$(dirname "$python")/tensorboard") --logdir $(printf '%q' "$model_dir")"
