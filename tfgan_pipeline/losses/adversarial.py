"""Adversarial losses, TF-GAN's own where it has them.

A loss component returns the pair that `tfgan.gan_loss` takes; each function maps the GANModel tuple
to a scalar, the mean over the replica's batch.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import NamedTuple

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf, tfgan
from tfgan_pipeline.errors import require
from tfgan_pipeline.replicas import randomness


class AdversarialLoss(NamedTuple):
  """The two players' losses in TF-GAN's tuple form: `(gan_model, **kwargs) -> scalar`.

  Attributes:
    generator: The generator's.
    discriminator: The discriminator's.
    has_border: Whether the sign of a logit tells real from generated; of the others only
      differences matter, or it lies elsewhere.
  """

  generator: Callable[..., tf.Tensor]
  discriminator: Callable[..., tf.Tensor]
  has_border: bool = False


@registry.loss
def minimax(
  *, label_smoothing: float = 0.0, two_sided: bool = False, label_noise: float = 0.0
) -> AdversarialLoss:
  """Cross-entropy, the generator minimising log(1 - D(G(z))) (Goodfellow et al. 2014).

  Args:
    label_smoothing: The discriminator's alone, in TF-GAN's measure: s makes the label of real
      images 1 - s / 2.
    two_sided: Whether that of generated ones becomes s / 2; it stays 0 otherwise.
    label_noise: Probability that the discriminator is told the other label of an image.
  """
  return AdversarialLoss(
    functools.partial(tfgan.losses.minimax_generator_loss, label_smoothing=0.0),
    _cross_entropy(label_smoothing, two_sided, label_noise),
    has_border=True,
  )


@registry.loss
def modified(
  *, label_smoothing: float = 0.0, two_sided: bool = False, label_noise: float = 0.0
) -> AdversarialLoss:
  """Cross-entropy, the generator maximising log D(G(z)): the usual, non-saturating loss.

  Args:
    label_smoothing: As of `minimax`, and so on.
    two_sided: Whether generated images' label is smoothed too.
    label_noise: Probability of a wrong label.
  """
  return AdversarialLoss(
    # TF-GAN would smooth the generator's label too, which turns its gradient round above it.
    functools.partial(tfgan.losses.modified_generator_loss, label_smoothing=0.0),
    _cross_entropy(label_smoothing, two_sided, label_noise),
    has_border=True,
  )


def _cross_entropy(
  label_smoothing: float, two_sided: bool, label_noise: float
) -> Callable[..., tf.Tensor]:
  """The discriminator's loss: TF-GAN's, unless it is asked for what TF-GAN has not."""
  require('--loss', at_least=0, at_most=1, label_smoothing=label_smoothing, label_noise=label_noise)
  if not two_sided and not label_noise:
    return functools.partial(
      tfgan.losses.minimax_discriminator_loss, label_smoothing=label_smoothing
    )

  def loss(model: GANTuple) -> tf.Tensor:
    total = tf.zeros([])
    real_label, generated_label = 1 - label_smoothing / 2, two_sided * label_smoothing / 2
    for logits, label, other in (
      (model.discriminator_real_outputs, real_label, generated_label),
      (model.discriminator_gen_outputs, generated_label, real_label),
    ):
      labels = tf.fill(logits.shape, label)
      if label_noise:
        wrong = randomness.uniform([logits.shape[0]] + [1] * (logits.shape.rank - 1)) < label_noise
        labels = tf.where(wrong, other, labels)
      total += tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
    return total

  return loss


@registry.loss
def least_squares(*, real_label: float = 1.0, generated_label: float = 0.0) -> AdversarialLoss:
  """Squared distance to the labels (Mao et al. 2017, arXiv:1611.04076)."""
  return AdversarialLoss(
    functools.partial(tfgan.losses.least_squares_generator_loss, real_label=real_label),
    functools.partial(
      tfgan.losses.least_squares_discriminator_loss,
      real_label=real_label,
      fake_label=generated_label,
    ),
  )


@registry.loss
def wasserstein() -> AdversarialLoss:
  """Difference of mean scores; needs clip_weights or a gradient penalty (Arjovsky et al. 2017)."""
  return AdversarialLoss(
    tfgan.losses.wasserstein_generator_loss, tfgan.losses.wasserstein_discriminator_loss
  )


@registry.loss
def wasserstein_hinge(*, real_hinge: float = 1.0, generated_hinge: float = 1.0) -> AdversarialLoss:
  """Hinge loss (Lim and Ye 2017; Miyato et al. 2018, arXiv:1802.05957)."""
  return AdversarialLoss(
    tfgan.losses.wasserstein_hinge_generator_loss,
    functools.partial(
      tfgan.losses.wasserstein_hinge_discriminator_loss,
      real_hinge=real_hinge,
      generated_hinge=generated_hinge,
    ),
    has_border=True,
  )


@registry.loss
def relativistic_pairing() -> AdversarialLoss:
  """Each real image against one generated image (Jolicoeur-Martineau; R3GAN, 2501.05441)."""

  def generator(model: GANTuple) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.softplus(-_lead(model)))

  def discriminator(model: GANTuple) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.softplus(_lead(model)))

  def _lead(model: GANTuple) -> tf.Tensor:
    return model.discriminator_gen_outputs - model.discriminator_real_outputs

  return AdversarialLoss(generator, discriminator)


@registry.loss
def relativistic() -> AdversarialLoss:
  """Relativistic average cross-entropy (Jolicoeur-Martineau 2018, arXiv:1807.00734)."""
  return AdversarialLoss(
    _over_global_batch(tfgan.losses.relativistic_generator_loss),
    _over_global_batch(tfgan.losses.relativistic_discriminator_loss),
  )


def _over_global_batch(loss_fn: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
  """`loss_fn` on the logits of all replicas, for losses in which one image's term needs the others.

  Every replica then holds the same scalar, so dividing by the number of replicas and adding their
  gradients gives the gradient of the global batch, as for losses that are plain means.
  """

  def over_global_batch(model: GANTuple, **kwargs: object) -> tf.Tensor:
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
      model = model._replace(
        discriminator_real_outputs=replica.all_gather(model.discriminator_real_outputs, axis=0),
        discriminator_gen_outputs=replica.all_gather(model.discriminator_gen_outputs, axis=0),
      )
    # The relativistic functions are the only ones of TF-GAN without these two options.
    return loss_fn(model)

  return over_global_batch
