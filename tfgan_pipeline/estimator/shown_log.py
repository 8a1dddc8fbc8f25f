"""Log lines of this package on stderr, in programs and notebooks that do not handle them.

with shown_log():
  estimator.train()
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import logging
import sys

import tqdm

from tfgan_pipeline.errors import in_terms_of_arguments

_PACKAGE = logging.getLogger('tfgan_pipeline')


@contextlib.contextmanager
def shown_log() -> Iterator[None]:
  """Shows the package's log lines in a block, or a function that it decorates.

  A program is left to itself if it handles the lines, asks for quiet by a level, or has a handler
  for this package. A handler for all packages that leaves INFO out is no choice, since absl adds
  one when TensorFlow first logs: then only the lines that are for the handler go there.
  """
  if _is_left_to_the_program():
    yield
    return
  handler, before = _Handler(bool(logging.root.handlers)), (_PACKAGE.level, _PACKAGE.propagate)
  _PACKAGE.addHandler(handler)
  _PACKAGE.setLevel(logging.INFO)
  _PACKAGE.propagate = False  # Lines would be told twice once absl has added its handler.
  try:
    yield
  finally:
    _PACKAGE.removeHandler(handler)
    _PACKAGE.setLevel(before[0])
    _PACKAGE.propagate = before[1]


def _is_left_to_the_program() -> bool:
  is_quiet = _PACKAGE.level > logging.INFO or _PACKAGE.getEffectiveLevel() > logging.WARNING
  is_heard = _PACKAGE.isEnabledFor(logging.INFO) and _PACKAGE.hasHandlers()
  return bool(_PACKAGE.handlers) or is_quiet or is_heard


class _Handler(logging.Handler):
  """Handler that writes plain lines to stderr, above a bar if there is one.

  Args:
    for_warnings: Whether the program has a handler of its own for lines above its level.
  """

  def __init__(self, for_warnings: bool):
    super().__init__()
    self._for_warnings = for_warnings

  def emit(self, record: logging.LogRecord) -> None:
    if self._for_warnings and record.levelno >= logging.root.level:
      logging.root.callHandlers(record)
    elif sys.stderr is not None:
      level = '' if record.levelno <= logging.INFO else f'{record.levelname.lower()}: '
      text = in_terms_of_arguments(record.getMessage())
      tqdm.tqdm.write(f'{level}{text}', file=sys.stderr)
