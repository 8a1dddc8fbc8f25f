"""Exceptions that the binaries turn into one line on stderr and an exit code.

A library caller sees ordinary exceptions.
"""


class UsageError(ValueError):
  """The request was wrong, the software is fine; exit code 2.

  The message is one line that names the flag, argument or file at fault.
  """


class Interrupted(Exception):
  """A signal asked the job to stop; it saved, and the same command continues it; exit code 75."""


class NonFiniteError(ArithmeticError):
  """A loss or gradient norm became infinite or not a number; exit code 1."""


class DamagedCheckpoint(UsageError):
  """A checkpoint exists and cannot be read, or not yet: its writer may still be at it."""


class CheckFailed(Exception):
  """A check was made and its answer is no; the message says to what; exit code 1."""
