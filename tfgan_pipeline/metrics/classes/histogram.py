"""Class frequencies of generated samples, compared with those of real ones."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import higher_is_better, lower_is_better


@registry.metric
@lower_is_better('class_tv', 'class_kl', 'class_js', 'class_emd')
@higher_is_better('modes_covered')
def class_histogram(reference: Features, generated: Features) -> dict[str, float]:
  """Modes covered, and distances between the class frequencies of generated and real samples.

  Classes are those that the extractor takes samples for, on both sides, so that its mistakes affect
  both alike and requested classes do not count. Labels are used if a set has no logits.

  The Kullback-Leibler divergence is that of the generated from the real frequencies. A class
  without real samples would make it infinite, so half a sample is added to each real count. The
  earth mover's distance treats class indexes as places on a line, which is meaningful for ordered
  classes only; were all classes equally far apart it would be the total variation. (TF-GAN and
  compare_gan have neither.)

  Args:
    reference: N real samples with logits or labels.
    generated: M generated samples with logits or labels.

  Returns:
    modes_covered: Number of classes that any generated sample has.
    modes: Number of classes that any sample has, generated or real.
    class_tv: Total variation, half the sum of absolute differences, between 0 and 1.
    class_kl: Kullback-Leibler divergence, in nats.
    class_js: Jensen-Shannon divergence, in nats, between 0 and log 2.
    class_emd: Earth mover's distance, in class indexes.

  Raises:
    UsageError: A set has neither logits nor labels.
  """
  real, fake = _classes(reference, generated)
  size = int(max(real.max(), fake.max())) + 1
  real, fake = np.bincount(real, minlength=size), np.bincount(fake, minlength=size)
  # Classes that occur in either set, bool [classes].
  support = (real > 0) | (fake > 0)
  p, q = real / real.sum(), fake / fake.sum()
  smooth = (real[support] + 0.5) / (real[support] + 0.5).sum()
  return {
    'modes_covered': float(np.count_nonzero(fake)),
    'modes': float(np.count_nonzero(support)),
    'class_tv': float(np.abs(p - q).sum() / 2),
    'class_kl': _divergence(q[support], smooth),
    'class_js': (_divergence(p, (p + q) / 2) + _divergence(q, (p + q) / 2)) / 2,
    'class_emd': float(np.abs(np.cumsum(p - q)).sum()),
  }


def _classes(reference: Features, generated: Features) -> tuple[np.ndarray, np.ndarray]:
  if reference.logits is None or generated.logits is None:
    return reference.classes(), generated.classes()
  return reference.logits.argmax(axis=1), generated.logits.argmax(axis=1)


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
  """Returns the sum of p log(p / q), where 0 log 0 is 0."""
  p, q = p[p > 0], q[p > 0]
  return float(np.sum(p * (np.log(p) - np.log(q))))
