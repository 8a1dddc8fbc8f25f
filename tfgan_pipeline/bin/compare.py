"""Ranks the checkpoints of runs by a score, or says why their scores are not comparable.

    tfgan-compare /tmp/run1 /tmp/run2 --metric=fid --best_of_run
    tfgan-compare /tmp/run1/eval/quick /tmp/record.json --format=markdown

Takes runs, evaluation directories of runs, and files of records. The table goes to stdout, best
first; several sample seeds of a checkpoint make one row with a 95 % interval. Exit code 2 when two
records have different definitions: the fields that differ are named.
"""

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.errors import UsageError

FLAGS = flags.FLAGS


def main(*paths: str) -> None:
  """Prints a table that ranks the records at `paths`."""
  if not paths:
    raise UsageError('name runs or files of records to compare: tfgan-compare /tmp/run1 /tmp/run2')

  from tfgan_pipeline.evaluation import compare
  from tfgan_pipeline.runs.score_records import find_records

  entries = []
  for path in paths:
    for file, records in find_records(path).items():
      # A run may have moved since it was scored, so its present path is used as its name.
      is_in_run = file.startswith(path.rstrip('/') + '/eval/')
      for record in records:
        recorded_name = record.get('run') or record.get('generated_dir') or file
        entries.append(
          compare.Entry(path.rstrip('/') if is_in_run else recorded_name, file, record)
        )
  rows = compare.rank(entries, FLAGS.metric, best_of_run=FLAGS.best_of_run)
  print(compare.as_table(rows, FLAGS.format))


def run() -> None:
  """Defines the flags of tfgan-compare and runs `main`."""
  flags.DEFINE_string('metric', 'fid', 'The score to rank by, such as fid or fid[inception].')
  flags.DEFINE_bool('best_of_run', False, "Only each run's best checkpoint.")
  flags.DEFINE_enum('format', 'text', ('text', 'markdown', 'csv'), 'Of the table.')
  command_line.run(main, __doc__, arguments=True)


if __name__ == '__main__':
  run()
