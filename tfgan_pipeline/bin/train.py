"""Starts the training of a run, or continues it from the newest checkpoint.

tfgan-train --flagfile=flags/digits_dcgan.flags --model_dir=/tmp/run
tfgan-train --flagfile=/tmp/run/experiment.flags            # again, or resumed
"""

import time

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS
_START = time.monotonic()  # About when the process started: batch systems limit its age.


def main() -> None:
  """Trains the run that the flags describe; prints its summary instead with --dry_run."""
  experiment = Experiment.from_flags(FLAGS)
  options = EvaluationOptions.from_flags(FLAGS)

  from tfgan_pipeline.estimator import GANEstimator, train_and_evaluate

  estimator = GANEstimator(experiment, change=FLAGS.change)
  if FLAGS.dry_run:
    print(estimator.summary())
  elif FLAGS.evaluate:
    train_and_evaluate(estimator, options, on_record=command_line.print_result, since=_START)
  else:
    estimator.train(since=_START)


def run() -> None:
  """Defines the flags of tfgan-train and runs `main`."""
  Experiment.define_flags()
  EvaluationOptions.define_flags()
  flags.DEFINE_bool('dry_run', False, 'Print the resolved experiment and its networks; do nothing.')
  flags.DEFINE_bool(
    'evaluate',
    False,
    'Score each checkpoint when it is made, in this process; '
    'tfgan-evaluate does it beside the training.',
  )
  flags.DEFINE_string(
    'change',
    '',
    'What may differ from the run in --model_dir: data, whose pictures were added, changed or '
    'deleted. The change is recorded in experiment.json.',
  )
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
