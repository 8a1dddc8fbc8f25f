"""Power-function averages of weights, and how those stored make one of any other length.

After "Analyzing and Improving the Training Dynamics of Diffusion Models" (Karras et al. 2024),
arXiv:2312.02696, section 3 and appendix C. The length of an average is the standard deviation of
its profile over training time, as a share of the time trained: of length 0.1, an average after
1,000 steps looks back some 100.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

# Of the two averages that a run stores: those of section 3.2, gammas 16.97 and 6.94.
STORED = (0.05, 0.10)
LONGEST = 12**-0.5  # Of gamma 0, where all steps count alike; about 0.289.

Numbers = float | np.ndarray


@dataclasses.dataclass(frozen=True)
class Stored:
  """An average in a checkpoint.

  Attributes:
    step: Updates that the average has seen, at least 1.
    length: Its length, one of STORED.
  """

  step: int
  length: float


def gamma(length: float) -> float:
  """Returns the exponent of the profile t^gamma with a length above 0 and at most LONGEST.

  Equation 4 of the paper says length = sqrt(gamma + 1) / ((gamma + 2) sqrt(gamma + 3)); this is the
  greatest root of its cubic.
  """
  square = length**-2
  return float(np.roots([1, 7, 16 - square, 12 - square]).real.max())


def fitted(stored: Sequence[Stored], step: int, length: float) -> tuple[np.ndarray, float]:
  """Fits the profile of an average by those of stored ones.

  Args:
    stored: Averages to add up, at steps up to `step`.
    step: Updates that the average is to have seen.
    length: Length of the average.

  Returns:
    float64 [n] factors of the stored averages, whose sum is 1, as weights that never moved must
    stay (the paper leaves this to the fit); and the error: the norm of the difference between the
    profiles as a share of the norm of the one asked for.
  """
  steps = np.array([one.step for one in stored], float)
  gammas = np.array([gamma(one.length) for one in stored])
  wanted = gamma(length)
  products = _product(steps[:, None], gammas[:, None], steps[None], gammas[None])  # [n, n]
  goal = _product(steps, gammas, step, wanted)  # [n]
  count = len(stored)
  # Equation 5 of the appendix, and below it the constraint with its Lagrange multiplier.
  system = np.ones((count + 1, count + 1))
  system[:count, :count] = products
  system[count, count] = 0
  factors = np.linalg.lstsq(system, np.append(goal, 1.0), rcond=None)[0][:count]
  norm = _product(step, wanted, step, wanted)
  square = factors @ products @ factors - 2 * factors @ goal + norm
  return factors, float(np.sqrt(max(square, 0.0) / norm))


def _product(first: Numbers, gamma: Numbers, second: Numbers, other: Numbers) -> np.ndarray:
  """Returns the integral of (g + 1) t^g / first^(g + 1) times that of `second`; broadcasts."""
  # Of the shorter time, beyond which one profile is 0, as shares of both times: powers stay small.
  time = np.minimum(first, second)
  share = (time / first) ** (gamma + 1) * (time / second) ** (other + 1)
  return np.asarray((gamma + 1) * (other + 1) / (gamma + other + 1) * share / time)
