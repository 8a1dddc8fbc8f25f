"""Graph of a game's networks for TensorBoard: each network in a box of its own, as it is called."""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.models.game import Game


def graph_of(game: Game) -> tf.compat.v1.GraphDef:
  """Returns the graph of a game's networks, without their weights; changes nothing in them."""
  roles = game.roles()
  inputs = {
    role: [
      tf.TensorSpec([None, *port.shape], port.dtype, name=f'{role}_reads_{name}')
      for name, port in roles[role].reads.items()
    ]
    for role in game.networks
    if role in roles
  }

  @tf.function(autograph=False)
  def networks(values: dict[str, list[tf.Tensor]]) -> list[tf.Tensor]:
    outputs = []
    for role, read in values.items():
      with tf.name_scope(role):
        outputs.append(game.networks[role](read if len(read) > 1 else read[0], training=False))
    return outputs

  return networks.get_concrete_function(inputs).graph.as_graph_def()
