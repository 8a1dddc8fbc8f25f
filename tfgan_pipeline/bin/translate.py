"""Translates pictures of any size by a run that was trained from images to images.

tfgan-translate --model_dir=/tmp/run --input=~/photographs --output_dir=/tmp/paintings
tfgan-translate --model_dir=/tmp/run --input="~/p/*.jpg" --output_dir=/tmp/out --task=b_to_a
tfgan-translate --model_dir=/tmp/run --input=~/large.tif --output_dir=/tmp/out --tile=512
tfgan-translate --model_dir=/tmp/faces --input=~/p --output_dir=/tmp/out --attributes=blond,young

A picture that cannot be read is named and passed over; exit code 1 says that there was one. What is
there already and was made of equal things is not made again.
"""

from __future__ import annotations

import os

from absl import flags

from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import CheckFailed, UsageError, listed
from tfgan_pipeline.runs import files

FLAGS = flags.FLAGS
_LISTED = 5  # Broken pictures that the last line names.


def main() -> None:
  """Writes the outputs of the pictures that the flags name, and prints how many."""
  for name in ('input', 'output_dir'):
    if not getattr(FLAGS, name):
      raise UsageError(f'--{name}: say which pictures to read, and which folder to write')
  checked_step(FLAGS.step)
  if FLAGS.size == 'trained':
    command_line.refuse('tile', 'overlap', because='only with --size=stored, which has tiles')
  if files.is_local(FLAGS.output_dir) and os.path.isfile(FLAGS.output_dir):
    raise UsageError(f'--output_dir={FLAGS.output_dir}: is a file; name a folder')
  early.require_sources()
  early.require_run(FLAGS.model_dir, labels=FLAGS.labels)

  from tfgan_pipeline.data.folders.reading import reading_of
  from tfgan_pipeline.sampling.any_size import AnySize
  from tfgan_pipeline.sampling.asked_class import asked_class
  from tfgan_pipeline.sampling.sources import find_sources
  from tfgan_pipeline.sampling.translated_pictures import translate_pictures
  from tfgan_pipeline.sampling.translation import open_translator

  sources = find_sources(FLAGS.input, FLAGS.output_dir)
  translator = open_translator(
    FLAGS.model_dir,
    FLAGS.task,
    step=FLAGS.step,
    weights=FLAGS.weights,
    strategy=command_line.devices(),
    flag='--input',
  )
  asked = asked_class(translator, labels=FLAGS.labels, attributes=FLAGS.attributes)
  tiles = {'tile': FLAGS.tile, 'overlap': FLAGS.overlap}
  whole = AnySize(translator, seed=FLAGS.sample_seed, given=asked, **tiles)
  run = translator.restored.run
  facts = {'task': translator.task.name, 'step': translator.step, 'weights': translator.weights}
  summary = translate_pictures(
    whole,
    sources,
    FLAGS.output_dir,
    size=FLAGS.size,
    reading=reading_of(run.read_experiment().dataset, translator.task.source),
    settings={
      **facts,
      **tiles,
      **{name: value.tolist() for name, value in asked.items()},
      'run': run.run_id,
      'seed': FLAGS.sample_seed,
    },
  )
  broken = list(summary.broken)
  counts = {'made': summary.made, 'there': summary.there, 'broken': len(broken)}
  command_line.print_result({'output_dir': FLAGS.output_dir, **facts, **counts})
  if broken:
    raise CheckFailed(
      f'--input={FLAGS.input}: {len(broken)} of {len(sources.names)} pictures cannot be read: '
      f'{listed(broken, _LISTED)}'
    )


def run() -> None:
  """Defines the flags of tfgan-translate and runs `main`."""
  Experiment.define_flags(only=('model_dir',))
  command_line.define_path(
    'input',
    'The pictures: a folder with all below it, a pattern as in "p/*.jpg", or a file; may be gs://.',
  )
  command_line.define_path(
    'output_dir', 'The folder to write a PNG file into for each, under its name; may be gs://.'
  )
  flags.DEFINE_string('task', '', 'The direction, such as b_to_a; default: the first of the game.')
  flags.DEFINE_string(
    'labels', '', 'The class of outputs, for games that are told one: --labels=dark.'
  )
  flags.DEFINE_string(
    'attributes',
    '',
    'The attributes of outputs, for games that are told them, as in blond,young; they have no '
    'others. none: not any.',
  )
  flags.DEFINE_enum(
    'size',
    'stored',
    ('stored', 'trained'),
    'Pictures keep their size, or are resized as those of the training were.',
  )
  flags.DEFINE_integer(
    'tile',
    0,
    'Make larger pictures in tiles of so many pixels a side; 0: of 512, if a picture has more than '
    'a million pixels.',
    lower_bound=0,
  )
  flags.DEFINE_integer(
    'overlap',
    None,
    'How many pixels tiles share, over which they blend; default: twice as many as outputs depend '
    'on, or a quarter of a tile if that is all.',
    lower_bound=0,
  )
  flags.DEFINE_integer(
    'sample_seed', 0, 'Seed of what is random in outputs.', lower_bound=0, upper_bound=2**31 - 1
  )
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.define_devices('translate')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
