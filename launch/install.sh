#!/usr/bin/env bash
# Installs this package, editable, into the Python environment in use. A TensorFlow that is there
# stays, whichever build it is (tensorflow, -cpu, -gpu, -tpu, -rocm, tf-nightly, a vendor's own), and
# gets the Keras and TensorFlow Probability that belong to it.
#
#   bash launch/install.sh [EXTRAS]                 # into `python`; EXTRAS as in setup.cfg, by commas
#   PYTHON=/path/to/python bash launch/install.sh   # into another
#   DRY_RUN=1 bash launch/install.sh                # only print the pip commands
set -euo pipefail

extras="${1:-}"
python="${PYTHON:-python}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pip_install() {
  set -- "$python" -m pip install --quiet --disable-pip-version-check "$@"
  if [ -n "${DRY_RUN:-}" ]; then
    echo "$*"
  else
    "$@"
  fi
}

pip_install 'pip>=24'  # Older ones search for minutes, in vain on Python 3.10.
requirements="$("$python" launch/requirements.py "$extras")"
if [ -z "$requirements" ]; then
  pip_install --editable ".${extras:+[$extras]}"
  exit
fi

resolve=()
alone=()
while read -r how requirement; do
  case "$how" in
    resolve) resolve+=("$requirement") ;;
    alone) alone+=("$requirement") ;;
  esac
done <<< "$requirements"
pip_install "${resolve[@]}"
pip_install --no-deps "${alone[@]}" --editable .
