"""Trains and caches the classifier that scores a data set, as evaluation does on first use.

tfgan-classifier --dataset="tfds(mnist)" --data_dir=/data
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.experiment import Experiment

FLAGS = flags.FLAGS


def main() -> None:
  experiment = Experiment(
    dataset=FLAGS.dataset, data_dir=FLAGS.data_dir, memory_limit_gb=FLAGS.memory_limit_gb
  )
  options = EvaluationOptions(extractor=FLAGS.extractor, cache_dir=FLAGS.cache_dir)

  from tfgan_pipeline import registry
  from tfgan_pipeline.data.dataset import DataOptions
  from tfgan_pipeline.evaluation.extractor import ExtractorContext

  dataset = registry.dataset.build(
    experiment.dataset, DataOptions(experiment.data_dir, experiment.memory_limit_gb)
  )
  extractor = registry.extractor.build(
    options.extractor, ExtractorContext(dataset, options.cache_path)
  )
  command_line.print_result(
    {'name': extractor.name, 'fingerprint': extractor.fingerprint, **extractor.details}
  )


def run() -> None:
  Experiment.define_flags(only=('dataset', 'data_dir', 'memory_limit_gb'))
  EvaluationOptions.define_flags(only=('extractor', 'cache_dir'))
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
