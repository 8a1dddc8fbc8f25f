"""Writes samples of one run, or of several in turn, as a picture, a film or a folder of PNG files.

tfgan-sample --model_dir=/tmp/run --output=/tmp/samples.png --count=64 --sample_seed=1
tfgan-sample --model_dir=/tmp/run --output=/tmp/digits.png --labels=0-9    # a column per class
tfgan-sample --model_dir=/tmp/run --output=/tmp/axes.png --traverse=12     # a row per latent axis
tfgan-sample --model_dir=/tmp/run --output=/tmp/walk.gif --interpolate=12  # from sample to sample
tfgan-sample --model_dir=/tmp/run --output=/tmp/film.gif --film    # fixed noise, all checkpoints
tfgan-sample --model_dir=/tmp/run --output=/tmp/sum.png --arithmetic="samples 1,5 - samples 2,7"
tfgan-sample --model_dir=/tmp/run --output=/tmp/red.png --caption="a red circle" --count=8  # words
tfgan-sample --model_dir="/tmp/seed*" --images_dir=/tmp/fakes --count=50000     # of several runs
tfgan-sample --model_dir=/tmp/run --task=a_to_b --input_dir=/data --images_dir=/tmp/translated
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from absl import flags

from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, require

if TYPE_CHECKING:
  from tfgan_pipeline.sampling.ensemble import Ensemble

FLAGS = flags.FLAGS
# Flags that choose what is drawn in place of samples 0, 1, 2 and so on; one of them at most, but
# for the way between latents.
_DRAWN = ('traverse', 'interpolate', 'film', 'arithmetic', 'style_mixing', 'latents')
_CAPTIONS = ('caption', 'captions_file')
_LATENT = ('truncation', 'noise_limit', 'path', 'samples')


def main() -> None:
  """Writes the samples that the flags ask for, and prints where and how many."""
  checked_step(FLAGS.step)
  _check_flags()
  early.require_sources()
  early.require_run(FLAGS.model_dir, labels=FLAGS.labels)
  if FLAGS.input_dir:
    return _translate()

  from tfgan_pipeline.sampling.ensemble import Ensemble
  from tfgan_pipeline.sampling.latent.truncation import Truncation

  if _extension() in ('.gif', '.mp4'):
    from tfgan_pipeline.media import animation

    animation.require_writer(FLAGS.output)
  ensemble = Ensemble(
    FLAGS.model_dir,
    FLAGS.task,
    step=FLAGS.step,
    weights=FLAGS.weights,
    labels=FLAGS.labels,
    truncation=Truncation(FLAGS.truncation, FLAGS.noise_limit),
    path=FLAGS.path,
  )
  target = {'images_dir': FLAGS.images_dir} if FLAGS.images_dir else {'output': FLAGS.output}
  written = _write_captions(ensemble) or _write(ensemble)
  facts = {'runs': ensemble.members, **written, 'sample_seed': FLAGS.sample_seed}
  command_line.print_result({**target, **facts})


def _extension() -> str:
  return os.path.splitext(FLAGS.output)[1].lower()


def _check_flags() -> None:
  """Raises UsageError for flags that do not go together."""
  if FLAGS.input_dir:
    noise = ('columns', 'labels', *_CAPTIONS, *_DRAWN, *_LATENT)
    command_line.refuse(*noise, because='not with --input_dir')
  if FLAGS.images_dir:
    grid = ('output', 'columns', 'samples', *_DRAWN)
    command_line.refuse(*grid, because='not with --images_dir')
  elif not FLAGS.output:
    raise UsageError('--output: say which PNG file to write, or with --images_dir which folder')
  if FLAGS.output:
    _check_output()
  if FLAGS.caption or FLAGS.captions_file:
    others = ('labels', 'columns', *_DRAWN, *_LATENT)
    command_line.refuse(*others, because='not with captions, which have a row of samples each')
  if FLAGS.style_mixing:
    because = 'not with --style_mixing, which takes whole styles'
    command_line.refuse('truncation', 'noise_limit', because=because)
  if FLAGS.traverse and not FLAGS.input_dir:
    others = ('labels', 'count', 'samples')
    because = 'not with --traverse, whose rows are axes'
    command_line.refuse('interpolate', *others, because=because)
  chosen = [name for name in _DRAWN if not flags.FLAGS[name].using_default_value]
  pairs = ({'latents', 'interpolate'}, {'film', 'traverse'}, {'film', 'interpolate'})
  if len(chosen) > 1 and set(chosen) not in pairs:
    raise UsageError(f'--{chosen[1]}: not with --{chosen[0]}; choose one of both')
  if not (FLAGS.interpolate or FLAGS.film):
    command_line.refuse('path', because='only with --interpolate, whose way it says')
  if FLAGS.samples and FLAGS.count:
    raise UsageError('--count: not with --samples, which says which')
  require('', at_least=0, **{'--truncation': FLAGS.truncation, '--noise_limit': FLAGS.noise_limit})
  _samples()


def _check_output() -> None:
  stem, extension = os.path.splitext(FLAGS.output)
  moves = extension.lower() in ('.gif', '.mp4')
  if FLAGS.film and not moves:
    raise UsageError(f'--output={FLAGS.output}: --film writes an animation; name it {stem}.gif')
  if moves and not (FLAGS.film or FLAGS.interpolate):
    raise UsageError(
      f'--output={FLAGS.output}: of an animation, with --film or --interpolate; name it {stem}.png'
    )
  if not moves and extension.lower() not in ('', '.png'):
    raise UsageError(f'--output={FLAGS.output}: is written as PNG; name it {stem}.png')
  command_line.require_folder_of(FLAGS.output)


def _samples() -> list[int]:
  """Returns the numbers of --samples."""
  words = [word.strip() for word in FLAGS.samples]
  for word in words:
    if not word.isdecimal() or int(word) >= 2**31:
      raise UsageError(f'--samples={",".join(FLAGS.samples)}: should be numbers such as 1,5,9')
  return [int(word) for word in words]


def _write(ensemble: Ensemble) -> dict[str, Any]:
  """Writes what the flags choose; returns facts on it."""
  from tfgan_pipeline.sampling import files
  from tfgan_pipeline.sampling.latent import drawings

  common: dict[str, Any] = dict(seed=FLAGS.sample_seed, count=FLAGS.count)
  grid = dict(
    columns=FLAGS.columns,
    traverse=FLAGS.traverse,
    interpolate=FLAGS.interpolate,
    samples=_samples(),
  )
  if FLAGS.images_dir:
    return {'count': files.write_folder(FLAGS.images_dir, ensemble, **common)}
  if any(getattr(FLAGS, name) for name in ('film', 'arithmetic', 'style_mixing', 'latents')) or (
    _extension() in ('.gif', '.mp4')
  ):
    special = {name: getattr(FLAGS, name) for name in ('film', 'arithmetic', 'latents')}
    return drawings.write(
      FLAGS.output, ensemble, style_mixing=FLAGS.style_mixing, **special, **common, **grid
    )
  return {'count': files.write_grid(FLAGS.output, ensemble, **common, **grid)}


def _write_captions(ensemble: Any) -> dict[str, Any]:
  """Writes samples of the captions asked for, or of recorded ones; returns facts, {} for none."""
  from tfgan_pipeline.sampling import captions

  texts = [*FLAGS.caption]
  if FLAGS.captions_file:
    texts += captions.read_captions(FLAGS.captions_file)
  others = ('columns', *_DRAWN, *_LATENT)
  has_rows = all(flags.FLAGS[name].using_default_value for name in others)
  texts = texts or captions.recorded(ensemble, as_rows=has_rows and not FLAGS.images_dir)
  if not texts:
    return {}
  sampler = ensemble.only('--caption')
  asked = captions.asked_captions(sampler, texts)
  choices = dict(seed=FLAGS.sample_seed, count=FLAGS.count or captions.EACH)
  write = captions.write_folder if FLAGS.images_dir else captions.write_grid
  count = write(FLAGS.images_dir or FLAGS.output, sampler, asked, **choices)
  return {'count': count, 'captions': asked.texts}


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


def _define_latent_flags() -> None:
  """Defines the flags on latents."""
  flags.DEFINE_integer(
    'traverse', 0, 'Show so many steps along each latent axis or code instead.', lower_bound=0
  )
  flags.DEFINE_integer(
    'interpolate',
    0,
    'Show so many steps from each sample to the next instead, with a class to each row.',
    lower_bound=0,
  )
  flags.DEFINE_enum(
    'path', '', ('', 'slerp', 'linear'), 'The way between samples; empty: that of the noise.'
  )
  flags.DEFINE_list('samples', [], 'Numbers of the samples to show, as in 1,5,9.')
  flags.DEFINE_float(
    'truncation', 1, 'Share of the distance from the mean latent (or style) that is kept.'
  )
  flags.DEFINE_float('noise_limit', 0, 'Largest value of the noise on each axis; 0: none.')
  flags.DEFINE_bool('film', False, 'Show fixed noise through all checkpoints, as GIF or MP4.')
  flags.DEFINE_string(
    'arithmetic', '', 'Show a sum of averaged latents, as in "glasses - plain + samples 1,5,9".'
  )
  flags.DEFINE_integer(
    'style_mixing', 0, 'Show samples with the styles of others from this layer on.', lower_bound=0
  )
  command_line.define_path('latents', 'Show the samples of the latents in an .npy file.')


def run() -> None:
  """Defines the flags of tfgan-sample and runs `main`."""
  Experiment.define_flags(only=('model_dir',))
  command_line.define_path(
    'output', 'The PNG file to write, or a GIF or MP4 file of a film or walk; may be gs://.'
  )
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
  flags.DEFINE_multi_string(
    'caption',
    [],
    'What to show, in words, of a run that was trained with captions; may be given several times. '
    '--count is then the number of samples of each, by default 8.',
  )
  command_line.define_path('captions_file', 'A text file of captions to show, a line each.')
  _define_latent_flags()
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
