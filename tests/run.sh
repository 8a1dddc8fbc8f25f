#!/usr/bin/env bash
# Lints, checks types and tests, in .venv, which is made on first use (see launch/venv.sh).
#
#   bash tests/run.sh                      # the default suite
#   bash tests/run.sh --all                # the heavy tests too; installs for them the TPU's compiler,
#                                          # and as root on Debian the browser Chromium
#   bash tests/run.sh tests/metrics -x     # anything pytest takes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

extras='test' everything=''
if [ "${1:-}" = --all ]; then
  shift
  [ $# -gt 0 ] || everything=1
  set -- -m '' "$@"
  extras='test,tpu-check'
  if ! command -v chromium > /dev/null && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -qq -y chromium; } > /dev/null 2>&1 ||
      echo "tests/run.sh: chromium cannot be installed; tests of pages in a browser are skipped" >&2
  fi
fi
python="$(bash launch/venv.sh "$extras")"
"$python" -m ruff check --quiet .
"$python" -m pyrefly check --summary=none --python-interpreter-path "$python"
# Twice as many processes as a small machine has cores, since tests often wait for programs that they
# started. A file's tests share what they train, so files go to processes whole, in the order of
# tests/conftest.py.
tests=("$python" -m pytest -n 4 --dist=loadfile --no-loadscope-reorder "$@")
[ -n "$everything" ] || exec "${tests[@]}"
"${tests[@]}"
"$python" tests/launch/unchanged.py --record
