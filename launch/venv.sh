#!/usr/bin/env bash
# Prints the path of a Python that has this package and all it needs. That is the virtual environment
# .venv, which is made if need be and installed into again when setup.cfg has changed.
#
#   python="$(bash launch/venv.sh [EXTRAS])"        # EXTRAS as in setup.cfg, separated by commas
#   PYTHON=/path/to/python ...                      # make .venv with this Python
#   TFGAN_PIPELINE_PYTHON=/path/to/python ...       # make nothing, take this Python as it is
set -euo pipefail

extras="${1:-}"
if [ -n "${TFGAN_PIPELINE_PYTHON:-}" ]; then
  exec "$TFGAN_PIPELINE_PYTHON" -c 'import sys; print(sys.executable)'
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$(pwd -P)"
python="$root/.venv/bin/python"
stamp=.venv/tfgan_pipeline           # Two lines, written when pip is done:
ready="$(cksum < setup.cfg) $root"   # what was installed, and where; and the extras.

line() {
  sed -n "$1p" "$stamp" 2> /dev/null
}

works() {
  "$1" -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2> /dev/null
}

first_that_works() {
  for candidate in "$@"; do
    if works "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "$*: no Python 3.10 to 3.13 with its venv module; please install Python 3.11" >&2
  return 2
}

# Two at once would spoil each other's work: the repository's directory itself serves as the lock.
exec 9< .
if command -v flock > /dev/null; then
  flock 9
fi

# Interrupted while it was made, moved here from elsewhere, or left without its Python.
if [ -e "$stamp" ] && ! { [ "$(line 1 | cut -d ' ' -f 3-)" = "$root" ] && works "$python"; }; then
  rm -rf .venv
fi
if [ ! -e .venv ]; then
  if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
  else
    set -- python3.11 python3.12 python3.10 python3.13 python3
  fi
  base="$(first_that_works "$@")"
  echo "Making .venv with $("$base" --version)." >&2
  mkdir .venv
  echo 'being made' > "$stamp"
  "$base" -m venv .venv
fi
works "$python" || {
  echo "$root/.venv: has no Python 3.10 to 3.13; please remove it" >&2
  exit 2
}
if [ "$(line 1)" != "$ready" ] || { [ -n "$extras" ] && [ "$(line 2)" != "$extras" ]; }; then
  echo "Installing into .venv what setup.cfg asks for; this takes a minute or two." >&2
  PYTHON="$python" bash launch/install.sh "$extras" > .venv/install.log 2>&1 || {
    code=$?
    cat .venv/install.log >&2
    exit "$code"
  }
  printf '%s\n' "$ready" "$extras" > "$stamp"
fi
echo "$python"
