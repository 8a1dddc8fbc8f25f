"""Starts the training of a run, or continues it from the newest checkpoint.

tfgan-train --flagfile=flags/digits_dcgan.flags --model_dir=/tmp/run
tfgan-train --flagfile=/tmp/run/experiment.flags            # again, or resumed
"""

import logging
import sys
import time

from absl import flags

from tfgan_pipeline.bin import command_line, early, next_steps
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS
_log = logging.getLogger('tfgan_pipeline.bin.train')
_START = time.monotonic()  # About when the process started: batch systems limit its age.


def main() -> None:
  """Trains the run that the flags describe; prints its summary instead with --dry_run."""
  if not FLAGS.evaluate:
    early.require_scoring(sys.argv[1:])
  experiment = Experiment.from_flags(FLAGS)
  options = EvaluationOptions.from_flags(FLAGS)
  early.require_sources()
  early.require_experiment_data(experiment)

  from tfgan_pipeline.estimator import GANEstimator, train_and_evaluate

  estimator = GANEstimator(experiment, change=FLAGS.change)
  if FLAGS.dry_run:
    return print(estimator.summary())
  if FLAGS.evaluate:
    train_and_evaluate(estimator, options, on_record=command_line.print_result, since=_START)
  else:
    estimator.train(since=_START)
  seconds = time.monotonic() - _START
  _log.info('%s', next_steps.finished(experiment, seconds, scored=FLAGS.evaluate))


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
  command_line.run(main, __doc__, help_lines=150)


if __name__ == '__main__':
  run()
