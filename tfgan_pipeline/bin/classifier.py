"""Trains and caches the network whose features score a data set, ahead of an evaluation.

    tfgan-classifier --dataset="tfds(mnist)" --data_dir=/data

Data of two classes or more gets a classifier, other data a network that learns without labels; any
other --extractor is built as an evaluation would.
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS


def main() -> None:
  """Trains the network, or takes it from the cache, and prints facts about it."""
  options = EvaluationOptions(extractor=FLAGS.extractor, cache_dir=FLAGS.cache_dir)
  dataset, _ = command_line.read_dataset(FLAGS.dataset)

  from tfgan_pipeline import registry
  from tfgan_pipeline.extractors.base import ExtractorContext

  extractor = registry.extractor.build(
    options.extractor, ExtractorContext(dataset, options.cache_path)
  )
  command_line.print_result(extractor.facts)


def run() -> None:
  """Defines the flags of tfgan-classifier and runs `main`."""
  Experiment.define_flags(only=('dataset', 'data_dir', 'memory_limit_gb'))
  EvaluationOptions.define_flags(only=('extractor', 'cache_dir'))
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
