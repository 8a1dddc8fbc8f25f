"""Tells what this installation has, what is missing, and for each such thing a command to mend it.

tfgan-doctor

Prints a line for each thing that was looked at; exit code 1 if something has to be mended. Works
where TensorFlow is missing or cannot be imported.
"""

from __future__ import annotations

from collections.abc import Mapping
import sys
from typing import Any


def main() -> None:
  """Examines the installation and prints what is found.

  Raises:
    CheckFailed: Something has to be mended.
  """
  from tfgan_pipeline.bin import command_line, examinations
  from tfgan_pipeline.errors import CheckFailed

  wrong = []
  for finding in examinations.all_findings():
    command_line.print_result(finding._asdict(), form=_line)
    if finding.state == 'wrong':
      wrong.append(finding.what)
  if wrong:
    raise CheckFailed(f'{len(wrong)} to mend: {", ".join(wrong)}; what to do is above')


def _line(result: Mapping[str, Any]) -> str:
  signs = {'ok': 'ok ', 'absent': ' - ', 'wrong': '!! '}
  mend = f'\n     {result["mend"]}' if result['mend'] else ''
  return f'{signs[result["state"]]} {result["what"]}: {result["found"]}{mend}'


def run() -> None:
  """Runs `main`; says in one line what to install where not even flags can be read."""
  try:
    from tfgan_pipeline.bin import command_line
  except ModuleNotFoundError as error:
    print(f'{error.name}: is missing; python -m pip install absl-py', file=sys.stderr)
    sys.exit(1)
  command_line.run(main, __doc__ or '')


if __name__ == '__main__':
  run()
