"""Starts the training of a run, or continues it from the newest checkpoint.

tfgan-train --preset=digits_dcgan --model_dir=/tmp/run
tfgan-train --model_dir=/tmp/run                            # again, or resumed
tfgan-train --model_dir=/tmp/run --max_steps=20000          # and on
"""

import dataclasses
import logging
import sys
import time

from absl import flags

from tfgan_pipeline.bin import command_line, early, next_steps, presets
from tfgan_pipeline.config.durations import DURATIONS, prefer_command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS
_log = logging.getLogger('tfgan_pipeline.bin.train')
_START = time.monotonic()  # About when the process started: batch systems limit its age.


def main() -> None:
  """Trains the run that the flags describe; prints its summary instead with --dry_run."""
  if not FLAGS.evaluate:
    early.require_scoring(sys.argv[1:])
  prefer_command_line(FLAGS, sys.argv[1:])
  experiment = Experiment.from_flags(FLAGS)  # Refuses wrong flags before TensorFlow is loaded.
  options = EvaluationOptions.from_flags(FLAGS)
  if not FLAGS.evaluate:
    way_out = 'only with --evaluate; tfgan-evaluate --watch has the flag for trainings beside it'
    command_line.refuse('stop_when', because=way_out)
  elif FLAGS.stop_when:
    early.require_stop_rule(FLAGS.stop_when)
  early.require_sources()

  from tfgan_pipeline.runs.directory import RunDirectory

  if (run := RunDirectory(experiment.model_dir)).exists():
    # What is not given is as in the run. Made anew, since its components must be known to train.
    experiment = dataclasses.replace(run.read_experiment(**Experiment.given_flags(FLAGS)))
  elif set(Experiment.given_flags(FLAGS)) <= {'model_dir', 'max_hours', *DURATIONS}:
    early.refuse_name_like_of_run(experiment.model_dir)
  early.require_trackers(experiment.also_log)
  early.require_experiment_data(experiment)

  from tfgan_pipeline.estimator import GANEstimator, train_and_evaluate
  from tfgan_pipeline.models.build import new_game
  from tfgan_pipeline.runs.checkpoints import Checkpoints

  estimator = GANEstimator(experiment, change=FLAGS.change)
  if FLAGS.dry_run:
    return print(estimator.summary())
  if FLAGS.evaluate:
    train_and_evaluate(
      estimator,
      options,
      stop_when=FLAGS.stop_when,
      on_record=command_line.print_result,
      since=_START,
    )
  else:
    estimator.train(since=_START)
  step, seconds = max(Checkpoints(run.checkpoints).steps()), time.monotonic() - _START
  reads_noise = new_game(estimator.experiment, estimator.dataset.fields).task().samples_noise
  facts = {'scored': FLAGS.evaluate, 'reads_pictures': not reads_noise}
  _log.info('%s', next_steps.finished(estimator.experiment, step, seconds, **facts))


def run() -> None:
  """Defines the flags of tfgan-train and runs `main`."""
  Experiment.define_flags()
  EvaluationOptions.define_flags()
  presets.define_flag()
  flags.DEFINE_bool('dry_run', False, 'Print the resolved experiment and its networks; do nothing.')
  flags.DEFINE_bool(
    'evaluate',
    False,
    'Score each checkpoint when it is made, in this process; '
    'tfgan-evaluate does it beside the training.',
  )
  command_line.define_stop_when()
  flags.DEFINE_string(
    'change',
    '',
    'Settings that the run in --model_dir changes from here on, as in batch_size,augment; data: '
    'pictures were added, changed or deleted. Recorded in experiment.json.',
  )
  command_line.run(main, __doc__, help_lines=150)


if __name__ == '__main__':
  run()
