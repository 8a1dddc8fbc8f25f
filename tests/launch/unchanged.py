"""A digest of launch/ and its tests, recorded when they pass.

    python tests/launch/unchanged.py --record     # they pass now; commit the file that it writes

They take minutes, mostly of waiting, and depend on little else: by default they run only when
launch/, they themselves, tests/run.sh, .ci/run or setup.cfg have changed since. tests/run.sh --all
runs them always, and then records that.
"""

import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = pathlib.Path(__file__).with_name('passed.sha256')


def digest() -> str:
  """Hashes names and contents of the files that these tests depend on."""
  paths = [
    path
    for pattern in ('launch/*', 'tests/launch/*', 'tests/run.sh', '.ci/run', 'setup.cfg')
    for path in ROOT.glob(pattern)
    if path.is_file() and path.suffix != '.pyc' and path != RECORD
  ]
  found = hashlib.sha256()
  for path in sorted(paths):
    found.update(f'{path.relative_to(ROOT)} {len(path.read_bytes())}\n'.encode())
    found.update(path.read_bytes())
  return found.hexdigest()


def is_unchanged() -> bool:
  """Returns whether the recorded digest is that of the present files."""
  return RECORD.exists() and RECORD.read_text().strip() == digest()


if __name__ == '__main__':
  if '--record' in sys.argv:
    RECORD.write_text(digest() + '\n')
  print('unchanged' if is_unchanged() else 'changed')
