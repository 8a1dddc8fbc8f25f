"""A task: one thing that a trained game can be asked for.

    Task('generate', source='noise', target='image', roles=('generator',))
    Task('a_to_b', source='image_a', target='image_b', roles=('generator_ab',))

Tasks drive sampling, evaluation directories, metrics of pairs and the functions of an export.
"""

from __future__ import annotations

import dataclasses

NOISE = 'noise'


@dataclasses.dataclass(frozen=True)
class Task:
  """A source, a target, and the networks between them.

  Attributes:
    name: In flags, records and directories.
    source: NOISE, or the field of the data whose examples are read.
    target: The field that outputs should look like.
    roles: The networks that are needed.
  """

  name: str
  source: str
  target: str
  roles: tuple[str, ...]

  @property
  def samples_noise(self) -> bool:
    """Whether outputs are numbered samples, and not made of examples."""
    return self.source == NOISE
