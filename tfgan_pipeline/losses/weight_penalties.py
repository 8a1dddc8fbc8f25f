"""Penalties on the weights of a player that have two dimensions or more, as in BigGAN.

These are kernels and learned maps, and the maps from which conditional batch norm makes gains;
neither biases nor gains, nor the embedding of the class that all blocks of a BigGAN share.
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config import needs
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty, require_player


@registry.penalty
def weight_decay(*, weight: float = 1e-4, player: str = 'discriminator') -> Penalty:
  """Half of the sum of squared kernels of a player, as weight decay (Krogh and Hertz 1992).

  Args:
    weight: Weight of the sum.
    player: Player whose kernels count.
  """
  require_player(player)
  require('--penalties', at_least=0, weight=weight)

  def penalty(model: GANTuple) -> tf.Tensor:
    return weight * tf.add_n([tf.nn.l2_loss(kernel) for kernel in _kernels(model, player)])

  return Penalty(player, penalty, needs=frozenset({needs.of_player(player)}), of_weights=True)


@registry.penalty
def orthogonal(*, weight: float = 1e-4, player: str = 'generator') -> Penalty:
  """Pushes the outputs of each kernel to use orthogonal weights (Brock et al. 2019, BigGAN).

  arXiv:1809.11096, equation 3: the sum of squares of W^T W off the diagonal.

  Args:
    weight: Weight of the sum; 1e-4 in the paper.
    player: Player whose kernels count, each as a matrix W [everything else, outputs].
  """
  require_player(player)
  require('--penalties', at_least=0, weight=weight)

  def penalty(model: GANTuple) -> tf.Tensor:
    terms = []
    for kernel in _kernels(model, player):
      matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
      # [outputs, outputs]; its diagonal is left free.
      products = tf.matmul(matrix, matrix, transpose_a=True)
      terms.append(
        tf.reduce_sum(tf.square(products - tf.linalg.diag(tf.linalg.diag_part(products))))
      )
    return weight * tf.add_n(terms)

  return Penalty(player, penalty, needs=frozenset({needs.of_player(player)}), of_weights=True)


def _kernels(model: GANTuple, player: str) -> list[tf.Tensor]:
  """Returns the weights of a player that the penalties count."""
  return [
    tf.convert_to_tensor(variable)
    for variable in getattr(model, f'{player}_variables')
    if variable.shape.rank > 1 and 'class_embedding' not in variable.name
  ]
