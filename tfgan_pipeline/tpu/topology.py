"""TPU slices, with the published figures of their chips.

    slice = Topology.parse('v5e:2x2')
    slice.replicas, slice.chip.flops, slice.hbm_per_replica

Figures per chip are from Google Cloud's page on each generation, cloud.google.com/tpu/docs/v4 for
v4 and so on for v3, v5e, v5p and v6e. A GB of memory on these pages is a GiB: the compiler counts
15.75 GiB of a v5e as free.
"""

from __future__ import annotations

import dataclasses
import math
import re

from tfgan_pipeline.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Chip:
  """Figures of one TPU chip.

  Attributes:
    flops: Peak FLOP/s in bfloat16, which float32 matrix products use by default, too.
    hbm: Bytes of HBM.
    bandwidth: Bytes/s between HBM and cores.
    replicas: Replicas per chip. `TPUStrategy` has one per core; the two cores of a v5p act as one.
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
  """A slice of equal chips, whose replicas have equal shares of a chip.

  Attributes:
    name: Name of the slice as the compiler spells it, such as 'v4:2x2x1'.
    chip: The kind of its chips.
    chips: The number of its chips.
  """

  name: str
  chip: Chip
  chips: int

  @classmethod
  def parse(cls, name: str) -> Topology:
    """Returns the slice named GENERATION:AxB or GENERATION:AxBxC.

    Raises:
      UsageError: The name has another form, an unknown generation, or no chips.
    """
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
    """Number of replicas of the slice."""
    return self.chips * self.chip.replicas

  def replica_batch_size(self, batch_size: int) -> int:
    """Returns the images per replica of a global batch.

    Raises:
      UsageError: The batch does not divide among the replicas.
    """
    if batch_size % self.replicas:
      raise UsageError(
        f'--batch_size={batch_size}: should be a multiple of the {self.replicas} replicas of '
        f'{self.name}'
      )
    return batch_size // self.replicas

  @property
  def hbm_per_replica(self) -> int:
    """Bytes of HBM per replica."""
    return self.chip.hbm // self.chip.replicas

  @property
  def flops_per_replica(self) -> float:
    """Peak FLOP/s per replica."""
    return self.chip.flops / self.chip.replicas

  @property
  def bandwidth_per_replica(self) -> float:
    """Bytes/s between HBM and the cores of one replica."""
    return self.chip.bandwidth / self.chip.replicas
