"""Tabulates the scores of runs: a table for each definition, as others are not comparable.

    tfgan-compare /tmp/run1 /tmp/run2 --metric=fid,kid --best_of_run
    tfgan-compare "/tmp/runs/*" --where=weights=average --where=reference.split=test --sort=step
    tfgan-compare /tmp/run1/eval/quick /tmp/record.json --format=markdown
    tfgan-compare /tmp/runs/* --over_seeds --best_of_run

Takes runs, folders and patterns of runs, evaluation directories of runs, and files of records.
Tables go to stdout, best first, each below the fields in which its definition differs from the
others; several sample seeds of a checkpoint make one row with a 95 % interval. The best of several
checkpoints is flattered by having been picked: by how much is told where checkpoints have several
seeds.
"""

from __future__ import annotations

import logging
import os

from absl import flags

from tfgan_pipeline.bin import command_line, imports
from tfgan_pipeline.errors import UsageError

FLAGS = flags.FLAGS
_log = logging.getLogger('tfgan_pipeline.bin.compare')


def main(*paths: str) -> None:
  """Prints tables of the records at `paths`."""
  if not paths:
    raise UsageError('name runs or files of records to compare: tfgan-compare /tmp/run1 /tmp/run2')
  metrics = list(dict.fromkeys(name.strip() for name in FLAGS.metric))
  if not all(metrics):
    raise UsageError(f'--metric={",".join(FLAGS.metric)}: should be names such as fid,kid')

  from tfgan_pipeline.evaluation import compare, over_seeds, table_forms
  from tfgan_pipeline.evaluation.differing_fields import heading
  from tfgan_pipeline.runs import files, own_components
  from tfgan_pipeline.runs.score_records import find_records

  # Patterns are for shells; one in quotes is taken all the same, as other commands take it.
  paths = tuple(
    found for path in paths for found in (not files.exists(path) and files.matches(path) or [path])
  )
  entries = []
  for path in paths:
    try:
      records_by_file = find_records(path)
    except UsageError as error:
      if path == paths[-1] and not entries:
        raise
      _log.warning('%s; left out', error)
      continue
    for file, records in records_by_file.items():
      # A run may have moved since it was scored, so its present path is used as its name.
      name = file.split('/eval/')[0] if file.startswith(f'{path.rstrip("/")}/') else ''
      is_run = name and files.exists(f'{name}/experiment.json')
      imports.find_components_of(name if is_run else '')
      own_components.advise_copies(os.path.join(os.path.dirname(file), 'code'))
      for record in records:
        sources = map(record.get, ('run', 'generated_dir', 'generated_features'))
        recorded_name = next(filter(None, sources), file)
        entries.append(compare.Entry(name if is_run else recorded_name, record))
  trainings = None
  if FLAGS.over_seeds:
    trainings = over_seeds.read_trainings((entry.run, entry.record) for entry in entries)
  tables = compare.tables(
    entries,
    metrics,
    where=FLAGS.where,
    sort=FLAGS.sort,
    best_of_run=FLAGS.best_of_run,
    trainings=trainings,
  )
  print(table_forms.FORMS[FLAGS.format](tables))
  for table in tables:
    if table.optimism:
      title = heading(table.definition)
      _log.info(
        '%sthe best of these %d flatters by about %.3g, for having been picked',
        f'{title}: ' if title else '',
        len(table.rows),
        table.optimism,
      )


def run() -> None:
  """Defines the flags of tfgan-compare and runs `main`."""
  flags.DEFINE_list(
    'metric',
    ['fid'],
    'The scores to show, such as fid,kid or fid[inception]; the first one ranks.',
  )
  flags.DEFINE_multi_string(
    'where',
    [],
    'Only records whose definition has this value, field=value, such as weights=average or '
    'reference.split=test; several conditions as several flags or with commas.',
  )
  flags.DEFINE_enum('sort', 'rank', ('rank', 'step'), 'The order of rows: best first, or by step.')
  flags.DEFINE_bool('best_of_run', False, "Only each run's best checkpoint.")
  flags.DEFINE_bool(
    'over_seeds',
    False,
    'One row for the runs that differ in the seed of training alone: mean, 95 % interval, and the '
    "number of runs; with --best_of_run the mean of each run's best.",
  )
  flags.DEFINE_enum('format', 'text', ('text', 'markdown', 'csv', 'json'), 'Of the tables.')
  command_line.run(main, __doc__, arguments=True)


if __name__ == '__main__':
  run()
