"""Penalties on the weights of a player: those with two dimensions or more, as BigGAN has it.

These are kernels and learned maps, and what conditional batch norm makes gains of; neither biases
nor gains, nor the embedding of the class that all blocks of a BigGAN share.
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config import needs
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty, require_player


@registry.penalty
def weight_decay(*, weight: float = 1e-4, player: str = 'discriminator') -> Penalty:
  """Half of the sum of squared kernels (Krogh and Hertz 1992).

  Args:
    weight: Of the term.
    player: Whose kernels.
  """
  require_player(player)
  require('--penalties', at_least=0, weight=weight)

  def penalty(model: GANTuple) -> tf.Tensor:
    return weight * tf.add_n([tf.nn.l2_loss(kernel) for kernel in _kernels(model, player)])

  return Penalty(player, penalty, needs=frozenset({needs.of_player(player)}), of_weights=True)


@registry.penalty
def orthogonal(*, weight: float = 1e-4, player: str = 'generator') -> Penalty:
  """Squares of what kernels' outputs have in common (Brock et al. 2019, arXiv:1809.11096, eq. 3).

  Args:
    weight: Of the term.
    player: Whose kernels; each is seen as a matrix [everything else, outputs].
  """
  require_player(player)
  require('--penalties', at_least=0, weight=weight)

  def penalty(model: GANTuple) -> tf.Tensor:
    terms = []
    for kernel in _kernels(model, player):
      matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
      products = tf.matmul(matrix, matrix, transpose_a=True)
      terms.append(
        tf.reduce_sum(tf.square(products - tf.linalg.diag(tf.linalg.diag_part(products))))
      )
    return weight * tf.add_n(terms)

  return Penalty(player, penalty, needs=frozenset({needs.of_player(player)}), of_weights=True)


def _kernels(model: GANTuple, player: str) -> list[tf.Tensor]:
  return [
    tf.convert_to_tensor(variable)
    for variable in getattr(model, f'{player}_variables')
    if variable.shape.rank > 1 and 'class_embedding' not in variable.name
  ]
