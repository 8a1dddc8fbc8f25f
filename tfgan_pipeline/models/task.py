"""Tasks that a trained game can do, such as generating images.

    Task('generate', source='noise', target='image', roles=('generator',))
    Task('a_to_b', source='image_a', target='image_b', roles=('generator_ab',))

Tasks drive sampling, evaluation directories, metrics of pairs and the functions of an export.
"""

from __future__ import annotations

import dataclasses

NOISE = 'noise'


@dataclasses.dataclass(frozen=True)
class Task:
  """Task of a trained game: a source, a target, and the networks between them.

  Attributes:
    name: Name in flags, records and directories.
    source: NOISE, or the field of the data whose examples are read.
    target: Field of the data that outputs should look like.
    roles: Roles of the networks that the task needs.
  """

  name: str
  source: str
  target: str
  roles: tuple[str, ...]

  @property
  def samples_noise(self) -> bool:
    """Whether outputs are numbered samples from noise, not made from examples."""
    return self.source == NOISE
