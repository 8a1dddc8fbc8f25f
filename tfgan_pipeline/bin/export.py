"""Writes the networks of a run's checkpoint for other programs, with a model card.

tfgan-export --model_dir=/tmp/run --output=/tmp/generator
tfgan-export --model_dir=/tmp/run --output=/tmp/generator --format=savedmodel,litert,onnx
python -c "import tensorflow as tf; print(tf.saved_model.load('/tmp/generator').generate(16, 0))"
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files
from tfgan_pipeline.sampling.exports.formats import FORMATS, checked_formats, require_room

FLAGS = flags.FLAGS


def main() -> None:
  """Writes the folder and prints its path."""
  if not FLAGS.output:
    raise UsageError('--output: say which directory to write')
  checked_step(FLAGS.step)
  require_room(FLAGS.output, files.names_in(FLAGS.output), checked_formats(FLAGS.format))

  from tfgan_pipeline.estimator import GANEstimator

  estimator = GANEstimator.of_run(FLAGS.model_dir)
  estimator.export(FLAGS.output, formats=FLAGS.format, step=FLAGS.step, license=FLAGS.license)
  command_line.print_result({'output': FLAGS.output})


def run() -> None:
  """Defines the flags of tfgan-export and runs `main`."""
  Experiment.define_flags(only=('model_dir',))
  command_line.define_path('output', 'The directory to write; may be gs://.')
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  text = f'What to write: {", ".join(FORMATS)}, or several with commas.'
  flags.DEFINE_string('format', 'savedmodel', text)
  text = 'Licence of the networks for the model card, as hubs name it, such as apache-2.0.'
  flags.DEFINE_string('license', '', text)
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
