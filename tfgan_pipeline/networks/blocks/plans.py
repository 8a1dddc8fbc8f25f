"""Widths of the maps of residual networks, by the sides of the images."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.spec import NetworkSpec


@dataclasses.dataclass(frozen=True)
class Plan:
  """Widths of both networks for images of one shorter side, in multiples of `filters`.

  Attributes:
    up: Widths of the generator's maps, from the innermost on; each block doubles both sides.
    down: Widths after each of the discriminator's blocks that halve both sides.
    keep: Widths after each of the discriminator's further blocks, which keep the sides.
  """

  up: tuple[int, ...]
  down: tuple[int, ...]
  keep: tuple[int, ...] = ()

  @property
  def divisor(self) -> int:
    """Divisor that longer sides must have, so that each halving leaves whole pixels."""
    return 2 ** max(len(self.up) - 1, len(self.down))


def plan_for(spec: NetworkSpec, name: str, plans: Mapping[int, Plan]) -> Plan:
  """Returns the plan for the shorter side of the images.

  Args:
    spec: Networks to build, with the shape of their images.
    name: Name of the network component, such as 'sngan', for error messages.
    plans: Plans by shorter side.

  Raises:
    UsageError: No plan is for the shorter side, or the longer one is not a multiple of its divisor.
  """
  height, width, _ = spec.image_shape
  plan = plans.get(min(height, width))
  if plan is None:
    sides = ', '.join(map(str, plans))
    raise UsageError(
      f'--networks={name}: the shorter side of images should be one of {sides}, not '
      f'{height}x{width}'
    )
  _check_longer_side(spec, name, plan.divisor)
  return plan


def _check_longer_side(spec: NetworkSpec, name: str, divisor: int) -> None:
  """Raises UsageError if images are no squares and `divisor` does not divide their longer side."""
  height, width, _ = spec.image_shape
  if height != width and max(height, width) % divisor:
    raise UsageError(
      f'--networks={name}: beside a side of {min(height, width)} the longer one of images should '
      f'be a multiple of {divisor}, not {height}x{width}'
    )


def innermost(spec: NetworkSpec, doublings: int) -> tuple[int, int]:
  """Returns (height, width) of the map that grows to an image by `doublings` doublings."""
  height, width, _ = spec.image_shape
  return height >> doublings, width >> doublings


def widths_from_4(spec: NetworkSpec, name: str, filters: int, *, widest: int) -> list[int]:
  """Returns the widths of maps of shorter side 4, 8, 16 and so on, up to that of the images.

  Args:
    spec: Networks to build, with the shape of their images.
    name: Name of the network component, such as 'stylegan2', for error messages.
    filters: Width of maps up to a shorter side of `widest`, halved at each doubling beyond.
    widest: Largest shorter side of maps with `filters` channels.

  Raises:
    UsageError: The shorter side is not 4 times a power of 2, 8 or more; the longer one is not a
      multiple of that power; or `filters` is so small that the last width would be 0.
  """
  height, width, _ = spec.image_shape
  shorter = min(height, width)
  sides = [4]
  while sides[-1] < shorter:
    sides.append(2 * sides[-1])
  if sides[-1] != shorter or shorter < 8:
    raise UsageError(
      f'--networks={name}: the shorter side of images should be 4 times a power of 2, 8 or more, '
      f'not {height}x{width}'
    )
  _check_longer_side(spec, name, shorter // 4)
  if filters * widest < shorter:
    raise UsageError(
      f'--networks={name}: filters={filters} should be at least {shorter // widest} at '
      f'{height}x{width}'
    )
  return [filters // max(1, side // widest) for side in sides]
