"""LeCam regularisation, for little data (Tseng et al. 2021, arXiv:2104.03310)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.replicas import collectives


@registry.penalty
def lecam(
  *, weight: float = 0.3, decay: float = 0.99, one_sided: bool = False, start: int = 0
) -> Penalty:
  """Squared distance of logits from the moving average of the other kind's.

  The default is the paper's equation 3. The authors' code has `one_sided`, and a `start` that is 0
  unless given; its averages start at 1,000, where here they start at the first values.

  Args:
    weight: Of the term.
    decay: Of both averages per update; the first values are their plain means.
    one_sided: Counts real logits only above the average of generated ones, and generated logits
      only below that of real ones.
    start: Discriminator updates to make before the term counts; the averages begin there.
  """
  require('--penalties', at_least=0, weight=weight, start=start)
  require('--penalties', at_least=0, below=1, decay=decay)
  variables = {
    name: tf.Variable(
      0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA, name=name
    )
    for name in ('real', 'generated', 'updates')
  }

  def penalty(model: GANTuple) -> tf.Tensor:
    real, generated = model.discriminator_real_outputs, model.discriminator_gen_outputs
    updates = tf.identity(variables['updates'])
    rate = tf.maximum(1.0 - decay, 1.0 / (tf.maximum(updates - start, 0.0) + 1.0))
    anchors = {}
    for name, logits in (('real', real), ('generated', generated)):
      before = tf.identity(variables[name])
      now = collectives.mean(tf.reduce_mean(tf.stop_gradient(logits)))
      anchors[name] = before + rate * (now - before)
    collectives.assign(list(variables.values()), [*anchors.values(), updates + 1.0])
    above, below = real - anchors['generated'], anchors['real'] - generated
    if one_sided:
      above, below = tf.nn.relu(above), tf.nn.relu(below)
    term = weight * (tf.reduce_mean(tf.square(above)) + tf.reduce_mean(tf.square(below)))
    return tf.where(updates < start, 0.0, term) if start else term

  # The averages are those of one discriminator.
  needs = frozenset({Need.DISCRIMINATOR, Need.ONE_DIRECTION})
  return Penalty('discriminator', penalty, variables=variables, needs=needs)
