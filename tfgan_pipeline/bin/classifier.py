"""Trains and caches the classifier that scores a data set, as evaluation does on first use.

tfgan-classifier --dataset="tfds(mnist)" --data_dir=/data
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS


def main() -> None:
  options = EvaluationOptions(extractor=FLAGS.extractor, cache_dir=FLAGS.cache_dir)
  dataset, _ = command_line.read_dataset(FLAGS.dataset)

  from tfgan_pipeline import registry
  from tfgan_pipeline.extractors.base import ExtractorContext

  extractor = registry.extractor.build(
    options.extractor, ExtractorContext(dataset, options.cache_path)
  )
  command_line.print_result(extractor.facts)


def run() -> None:
  Experiment.define_flags(only=('dataset', 'data_dir', 'memory_limit_gb'))
  EvaluationOptions.define_flags(only=('extractor', 'cache_dir'))
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
