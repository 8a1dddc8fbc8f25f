"""Checks the scores that this installation computes against values known beforehand.

    tfgan-verify
    tfgan-verify --inception=/tmp/inception --cifar10="tfds(cifar10)" --data_dir=/data

The first command takes seconds and needs no files. The second checks published scores, too, with
the Inception network of 2015 and the original CIFAR-10. Prints a table on stdout; exit code 1 if a
fact does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import CheckFailed

if TYPE_CHECKING:
  from tfgan_pipeline.metrics.features import Features

FLAGS = flags.FLAGS


def main() -> None:
  """Checks all facts and prints a table; raises CheckFailed if one does not hold."""
  options = EvaluationOptions(cache_dir=FLAGS.cache_dir)
  dataset, _ = command_line.read_dataset(FLAGS.cifar10) if FLAGS.cifar10 else (None, '')

  from tfgan_pipeline import registry
  from tfgan_pipeline.extractors.base import ExtractorContext
  from tfgan_pipeline.references.features_cache import reference_features
  from tfgan_pipeline.verification.cifar10 import cifar10_facts
  from tfgan_pipeline.verification.exact import exact_facts
  from tfgan_pipeline.verification.facts import Skip, as_table, check

  if dataset and FLAGS.inception:
    context = ExtractorContext(dataset, options.cache_path)
    extractor = registry.extractor.build(f'inception({FLAGS.inception!r})', context)

  def features_of(split: str) -> Features:
    if not FLAGS.inception:
      raise Skip('needs the Inception network of 2015: --inception=PATH')
    if not dataset:
      raise Skip('needs the original images: --cifar10="tfds(cifar10)" --data_dir=DIR')
    return reference_features(dataset, split, extractor, options.cache_path)

  outcomes = [check(fact) for fact in [*exact_facts(), *cifar10_facts(features_of)]]
  print(as_table(outcomes), flush=True)
  failures = [outcome.fact.name for outcome in outcomes if outcome.state == 'FAILED']
  if failures:
    raise CheckFailed(
      f'{len(failures)} of {len(outcomes)} facts do not hold: {"; ".join(failures)}'
    )


def run() -> None:
  """Defines the flags of tfgan-verify and runs `main`."""
  Experiment.define_flags(only=('data_dir', 'memory_limit_gb'))
  EvaluationOptions.define_flags(only=('cache_dir',))
  command_line.define_path('inception', 'As path of the extractor: where the network of 2015 is.')
  flags.DEFINE_string('cifar10', '', 'The original CIFAR-10 as a data set, such as tfds(cifar10).')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
