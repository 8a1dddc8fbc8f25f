"""LeCam regularisation, for little data (Tseng et al. 2021, arXiv:2104.03310)."""

from __future__ import annotations

from tfgan_pipeline import mirrored, registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty


@registry.penalty
def lecam(*, weight: float = 0.3, decay: float = 0.99) -> Penalty:
  """Squared distance of logits from the moving average of the other kind's (equation 3).

  Args:
    weight: Of the term.
    decay: Of both averages per update; the first values are their plain means.
  """
  require('--penalties', at_least=0, weight=weight)
  require('--penalties', at_least=0, below=1, decay=decay)
  variables = {
    name: tf.Variable(
      0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA, name=name
    )
    for name in ('real', 'generated', 'updates')
  }

  def penalty(model) -> tf.Tensor:
    real, generated = model.discriminator_real_outputs, model.discriminator_gen_outputs
    updates = tf.identity(variables['updates'])
    rate = tf.maximum(1.0 - decay, 1.0 / (updates + 1.0))
    anchors = {}
    for name, logits in (('real', real), ('generated', generated)):
      before = tf.identity(variables[name])
      now = mirrored.mean(tf.reduce_mean(tf.stop_gradient(logits)))
      anchors[name] = before + rate * (now - before)
    mirrored.assign(list(variables.values()), [*anchors.values(), updates + 1.0])
    return weight * (
      tf.reduce_mean(tf.square(real - anchors['generated']))
      + tf.reduce_mean(tf.square(generated - anchors['real']))
    )

  return Penalty('discriminator', penalty, variables=variables)
