"""Adversarial losses; TF-GAN's own where it has them.

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
  """Losses of both players in TF-GAN's tuple form: `(gan_model, **kwargs) -> scalar`.

  Attributes:
    generator: Loss of the generator.
    discriminator: Loss of the discriminator.
    has_border: Whether the sign of a logit tells real from generated. In other losses only
      differences of logits matter, or the border is not at 0.
    needs_bound: Whether the loss of the discriminator has no minimum unless its slope is bounded.
  """

  generator: Callable[..., tf.Tensor]
  discriminator: Callable[..., tf.Tensor]
  has_border: bool = False
  needs_bound: bool = False


@registry.loss
def minimax(
  *, label_smoothing: float = 0.0, two_sided: bool = False, label_noise: float = 0.0
) -> AdversarialLoss:
  """Cross-entropy, the generator minimising log(1 - D(G(z))) (Goodfellow et al. 2014).

  arXiv:1406.2661, equation 1.

  Args:
    label_smoothing: Smoothing s of the discriminator's labels alone, in TF-GAN's measure: the label
      of real images becomes 1 - s / 2.
    two_sided: Whether the label of generated images becomes s / 2; it stays 0 otherwise.
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

  Goodfellow et al. 2014 (arXiv:1406.2661), section 3.

  Args:
    label_smoothing: Smoothing s of the discriminator's labels alone, in TF-GAN's measure: the label
      of real images becomes 1 - s / 2.
    two_sided: Whether the label of generated images becomes s / 2; it stays 0 otherwise.
    label_noise: Probability that the discriminator is told the other label of an image.
  """
  return AdversarialLoss(
    # TF-GAN would smooth the generator's label too, which reverses the gradient above that label.
    functools.partial(tfgan.losses.modified_generator_loss, label_smoothing=0.0),
    _cross_entropy(label_smoothing, two_sided, label_noise),
    has_border=True,
  )


def _cross_entropy(
  label_smoothing: float, two_sided: bool, label_noise: float
) -> Callable[..., tf.Tensor]:
  """Returns the discriminator's loss: TF-GAN's own if that has the options asked for."""
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
        # One draw per image, [n, 1, ..., 1].
        wrong = randomness.uniform([logits.shape[0]] + [1] * (logits.shape.rank - 1)) < label_noise
        labels = tf.where(wrong, other, labels)
      total += tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
    return total

  return loss


@registry.loss
def least_squares(*, real_label: float = 1.0, generated_label: float = 0.0) -> AdversarialLoss:
  """Squared distance of logits from labels (LSGAN, Mao et al. 2017, arXiv:1611.04076).

  Args:
    real_label: Label of real images, and of generated images in the generator's loss.
    generated_label: Label of generated images in the discriminator's loss.
  """
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
  """Difference of mean logits; needs clip_weights or a gradient penalty (Arjovsky et al. 2017)."""
  return AdversarialLoss(
    tfgan.losses.wasserstein_generator_loss,
    tfgan.losses.wasserstein_discriminator_loss,
    needs_bound=True,
  )


@registry.loss
def wasserstein_hinge(*, real_hinge: float = 1.0, generated_hinge: float = 1.0) -> AdversarialLoss:
  """Hinge loss: real logits count below 1, generated ones above -1 (Lim and Ye 2017).

  Miyato et al. 2018 (arXiv:1802.05957), equations 16 and 17.

  Args:
    real_hinge: Real logits above this number do not count.
    generated_hinge: Generated logits below minus this number do not count.
  """
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
  """Cross-entropy of differences between the logits of a real and a generated image (RpGAN).

  Jolicoeur-Martineau 2018 (arXiv:1807.00734); the loss of R3GAN (arXiv:2501.05441).
  """

  def generator(model: GANTuple) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.softplus(-_lead(model)))

  def discriminator(model: GANTuple) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.softplus(_lead(model)))

  def _lead(model: GANTuple) -> tf.Tensor:
    return model.discriminator_gen_outputs - model.discriminator_real_outputs

  return AdversarialLoss(generator, discriminator)


@registry.loss
def relativistic() -> AdversarialLoss:
  """Cross-entropy of differences between logits and the mean logit of the other kind (RaGAN).

  Relativistic average GAN, Jolicoeur-Martineau 2018 (arXiv:1807.00734).
  """
  return AdversarialLoss(
    _gather_logits(tfgan.losses.relativistic_generator_loss),
    _gather_logits(tfgan.losses.relativistic_discriminator_loss),
  )


def _gather_logits(loss_fn: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
  """Returns `loss_fn` on the logits of all replicas, for losses in which a term needs other images.

  Every replica then holds the same scalar, so dividing by the number of replicas and adding the
  gradients gives the gradient of the global batch, as for losses that are plain means.
  """

  def over_global_batch(model: GANTuple, **kwargs: object) -> tf.Tensor:
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
      model = model._replace(
        discriminator_real_outputs=replica.all_gather(model.discriminator_real_outputs, axis=0),
        discriminator_gen_outputs=replica.all_gather(model.discriminator_gen_outputs, axis=0),
      )
    # Unlike its other losses, TF-GAN's relativistic ones do not take the options in kwargs.
    return loss_fn(model)

  return over_global_batch
