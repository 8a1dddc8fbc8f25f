"""Finds the latents of pictures, those whose samples are most like them, and the way between.

tfgan-project --model_dir=/tmp/run --input=~/pictures --output_dir=/tmp/projected
tfgan-project --model_dir=/tmp/run --input=~/one.png --output_dir=/tmp/one --method=encoder
tfgan-sample --model_dir=/tmp/run --output=/tmp/a.png --latents=/tmp/projected/latents.npy

Writes latents.npy, names.txt with the picture of each row, projected.png with pictures beside
their samples, way.gif that goes from one to the next, and projection.json. A picture that cannot be
read is named and passed over; exit code 1 says that there was one.
"""

from __future__ import annotations

import json
import os

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.experiment import RELOCATABLE, Experiment
from tfgan_pipeline.errors import CheckFailed, UsageError, listed
from tfgan_pipeline.runs.directory import RunDirectory, is_many

FLAGS = flags.FLAGS
_LISTED = 5  # Broken pictures that the last line names.


def main() -> None:
  """Projects the pictures that the flags name, and prints how close they came."""
  for name in ('input', 'output_dir'):
    if not getattr(FLAGS, name):
      raise UsageError(f'--{name}: say which pictures to read, and which folder to write')
  checked_step(FLAGS.step)
  try:
    registry.anomaly_method.parse(FLAGS.method)
  except UsageError as error:
    raise UsageError(f'--method={FLAGS.method}: {error}') from None
  if is_many(FLAGS.model_dir or ''):
    raise UsageError(f'--model_dir={FLAGS.model_dir}: name one run')
  early.require_sources()
  early.require_run(FLAGS.model_dir or '', labels=FLAGS.labels)

  import numpy as np

  from tfgan_pipeline.data.folders.reading import reading_of
  from tfgan_pipeline.media import animation
  from tfgan_pipeline.media.images import Image, enlarge, png
  from tfgan_pipeline.media.pairs import side_by_side
  from tfgan_pipeline.runs import atomic_files, files
  from tfgan_pipeline.sampling.latent.array_file import write_latents
  from tfgan_pipeline.sampling.latent.projection import Projector
  from tfgan_pipeline.sampling.sized_pictures import Pictures
  from tfgan_pipeline.sampling.sources import find_sources

  sources = find_sources(FLAGS.input, FLAGS.output_dir)
  run = RunDirectory(FLAGS.model_dir)
  places = {name: getattr(FLAGS, name) for name in RELOCATABLE if name != 'model_dir'}
  experiment = run.find_data(run.read_experiment(**places))
  projector = Projector(
    run, experiment, FLAGS.method, step=FLAGS.step, weights=FLAGS.weights, labels=FLAGS.labels
  )
  reading = reading_of(experiment.dataset, 'image')
  pictures = Pictures(sources, projector.image_shape, reading, resize=FLAGS.resize)
  names, shown, parts = [], [], []
  for some, batch in pictures.batches():
    part = projector.project(batch)
    room = max(0, FLAGS.maps - len(names))
    shown.append((batch[:room], part.samples[:room]))
    parts.append((part.latents, part.errors))
    names += some
  latents, errors = (np.concatenate(rows) for rows in zip(*parts))
  columns = dict(zip(('picture', 'sample'), map(np.concatenate, zip(*shown))))
  picture = side_by_side(Image(), columns)
  facts = {
    'run': run.path,
    'run_id': run.run_id,
    'step': projector.step,
    'method': str(registry.anomaly_method.parse(FLAGS.method)),
    'pictures': len(names),
    'mean_error': float(errors.mean()),
  }
  record = {**facts, 'errors': dict(zip(names, map(float, errors)))}
  with atomic_files.writing(FLAGS.output_dir):
    files.make_folder(FLAGS.output_dir)
    write_latents(os.path.join(FLAGS.output_dir, 'latents.npy'), latents)
    for name, content in (
      ('names.txt', ''.join(f'{name}\n' for name in names)),
      ('projected.png', png(enlarge(picture))),
      ('projection.json', json.dumps(record, indent=2) + '\n'),
    ):
      atomic_files.write(os.path.join(FLAGS.output_dir, name), content)
  if len(names) > 1:
    way = projector.way(latents[: FLAGS.maps], FLAGS.steps_between)
    animation.write(os.path.join(FLAGS.output_dir, 'way.gif'), way)
  command_line.print_result({'output_dir': FLAGS.output_dir, **facts})
  if pictures.broken:
    raise CheckFailed(
      f'--input={FLAGS.input}: {len(pictures.broken)} of {len(sources.names)} pictures cannot be '
      f'read: {listed(pictures.broken, _LISTED)}'
    )


def run() -> None:
  """Defines the flags of tfgan-project and runs `main`."""
  Experiment.define_flags(only=RELOCATABLE, recorded=True)
  command_line.define_path(
    'input',
    'The pictures: a folder with all below it, a pattern as in "p/*.jpg", or a file; may be gs://.',
  )
  command_line.define_path('output_dir', 'The folder to write into; may be gs://.')
  flags.DEFINE_string(
    'method', 'search', 'How latents are found: search or encoder, with arguments if need be.'
  )
  flags.DEFINE_bool('resize', False, 'Cut and resize pictures of other sizes as training did.')
  flags.DEFINE_string('labels', '', 'The class of the pictures, for generators that are told one.')
  flags.DEFINE_integer(
    'steps_between', 12, 'Frames of way.gif from one picture to the next.', lower_bound=1
  )
  flags.DEFINE_integer(
    'maps', 32, 'How many pictures projected.png and way.gif show.', lower_bound=1
  )
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
