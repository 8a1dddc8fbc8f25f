"""Writes the generator of a run's checkpoint as a SavedModel.

tfgan-export --model_dir=/tmp/run --output=/tmp/generator
python -c "import tensorflow as tf; print(tf.saved_model.load('/tmp/generator').generate(16, 0))"
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

FLAGS = flags.FLAGS


def main() -> None:
  """Writes the SavedModel and prints its path."""
  if not FLAGS.output:
    raise UsageError('--output: say which directory to write')
  checked_step(FLAGS.step)
  names = files.names_in(FLAGS.output)
  if names and 'saved_model.pb' not in names:
    raise UsageError(
      f'--output={FLAGS.output}: holds other files, such as {names[0]}; name a new folder'
    )

  from tfgan_pipeline.estimator import GANEstimator

  estimator = GANEstimator.of_run(FLAGS.model_dir)
  estimator.export_saved_model(FLAGS.output, step=FLAGS.step)
  command_line.print_result({'output': FLAGS.output})


def run() -> None:
  """Defines the flags of tfgan-export and runs `main`."""
  Experiment.define_flags(only=('model_dir',))
  command_line.define_path('output', 'The directory to write; may be gs://.')
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
