"""Trains a run on by JAX, which drives the step that TensorFlow has exported.

tfgan-run-exported --model_dir=/tmp/run --steps=1000 --output_dir=/tmp/on
tfgan-run-exported --model_dir=/tmp/run --steps=1000 --output_dir=/tmp/on --replicas=8

The way to accelerators that TensorFlow does not reach: the devices are those that JAX finds.
Weights, data and random numbers are the run's, so that the result is the trainer's but for
rounding. What is written is a run of its own, with one checkpoint.
"""

from absl import flags

from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.experiment import Experiment

FLAGS = flags.FLAGS


def main() -> None:
  """Makes the steps, writes the new run and prints how fast it was."""
  early.require_run(FLAGS.model_dir)

  from tfgan_pipeline.data.data_of_run import data_trained_on
  from tfgan_pipeline.runs import derived
  from tfgan_pipeline.runs.directory import RunDirectory
  from tfgan_pipeline.tpu import exported_run

  derived.new_target(FLAGS.output_dir)
  exported_run.require()
  run = RunDirectory(FLAGS.model_dir)
  experiment = run.find_data(run.read_experiment(data_dir=FLAGS.data_dir or None))
  result = exported_run.run_exported(
    run,
    experiment,
    data_trained_on(run, experiment),
    steps=FLAGS.steps,
    replicas=FLAGS.replicas,
    output_dir=FLAGS.output_dir,
  )
  command_line.print_result(result)


def run() -> None:
  """Defines the flags of tfgan-run-exported and runs `main`."""
  Experiment.define_flags(only=('model_dir', 'data_dir'))
  command_line.define_path('output_dir', 'The folder of the new run; may be gs://.')
  flags.DEFINE_integer('steps', 100, 'How many steps to make.', lower_bound=1)
  flags.DEFINE_integer('replicas', 1, 'Devices of JAX that share the batch.', lower_bound=1)
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
