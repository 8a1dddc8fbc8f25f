"""Trains a run, or continues it.

tfgan-train --flagfile=flags/digits_dcgan.flags --model_dir=/tmp/run
tfgan-train --flagfile=/tmp/run/experiment.flags            # again, or resumed
"""

import time

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS
_BORN = time.monotonic()  # The process, nearly: batch systems end processes by their age.


def main() -> None:
  experiment = Experiment.from_flags(FLAGS)
  options = EvaluationOptions.from_flags(FLAGS)

  from tfgan_pipeline.estimator import GANEstimator, train_and_evaluate

  estimator = GANEstimator(experiment)
  if FLAGS.dry_run:
    print(estimator.summary())
  elif FLAGS.evaluate:
    train_and_evaluate(estimator, options, on_record=command_line.print_result, since=_BORN)
  else:
    estimator.train(since=_BORN)


def run() -> None:
  Experiment.define_flags()
  EvaluationOptions.define_flags()
  flags.DEFINE_bool('dry_run', False, 'Print the resolved experiment and its networks; do nothing.')
  flags.DEFINE_bool(
    'evaluate',
    False,
    'Score each checkpoint when it is made, in this process; '
    'tfgan-evaluate does it beside the training.',
  )
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
