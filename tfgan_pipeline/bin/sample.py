"""Writes a PNG grid of samples from a run's checkpoint.

tfgan-sample --model_dir=/tmp/run --output=/tmp/samples.png --count=64 --sample_seed=1
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.experiment import Experiment

FLAGS = flags.FLAGS


def main() -> None:
  if not FLAGS.output:
    raise UsageError('--output: say which PNG file to write')

  from tfgan_pipeline import images
  from tfgan_pipeline.generation import GeneratorSampler
  from tfgan_pipeline.run_directory import RunDirectory
  from tfgan_pipeline.whole_files import writing

  run_directory = RunDirectory(FLAGS.model_dir)
  sampler = GeneratorSampler(run_directory, run_directory.read_experiment(), weights=FLAGS.weights)
  step = sampler.restore(FLAGS.step)
  pictures = sampler.images(range(FLAGS.count), FLAGS.sample_seed)
  with writing(FLAGS.output):
    images.write_png(FLAGS.output, images.enlarge(images.grid(pictures, columns=FLAGS.columns)))
  command_line.print_result(
    {
      'output': FLAGS.output,
      'step': step,
      'weights': sampler.weights,
      'count': FLAGS.count,
      'sample_seed': FLAGS.sample_seed,
    }
  )


def run() -> None:
  Experiment.define_flags(only=('model_dir',))
  flags.DEFINE_string('output', '', 'The PNG file to write; may be gs://.')
  flags.DEFINE_integer('count', 64, 'How many samples.', lower_bound=1)
  flags.DEFINE_integer('columns', 0, 'How many side by side; 0 makes a square.', lower_bound=0)
  flags.DEFINE_integer('sample_seed', 0, 'Sample i depends on the seed and i alone.', lower_bound=0)
  flags.DEFINE_integer('step', None, 'The checkpoint; default: the newest.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
