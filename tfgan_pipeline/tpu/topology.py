"""TPU slices and what their chips can do, as published.

    slice = Topology.parse('v5e:2x2')
    slice.replicas, slice.chip.flops, slice.hbm_per_replica

Figures per chip are those of Google Cloud's page on each generation, cloud.google.com/tpu/docs/v4
and likewise v3, v5e, v5p and v6e. Where a page says GB of memory, GiB are meant: the compiler
counts 15.75 GiB of a v5e as free.
"""

from __future__ import annotations

import dataclasses
import math
import re

from tfgan_pipeline.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Chip:
  """One TPU chip.

  Attributes:
    flops: Peak FLOP/s in bfloat16, which is what float32 matrix products use by default too.
    hbm: Bytes of memory.
    bandwidth: Bytes/s between memory and cores.
    replicas: How many it runs. `TPUStrategy` has one per core; the two cores of a v5p work as one.
  """

  flops: float
  hbm: int
  bandwidth: float
  replicas: int


CHIPS = {
  'v3': Chip(flops=123e12, hbm=32 * 2**30, bandwidth=900e9, replicas=2),
  'v4': Chip(flops=275e12, hbm=32 * 2**30, bandwidth=1200e9, replicas=2),
  'v5e': Chip(flops=197e12, hbm=16 * 2**30, bandwidth=819e9, replicas=1),
  'v5p': Chip(flops=459e12, hbm=95 * 2**30, bandwidth=2765e9, replicas=1),
  'v6e': Chip(flops=918e12, hbm=32 * 2**30, bandwidth=1638e9, replicas=1),
}


@dataclasses.dataclass(frozen=True)
class Topology:
  """A slice of equal chips, each replica having an equal share of one.

  Attributes:
    name: As the compiler knows it, such as 'v4:2x2x1'.
    chip: What it is made of.
    chips: How many.
  """

  name: str
  chip: Chip
  chips: int

  @classmethod
  def parse(cls, name: str) -> Topology:
    """The slice called GENERATION:AxB or GENERATION:AxBxC. Raises UsageError for any other text."""
    match = re.fullmatch(r'(\w+):(\d+(?:x\d+){1,2})', name)
    if not match or match[1] not in CHIPS:
      raise UsageError(
        f'--topology={name}: should be a generation ({", ".join(CHIPS)}) and a layout of chips, '
        'such as v4:2x2x1 or v5e:2x2'
      )
    chips = math.prod(map(int, match[2].split('x')))
    if not chips:
      raise UsageError(f'--topology={name}: has no chips')
    return cls(name, CHIPS[match[1]], chips)

  @property
  def replicas(self) -> int:
    return self.chips * self.chip.replicas

  def replica_batch_size(self, batch_size: int) -> int:
    """Images per replica of a global batch. Raises UsageError if it does not divide."""
    if batch_size % self.replicas:
      raise UsageError(
        f'--batch_size={batch_size}: should be a multiple of the {self.replicas} replicas of '
        f'{self.name}'
      )
    return batch_size // self.replicas

  @property
  def hbm_per_replica(self) -> int:
    """Bytes."""
    return self.chip.hbm // self.chip.replicas

  @property
  def flops_per_replica(self) -> float:
    """Peak FLOP/s."""
    return self.chip.flops / self.chip.replicas

  @property
  def bandwidth_per_replica(self) -> float:
    """Bytes/s."""
    return self.chip.bandwidth / self.chip.replicas
