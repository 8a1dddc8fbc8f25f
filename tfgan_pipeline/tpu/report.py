"""Table of the results of check.py: a column per slice, and the refusals below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

Result = dict[str, Any]

NOTE = """\
Counted by the TPU compiler for one replica, its part in sums over replicas included. "At best" is
the roofline at published peaks, without communication and the host: a bound, not a forecast.
Nothing was run."""


def table(results: Sequence[Result]) -> str:
  """Formats results as a table; memory and work are of one replica, images/s of the whole slice.

  Args:
    results: Results of check.check, with those of batch_search.largest_batch if there are any.
  """
  rows = [[name, *(_cell(result, row) for result in results)] for name, row in _ROWS.items()]
  rows = [row for row in rows if set(row[1:]) != {'-'}]
  headers = ['', *(result['topology'] for result in results)]
  lines = [tabulate(rows, headers, tablefmt='plain', disable_numparse=True)]
  for result in results:
    if 'error' in result:
      op = f' at {result["op"]}' if result['op'] else ''
      lines.append(
        f'{result["topology"]}: refused by {result["refused_by"]}{op}: {result["error"]}'
      )
  return '\n'.join([*lines, NOTE])


def _cell(result: Result, row: Any) -> str:
  """Returns the text of a cell; '-' if the result lacks its value."""
  try:
    return row(result)
  except KeyError:  # A step that was refused has no size and no speed.
    return '-'


def _format_mib(count: int) -> str:
  """Formats a number of bytes in MiB."""
  return f'{count / 2**20:,.1f}'


def _format_largest_batch(result: Result) -> str:
  """Formats the largest batch that fits, and the smallest known not to."""
  batch, too_large = result['largest_batch'], result['too_large']
  return f'{batch or "none"}' + (f' ({too_large} does not)' if too_large else '')


_ROWS = {
  'compiles': lambda r: 'yes' if r['compiles'] else 'NO',
  'fits': lambda r: {True: 'yes', False: 'NO', None: '-'}[r['fits']],
  'replicas': lambda r: f'{r["replicas"]} on {r["chips"]} chips',
  'batch, of a replica': lambda r: f'{r["batch_size"]}, {r["replica_batch"]}',
  'MiB used': lambda r: _format_mib(r['hbm']['used']),
  'MiB of HBM': lambda r: _format_mib(r['hbm']['available']),
  'MiB of arguments': lambda r: _format_mib(r['hbm']['arguments']),
  'MiB of outputs in their place': lambda r: _format_mib(r['hbm']['aliased']),
  'MiB of other outputs': lambda r: _format_mib(r['hbm']['outputs'] - r['hbm']['aliased']),
  'MiB of temporaries': lambda r: _format_mib(r['hbm']['temporaries']),
  'MiB of code': lambda r: _format_mib(r['hbm']['code']),
  'GFLOP per step': lambda r: f'{r["flops"] / 1e9:,.2f}',
  'MB of HBM traffic': lambda r: f'{r["hbm_bytes"] / 1e6:,.1f}',
  'FLOP per byte of it': lambda r: f'{r["arithmetic_intensity"]:.1f}',
  'at best: ms per step': lambda r: f'{r["step_seconds"] * 1e3:.3f} ({r["bound_by"]})',
  'at best: images/s': lambda r: f'{r["images_per_second"]:,.0f}',
  'largest batch that fits': _format_largest_batch,
}
