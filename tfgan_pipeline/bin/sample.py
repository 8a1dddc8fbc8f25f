"""Writes a PNG grid of samples from a run's checkpoint.

tfgan-sample --model_dir=/tmp/run --output=/tmp/samples.png --count=64 --sample_seed=1
tfgan-sample --model_dir=/tmp/run --output=/tmp/digits.png --labels=0-9    # a column per class
tfgan-sample --model_dir=/tmp/run --output=/tmp/axes.png --traverse=12     # a row per latent axis
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.experiment import Experiment

FLAGS = flags.FLAGS


def main() -> None:
  if not FLAGS.output:
    raise UsageError('--output: say which PNG file to write')
  for name in ('labels', 'count'):
    if FLAGS.traverse and FLAGS[name].present:
      raise UsageError(f'--{name}: not with --traverse, whose rows are latent axes')
  classes = _classes(FLAGS.labels)
  columns = FLAGS.columns or FLAGS.traverse or len(classes)
  count = 8 * len(classes) if classes and not FLAGS['count'].present else FLAGS.count

  from tfgan_pipeline import images
  from tfgan_pipeline.generation import GeneratorSampler
  from tfgan_pipeline.run_directory import RunDirectory
  from tfgan_pipeline.whole_files import writing

  run_directory = RunDirectory(FLAGS.model_dir)
  sampler = GeneratorSampler(run_directory, run_directory.read_experiment(), weights=FLAGS.weights)
  step = sampler.restore(FLAGS.step)
  if FLAGS.traverse:
    pictures = sampler.traversal(FLAGS.sample_seed, FLAGS.traverse)
  else:
    labels = [classes[index % len(classes)] for index in range(count)] if classes else None
    pictures = sampler.images(range(count), FLAGS.sample_seed, labels)
  with writing(FLAGS.output):
    images.write_png(FLAGS.output, images.enlarge(images.grid(pictures, columns=columns)))
  command_line.print_result(
    {
      'output': FLAGS.output,
      'step': step,
      'weights': sampler.weights,
      'count': len(pictures),
      'sample_seed': FLAGS.sample_seed,
    }
  )


def _classes(text: str) -> list[int]:
  """'0-3,7' as 0, 1, 2, 3, 7."""
  classes = []
  for part in filter(None, text.split(',')):
    first, _, last = part.strip().partition('-')
    if not first.isdigit() or not (last or first).isdigit():
      raise UsageError(f'--labels={text}: should be like 0-9 or 3,5')
    classes += range(int(first), int(last or first) + 1)
  return classes


def run() -> None:
  Experiment.define_flags(only=('model_dir',))
  flags.DEFINE_string('output', '', 'The PNG file to write; may be gs://.')
  flags.DEFINE_integer('count', 64, 'How many samples.', lower_bound=1)
  flags.DEFINE_integer('columns', 0, 'How many side by side; 0 makes a square.', lower_bound=0)
  flags.DEFINE_integer('sample_seed', 0, 'Sample i depends on the seed and i alone.', lower_bound=0)
  flags.DEFINE_string(
    'labels', '', 'Classes to generate in turn, one per column, as in 0-9 or 3,5.'
  )
  flags.DEFINE_integer(
    'traverse', 0, 'Show so many steps along each latent axis or code instead.', lower_bound=0
  )
  flags.DEFINE_integer('step', None, 'The checkpoint; default: the newest.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
