"""LeCam regularisation, for small training sets (Tseng et al. 2021, arXiv:2104.03310)."""

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
  """Pulls logits towards the moving average of the logits of the other kind, real or generated.

  The default is equation 3 of Tseng et al. 2021 (arXiv:2104.03310). The authors' code is
  `one_sided`, and has a `start` that is 0 unless given; its averages start at 1,000, where here
  they start at the first values.

  Args:
    weight: Weight of the penalty.
    decay: Decay of both averages per update; the first averages are plain means of the logits.
    one_sided: Whether real logits count only above the average of generated ones, and generated
      logits only below that of real ones.
    start: Discriminator updates to make before the penalty counts; the averages begin there.
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
    # 1 / count at first, which makes plain means, until the decay is slower.
    rate = tf.maximum(1.0 - decay, 1.0 / (tf.maximum(updates - start, 0.0) + 1.0))
    anchors = {}
    for name, logits in (('real', real), ('generated', generated)):
      average = tf.identity(variables[name])
      batch_mean = collectives.mean(tf.reduce_mean(tf.stop_gradient(logits)))
      anchors[name] = average + rate * (batch_mean - average)
    collectives.assign(list(variables.values()), [*anchors.values(), updates + 1.0])
    # Equation 3, with the paper's alpha_F and alpha_R as anchors.
    above, below = real - anchors['generated'], anchors['real'] - generated
    if one_sided:
      above, below = tf.nn.relu(above), tf.nn.relu(below)
    term = weight * (tf.reduce_mean(tf.square(above)) + tf.reduce_mean(tf.square(below)))
    return tf.where(updates < start, 0.0, term) if start else term

  # One pair of averages cannot serve two discriminators.
  needs = frozenset({Need.DISCRIMINATOR, Need.ONE_DIRECTION})
  return Penalty('discriminator', penalty, variables=variables, needs=needs)
