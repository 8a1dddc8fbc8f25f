"""Scores one checkpoint of a run, or watches the run and scores each as it appears.

    tfgan-evaluate --model_dir=/tmp/run
    tfgan-evaluate --model_dir=/tmp/run --watch --metrics="fid, kid(subsets=20)"

Each score is one JSON line on stdout, in model_dir/eval/<name>/scores.jsonl, and in TensorBoard.
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.experiment import RELOCATABLE, Experiment

FLAGS = flags.FLAGS


def main() -> None:
  options = EvaluationOptions.from_flags(FLAGS)
  if FLAGS.watch and FLAGS.step is not None:
    raise UsageError('--step: not with --watch, which takes every step')

  from tfgan_pipeline.estimator import GANEstimator
  from tfgan_pipeline.run_directory import RunDirectory

  if FLAGS.watch:
    RunDirectory(FLAGS.model_dir).wait(FLAGS.timeout_minutes * 60)
  overrides = {name: getattr(FLAGS, name) for name in RELOCATABLE}
  estimator = GANEstimator.of_run(**overrides)
  if FLAGS.watch:
    for record in estimator.evaluator(options).watch(timeout_seconds=FLAGS.timeout_minutes * 60):
      command_line.print_result(record)
  else:
    command_line.print_result(estimator.evaluate(FLAGS.step, options))


def run() -> None:
  Experiment.define_flags(only=RELOCATABLE, recorded=True)
  EvaluationOptions.define_flags()
  flags.DEFINE_integer('step', None, 'The checkpoint to score; default: the newest.')
  flags.DEFINE_bool('watch', False, 'Score every checkpoint in order until the run is done.')
  flags.DEFINE_float(
    'timeout_minutes',
    0,
    'With --watch, stop when nothing new came for so long; 0 waits for ever.',
    lower_bound=0,
  )
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
