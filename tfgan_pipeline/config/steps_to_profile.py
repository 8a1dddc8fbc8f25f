"""Steps of --profile=START:STOP."""

from __future__ import annotations

import re

from tfgan_pipeline.errors import UsageError


def steps_to_profile(text: str) -> tuple[int, ...]:
  """Returns (START, STOP) of 'START:STOP', or () of ''; raises UsageError for any other text."""
  if not text:
    return ()
  match = re.fullmatch(r'\s*(\d+)\s*:\s*(\d+)\s*', text)
  if not match or int(match[1]) >= int(match[2]):
    raise UsageError(
      f'--profile={text}: should be START:STOP, two steps with START below STOP, such as 100:110'
    )
  return int(match[1]), int(match[2])
