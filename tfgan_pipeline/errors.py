"""The one exception that means "the request was wrong, the software is fine".

Raise it with a single line that names the flag, argument or file at fault. The binaries print that
line on stderr and exit with status 2; a library caller sees an ordinary exception.
"""


class UsageError(ValueError):
  """A wrong flag, argument, file or directory, described in one line."""
