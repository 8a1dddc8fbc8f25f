"""Says of pictures how unlike those of a run they are: scores, p-values, thresholds and curves.

tfgan-anomaly --model_dir=/tmp/run --output_dir=/tmp/out                  # the test split
tfgan-anomaly --model_dir=/tmp/run --method=encoder --input=~/p/one.png   # one picture, or a folder
tfgan-anomaly --model_dir=/tmp/run --method="pca(components=32)" --false_alarms=0.01
tfgan-anomaly --model_dir=/tmp/run --anomalous_classes=3,5 --split=validation
tfgan-anomaly --compare="/tmp/out*"

Normal is what the run was trained on, as by --dataset='chosen("tfds(mnist)", classes=0)'. Scores of
held-out normal pictures are kept in the run's folder anomaly/, and say how strange a score is. A
picture that cannot be read is named and passed over; exit code 1 says that there was one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.bin import command_line, early
from tfgan_pipeline.config.chosen_step import checked_step
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import RELOCATABLE, Experiment
from tfgan_pipeline.errors import CheckFailed, UsageError, listed, require
from tfgan_pipeline.runs.directory import is_many

if TYPE_CHECKING:
  from tfgan_pipeline.anomaly.results import Results
  from tfgan_pipeline.anomaly.scorer import AnomalyScorer

FLAGS = flags.FLAGS
_LISTED = 5  # Broken pictures that the last line names.


def main() -> None:
  """Scores the pictures that the flags name, and prints what was found."""
  if FLAGS.compare:
    command_line.refuse('input', 'output_dir', because='not with --compare, which reads records')
    return _compare()
  checked_step(FLAGS.step)
  require('--false_alarms', above=0, below=1, rate=FLAGS.false_alarms)
  try:
    registry.anomaly_method.parse(FLAGS.method)
  except UsageError as error:
    raise UsageError(f'--method={FLAGS.method}: {error}') from None
  if FLAGS.input:
    command_line.refuse('split', 'count', because='not with --input, whose pictures are no split')
  else:
    command_line.refuse('resize', because='only with --input')
  if is_many(FLAGS.model_dir or ''):
    raise UsageError(f'--model_dir={FLAGS.model_dir}: name one run')
  early.require_sources()
  early.require_run(FLAGS.model_dir or '')

  from tfgan_pipeline.anomaly.results import Results
  from tfgan_pipeline.anomaly.scorer import AnomalyScorer

  scorer = AnomalyScorer(
    FLAGS.model_dir,
    FLAGS.method,
    step=FLAGS.step,
    weights=FLAGS.weights,
    normal_classes=FLAGS.normal_classes,
    anomalous_classes=FLAGS.anomalous_classes,
    num_normals=FLAGS.normals,
    cache_dir=FLAGS.cache_dir,
    **{name: getattr(FLAGS, name) for name in RELOCATABLE if name != 'model_dir'},
  )
  if FLAGS.input:
    return _score_files(scorer)

  from tfgan_pipeline.anomaly.selection import scored

  if FLAGS.split not in scorer.data.splits:
    raise UsageError(f'--split={FLAGS.split}: the data has {", ".join(scorer.data.splits)}')
  results = Results(scorer, false_alarms=FLAGS.false_alarms, maps=FLAGS.maps)
  examples = scored(
    scorer.data,
    FLAGS.split,
    scorer.protocol,
    FLAGS.count,
    without=scorer.rows_held_out(FLAGS.split),
  )
  done = 0
  for scores, pictures, expected in scorer.score(examples.batches(), len(examples.rows)):
    part = slice(done, done + len(scores))
    labels = examples.labels[part].tolist() if scorer.label_names else []
    results.add([str(row) for row in examples.rows[part]], labels, scores, pictures, expected)
    done += len(scores)
  record = results.record(split=FLAGS.split)
  if FLAGS.output_dir:
    results.write(FLAGS.output_dir, record)
  command_line.print_result(
    {**({'output_dir': FLAGS.output_dir} if FLAGS.output_dir else {}), **record}
  )


def _score_files(scorer: AnomalyScorer) -> None:
  """Scores the pictures of --input, and prints a line for each."""
  from tfgan_pipeline.anomaly.results import Results
  from tfgan_pipeline.data.folders.reading import reading_of
  from tfgan_pipeline.sampling.sized_pictures import Pictures
  from tfgan_pipeline.sampling.sources import find_sources

  sources = find_sources(FLAGS.input, FLAGS.output_dir)
  reading = reading_of(scorer.run.read_experiment().dataset, 'image')
  pictures = Pictures(sources, scorer.image_shape, reading, resize=FLAGS.resize)
  results: Results | None = None
  for names, batch in pictures.batches():  # What cannot be read is refused before much is done.
    results = results or Results(scorer, false_alarms=FLAGS.false_alarms, maps=FLAGS.maps)
    first = len(results)
    for scores, part, expected in scorer.score([batch]):
      done = len(results) - first
      results.add(names[done : done + len(scores)], (), scores, part, expected)
    for verdict in results.verdicts(first):
      command_line.print_result(verdict)
  assert results is not None  # `batches` refuses a folder without a picture.
  if FLAGS.output_dir:
    results.write(FLAGS.output_dir, results.record(input=FLAGS.input))
  if pictures.broken:
    raise CheckFailed(
      f'--input={FLAGS.input}: {len(pictures.broken)} of {len(sources.names)} pictures cannot be '
      f'read: {listed(pictures.broken, _LISTED)}'
    )


def _compare() -> None:
  from tfgan_pipeline.anomaly.compare import read_records, table

  print(table(read_records(FLAGS.compare)))


def run() -> None:
  """Defines the flags of tfgan-anomaly and runs `main`."""
  Experiment.define_flags(only=RELOCATABLE, recorded=True)
  EvaluationOptions.define_flags(only=('cache_dir',))
  flags.DEFINE_string(
    'method', 'search', 'How scores are made, such as encoder; --list=anomaly_method shows all.'
  )
  command_line.define_path(
    'input',
    'Pictures to score instead of a split: a folder with all below it, a pattern, or a file.',
  )
  flags.DEFINE_bool('resize', False, 'Cut and resize pictures of other sizes as training did.')
  flags.DEFINE_string('split', 'test', 'The split to score.')
  flags.DEFINE_string(
    'normal_classes', '', 'Classes that are normal, as in 0-4; default: those of the training.'
  )
  flags.DEFINE_string(
    'anomalous_classes', '', 'Classes that are anomalous, as in 3,5; default: all others.'
  )
  flags.DEFINE_integer(
    'count', 0, 'How many pictures of the split, from all over it; 0: all.', lower_bound=0
  )
  flags.DEFINE_integer(
    'normals', 500, 'How many normal pictures to hold out, at most, for p-values.', lower_bound=10
  )
  flags.DEFINE_float('false_alarms', 0.05, 'The rate of false alarms that the threshold is for.')
  flags.DEFINE_integer(
    'maps', 24, 'Of how many pictures, the strangest, residual maps are drawn.', lower_bound=0
  )
  command_line.define_path(
    'output_dir', 'The folder to write scores, residual maps, curves and a record into.'
  )
  command_line.define_path(
    'compare', 'Print a table of such records instead: files or folders, with commas or *.'
  )
  flags.DEFINE_string('step', 'newest', 'The checkpoint: a step, newest, best, or best:kid.')
  flags.DEFINE_enum('weights', 'average', ('average', 'raw'), 'The moving average, or raw weights.')
  command_line.run(main, __doc__)


if __name__ == '__main__':
  run()
