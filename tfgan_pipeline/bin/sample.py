"""Writes samples of one run, or of several in turn, as a grid in one PNG or a folder of PNG files.

tfgan-sample --model_dir=/tmp/run --output=/tmp/samples.png --count=64 --sample_seed=1
tfgan-sample --model_dir=/tmp/run --output=/tmp/digits.png --labels=0-9    # a column per class
tfgan-sample --model_dir=/tmp/run --output=/tmp/pets.png --labels=cat,dog  # classes by name
tfgan-sample --model_dir=/tmp/run --output=/tmp/axes.png --traverse=12     # a row per latent axis
tfgan-sample --model_dir=/tmp/run --output=/tmp/paths.png --interpolate=12  # from sample to sample
tfgan-sample --model_dir="/tmp/seed*" --images_dir=/tmp/fakes --count=50000     # of several runs
tfgan-sample --model_dir=/tmp/run --task=a_to_b --input_dir=/data --images_dir=/tmp/translated
"""

import os

from absl import flags

from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError

FLAGS = flags.FLAGS


def main() -> None:
  """Writes the samples that the flags ask for, and prints where and how many."""
  checked_step(FLAGS.step)
  if FLAGS.input_dir:
    noise = ('columns', 'traverse', 'interpolate', 'labels')
    command_line.refuse(*noise, because='not with --input_dir')
  if FLAGS.images_dir:
    grid = ('output', 'columns', 'traverse', 'interpolate')
    command_line.refuse(*grid, because='not with --images_dir')
  elif not FLAGS.output:
    raise UsageError('--output: say which PNG file to write, or with --images_dir which folder')
  if FLAGS.output:
    stem, extension = os.path.splitext(FLAGS.output)
    if extension.lower() not in ('', '.png'):
      raise UsageError(f'--output={FLAGS.output}: is written as PNG; name it {stem}.png')
    command_line.require_folder_of(FLAGS.output)
  if FLAGS.traverse and not FLAGS.input_dir:
    others = ('labels', 'count', 'interpolate')
    command_line.refuse(*others, because='not with --traverse, whose rows are axes')
  early.require_sources()
  early.require_run(FLAGS.model_dir, labels=FLAGS.labels)
  if FLAGS.input_dir:
    return _translate()

  from tfgan_pipeline.sampling import files
  from tfgan_pipeline.sampling.ensemble import Ensemble

  ensemble = Ensemble(
    FLAGS.model_dir, FLAGS.task, step=FLAGS.step, weights=FLAGS.weights, labels=FLAGS.labels
  )
  common = dict(seed=FLAGS.sample_seed, count=FLAGS.count)
  if FLAGS.images_dir:
    target = {'images_dir': FLAGS.images_dir}
    count = files.write_folder(FLAGS.images_dir, ensemble, **common)
  else:
    target = {'output': FLAGS.output}
    count = files.write_grid(
      FLAGS.output,
      ensemble,
      **common,
      columns=FLAGS.columns,
      traverse=FLAGS.traverse,
      interpolate=FLAGS.interpolate,
    )
  command_line.print_result(
    {**target, 'runs': ensemble.members, 'count': count, 'sample_seed': FLAGS.sample_seed}
  )


def _translate() -> None:
  """Writes the outputs of --task for the pictures in --input_dir, and prints facts about them."""
  from tfgan_pipeline.sampling import translation

  translator = translation.open_translator(
    FLAGS.model_dir, FLAGS.task, step=FLAGS.step, weights=FLAGS.weights
  )
  target = {'images_dir': FLAGS.images_dir} if FLAGS.images_dir else {'output': FLAGS.output}
  count = translation.translate_folder(
    translator, FLAGS.input_dir, seed=FLAGS.sample_seed, count=FLAGS.count, **target
  )
  facts = {'task': translator.task.name, 'step': translator.step, 'weights': translator.weights}
  command_line.print_result({**target, **facts, 'count': count})


def run() -> None:
  """Defines the flags of tfgan-sample and runs `main`."""
  Experiment.define_flags(only=('model_dir',))
  command_line.define_path('output', 'The PNG file to write; may be gs://.')
  command_line.define_path(
    'images_dir',
    'The folder to write 000000.png and so on into instead; may be gs://. What is there already is '
    'not made again.',
  )
  flags.DEFINE_string(
    'task',
    '',
    'What the game is asked for, such as a_to_b, where it has several; default: the first.',
  )
  command_line.define_path(
    'input_dir', 'The folder of pictures that a task such as a_to_b reads; may be gs://.'
  )
  flags.DEFINE_integer(
    'count',
    None,
    'How many samples; default: eight of each class asked for, else 64, or in a picture of points '
    '2,048. With --interpolate, how many rows; default: 8, or one for each class.',
    lower_bound=1,
  )
  flags.DEFINE_integer('columns', 0, 'How many side by side; 0: as many as rows.', lower_bound=0)
  flags.DEFINE_integer(
    'sample_seed',
    0,
    'Sample i depends on the seed and i alone.',
    lower_bound=0,
    upper_bound=2**31 - 1,
  )
  flags.DEFINE_string(
    'labels',
    '',
    'Classes to generate in turn, one per column, by name or number, as in cat,dog or 0-9 or 3,5.',
  )
  flags.DEFINE_integer(
    'traverse', 0, 'Show so many steps along each latent axis or code instead.', lower_bound=0
  )
  flags.DEFINE_integer(
    'interpolate',
    0,
    'Show so many steps from each sample to the next instead, with a class to each row.',
    lower_bound=0,
  )
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
