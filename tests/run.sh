#!/usr/bin/env bash
# Lints and tests, in .venv, which is made on first use (see launch/venv.sh).
#
#   bash tests/run.sh                      # the default suite
#   bash tests/run.sh --all                # the heavy tests too
#   bash tests/run.sh tests/metrics -x     # anything pytest takes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python="$(bash launch/venv.sh test)"
if [ "${1:-}" = --all ]; then
  shift
  set -- -m '' "$@"
fi
"$python" -m ruff check --quiet .
exec "$python" -m pytest "$@"
