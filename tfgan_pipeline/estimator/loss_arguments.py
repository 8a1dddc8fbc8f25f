"""Arguments of `tfgan.gan_loss` that TF-GAN's GANEstimator finds in its `params`.

penalties_of({'gradient_penalty_weight': 10}, {})    # {'penalties': 'wasserstein_gradient(...)'}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfgan_pipeline.errors import UsageError

_WEIGHT, _EPSILON = 'gradient_penalty_weight', 'gradient_penalty_epsilon'
_TARGET = 'gradient_penalty_target'
_TF_GAN_EPSILON = 1e-10  # TF-GAN's default, and what wasserstein_gradient adds below its root.
# Losses here are means over the batch, which all of these are where no example has a weight.
_MEANS = ('weighted_sum_by_nonzero_weights', 'weighted_sum_over_batch_size', 'weighted_mean')
# What is here in place of an argument that changes a loss.
_ELSEWHERE = {
  'mutual_information_penalty_weight': "is InfoGAN's; model='infogan' has it, without functions",
  'aux_cond_generator_weight': "is ACGAN's; model='acgan' has it, without functions",
  'aux_cond_discriminator_weight': "is ACGAN's; model='acgan' has it, without functions",
  'tensor_pool_fn': 'has no checkpoint; replay_pool=50 is a pool that resumes',
}
_FORBIDDEN = ('model', 'generator_loss_fn', 'discriminator_loss_fn', 'add_summaries')


def penalties_of(params: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
  """Returns the field `penalties` of an experiment if `params` ask for a gradient penalty.

  Args:
    params: Value of `params`; names that are no arguments of gan_loss are the functions' own.
    settings: Fields of an experiment that are given as well.

  Raises:
    UsageError: An argument of gan_loss is not possible here, or `penalties` is given as well.
  """
  for name in _FORBIDDEN:
    if name in params:
      raise UsageError(f'params: {name} is not allowed in them, as in TF-GAN')
  for name, way_out in _ELSEWHERE.items():
    if params.get(name) is not None:
      raise UsageError(f'params: {name} {way_out}')
  if params.get('reduction', _MEANS[0]) not in _MEANS:
    raise UsageError(f'params: reduction={params["reduction"]}: losses are means over the batch')
  if _number(_EPSILON, params.get(_EPSILON, _TF_GAN_EPSILON)) != _TF_GAN_EPSILON:
    raise UsageError(f'params: {_EPSILON} is {_TF_GAN_EPSILON:g} here; leave it out')
  weight = params.get(_WEIGHT)
  if weight is None:
    return {}
  if settings.get('penalties'):
    raise UsageError(f'params: {_WEIGHT} and penalties= are both given; give one of them')
  target = _number(_TARGET, params.get(_TARGET, 1.0))
  one_sided = bool(params.get('gradient_penalty_one_sided', False))
  arguments = f'{_number(_WEIGHT, weight)}, target={target}, one_sided={one_sided}'
  return {'penalties': f'wasserstein_gradient({arguments})'}


def _number(name: str, value: Any) -> float:
  """Returns the number that `params` have under a name; raises UsageError for something else."""
  try:
    return float(value)
  except (TypeError, ValueError):
    raise UsageError(f'params: {name}={value!r} should be a number') from None
