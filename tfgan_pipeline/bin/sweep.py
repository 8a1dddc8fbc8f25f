r"""Trains and scores all combinations of settings, and tells which is best.

    tfgan-sweep --preset=digits_dcgan --sweep_dir=/tmp/sweep --jobs=2 \
      --sweep="generator_optimizer=adam(1e-4)|adam(2e-4); seed=0..2"
    tfgan-sweep --flagfile=/tmp/sweep/sweep.flags                   # again, or on

All other flags are those of tfgan-train and tfgan-evaluate, for all runs. Each run has a folder in
--sweep_dir, in which the same command goes on with what is not done. In the end there are a table
with means and intervals over seeds, a picture, and the name of the best run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

from absl import flags

from tfgan_pipeline.bin import command_line, early, presets
from tfgan_pipeline.config.durations import prefer_command_line
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import as_flag
from tfgan_pipeline.errors import CheckFailed, UsageError

if TYPE_CHECKING:
  from tfgan_pipeline.sweep.outcome import Outcome
  from tfgan_pipeline.sweep.plan import Run

FLAGS = flags.FLAGS
_FILES = {'table': 'table.md', 'csv': 'table.csv', 'picture': 'picture.svg'}
_log = logging.getLogger('tfgan_pipeline.bin.sweep')


def main() -> None:
  """Trains the runs of --sweep, or writes their commands, and tabulates their scores."""
  _refuse_contradictions()
  prefer_command_line(FLAGS, sys.argv[1:])
  EvaluationOptions.from_flags(FLAGS)
  if FLAGS.stop_when:
    early.require_stop_rule(FLAGS.stop_when)
  early.require_sources()
  early.require_trackers(FLAGS.also_log)

  from tfgan_pipeline.sweep import grammar, halving, outcome, plan, rehearsal
  from tfgan_pipeline.sweep.work import Work

  values = grammar.values_by_setting(FLAGS.sweep)
  _refuse_given_twice(values)
  lower_is_better = outcome.check_score(FLAGS.best_by)
  given = plan.given_flags(FLAGS)
  runs = plan.plan(given, values, FLAGS.sweep_dir)
  early.require_experiment_data(runs[0].experiment)
  if FLAGS.halving:
    runs = [plan.in_steps(run) for run in runs]
  halving.rounds(runs, FLAGS.halving)
  common = [f'--{name}={value}' for name, value in _own_flags().items()]
  words = {run.name: ['--evaluate', *common, *run.words(given)] for run in runs}
  work = Work(
    runs,
    words,
    os.path.join(FLAGS.sweep_dir, 'logs'),
    FLAGS.best_by,
    lower_is_better,
    FLAGS.eval_dir,
    FLAGS.halving,
  )
  if FLAGS.commands or FLAGS.slurm:
    rehearsal.rehearse(runs)
    return _write_commands(
      [['tfgan-train', *words[run.name]] for run in work.todo(runs, sys.maxsize)]
    )
  failed = []
  if FLAGS.jobs:
    rehearsal.rehearse(runs)
    _write_flags(given)
    failed = work.run(FLAGS.jobs, FLAGS.gpus)
  found = outcome.outcome_of(runs, FLAGS.best_by, FLAGS.eval_dir)
  if found is None:
    raise CheckFailed(f'none of {len(runs)} runs has a score {FLAGS.best_by}; logs: {work.logs}')
  _tell(found, runs)
  if failed:
    raise CheckFailed(f'{len(failed)} of {len(runs)} runs failed: {", ".join(failed)}')


def _refuse_contradictions() -> None:
  """Raises UsageError if flags of the sweep itself are missing or contradict each other."""
  if not FLAGS.sweep:
    raise UsageError('--sweep: say what varies, as in --sweep="seed=0..2; loss=modified|hinge"')
  if not FLAGS.sweep_dir:
    raise UsageError('--sweep_dir: say where the runs are to live, each in a folder of its own')
  if '://' in FLAGS.sweep_dir:
    raise UsageError(f'--sweep_dir={FLAGS.sweep_dir}: should be on a disk, as logs are')
  if os.path.exists(os.path.join(FLAGS.sweep_dir, 'experiment.json')):
    raise UsageError(f'--sweep_dir={FLAGS.sweep_dir}: is a run; name the folder for all runs')
  if _is_given('model_dir'):
    raise UsageError('--model_dir: --sweep_dir is the folder for all runs, which get their own')
  if FLAGS.halving == 1:
    raise UsageError('--halving=1: should be 2 at least; 0 leaves all settings to their end')
  if FLAGS.commands or FLAGS.slurm:
    command_line.refuse('halving', because='needs --jobs, as a list of commands compares nothing')
    for name in ('jobs', 'gpus'):
      command_line.refuse(name, because='not with --commands or --slurm, which start nothing')
  if FLAGS.gpus and not FLAGS['jobs'].using_default_value and FLAGS.jobs > len(FLAGS.gpus):
    raise UsageError(f'--jobs={FLAGS.jobs}: there are {len(FLAGS.gpus)} in --gpus, one for each')
  if FLAGS.gpus and FLAGS['jobs'].using_default_value:
    FLAGS.jobs = len(FLAGS.gpus)
  FLAGS.sweep_dir = os.path.abspath(FLAGS.sweep_dir)


def _is_given(name: str) -> bool:
  """Returns whether the command line itself, and not a file, gives a flag."""
  return any(re.match(rf'--?(no)?{name}(=|$)', word) for word in sys.argv[1:])


def _refuse_given_twice(values: Mapping[str, Sequence[str]]) -> None:
  for name in values:
    if name in Experiment.__dataclass_fields__ and name != 'model_dir' and _is_given(name):
      raise UsageError(f'--{name}: --sweep has it, too; leave out one of both')


def _own_flags() -> dict[str, str]:
  """Returns flags for all runs that are no settings, by name."""
  own = {'import': ','.join(FLAGS['import'].value or ()), 'stop_when': FLAGS.stop_when}
  return {name: value for name, value in own.items() if value}


def _write_flags(given: Mapping[str, object]) -> None:
  """Writes the file of flags by which the sweep goes on, and makes the folder of logs."""
  from tfgan_pipeline.runs import atomic_files

  path = os.path.join(FLAGS.sweep_dir, 'sweep.flags')
  own = {name: FLAGS[name].value for name in ('sweep', 'halving') if FLAGS[name].value}
  own |= {'sweep_dir': FLAGS.sweep_dir, 'jobs': FLAGS.jobs, **_own_flags()}
  own |= {'gpus': ','.join(FLAGS.gpus)} if FLAGS.gpus else {}
  lines = ['# Goes on with this sweep: tfgan-sweep --flagfile=THIS_FILE']
  lines += [as_flag(name, value) for name, value in {**own, **given}.items()]
  with atomic_files.writing(path):
    os.makedirs(os.path.join(FLAGS.sweep_dir, 'logs'), exist_ok=True)
    atomic_files.write(path, '\n'.join(lines) + '\n')


def _write_commands(commands: Sequence[Sequence[str]]) -> None:
  """Writes the commands that are left to be given, to stdout if --commands is '-'."""
  from tfgan_pipeline.runs import atomic_files
  from tfgan_pipeline.sweep.command_files import shell_line, slurm_array

  if not commands:
    return _log.info('all runs are done; --jobs=0 tabulates them')
  text = ''.join(shell_line(words) + '\n' for words in commands)
  if FLAGS.commands == '-':
    sys.stdout.write(text)
  for path, content in (
    (FLAGS.commands, text),
    (FLAGS.slurm, slurm_array(commands, FLAGS.slurm)),
  ):
    if path and path != '-':
      with atomic_files.writing(path):
        atomic_files.write(path, content)
      _log.info('%s: %d commands', path, len(commands))


def _tell(found: Outcome, runs: Sequence[Run]) -> None:
  """Writes table and picture into the folder, prints both places, and names the best run."""
  from tfgan_pipeline.evaluation import table_forms
  from tfgan_pipeline.runs import atomic_files

  texts = {'table': table_forms.FORMS['markdown'](found.tables), 'picture': found.picture}
  texts['csv'] = table_forms.FORMS['csv'](found.tables)
  for name, text in texts.items():
    path = os.path.join(FLAGS.sweep_dir, _FILES[name])
    with atomic_files.writing(path):
      atomic_files.write(path, text.rstrip('\n') + '\n')
  best, table, score = found.best_run, found.tables[0], FLAGS.best_by
  mean = table.rows[0]
  places = {name: os.path.join(FLAGS.sweep_dir, file) for name, file in _FILES.items()}
  result = {
    'best_setting': dict(mean.settings),
    'score': table.names[score],
    **{name: getattr(mean.cells[score], name) for name in ('value', 'low', 'high', 'seeds')},
    'best_run': best.experiment.model_dir,
    'step': found.best.step,
    'value_of_best_run': found.best.cells[score].value,
    **places,
  }
  command_line.print_result(result, lambda _: table_forms.FORMS['text'](found.tables))
  setting = ', '.join(f'{name}={value}' for name, value in mean.settings.items())
  if setting:
    told = 'best setting: %s, mean %s %.4g over seeds: %d'
    _log.info(told, setting, score, mean.cells[score].value, mean.cells[score].seeds)
  _log.info('table: %s; picture: %s', places['table'], places['picture'])
  _log.info(
    'best run: %s, %s %.4g at step %s, which flatters as the best of %d; next: '
    'tfgan-sample --model_dir=%s --output=samples.png',
    *(best.name, score, found.best.cells[score].value, found.best.step, len(runs)),
    shlex.quote(best.experiment.model_dir),
  )


def run() -> None:
  """Defines the flags of tfgan-sweep and runs `main`."""
  flags.DEFINE_string(
    'sweep',
    '',
    'What varies, as in "generator_optimizer=adam(1e-4)|adam(2e-4); seed=0..2": all combinations.',
  )
  command_line.define_path('sweep_dir', 'Folder for the runs, the table and the picture.')
  flags.DEFINE_integer(
    'jobs', 1, 'Processes at a time; 0 trains nothing and tabulates what is there.', lower_bound=0
  )
  flags.DEFINE_list('gpus', [], 'GPUs such as 0,1,2,3 to share out, one to a process.')
  command_line.define_path('commands', 'Instead: write the commands to this file, - for stdout.')
  command_line.define_path('slurm', 'Instead: write a script for sbatch, an array, to this file.')
  flags.DEFINE_integer(
    'halving',
    0,
    'Successive halving: of so many settings one trains longer, judged by --best_by; 0 is off.',
    lower_bound=0,
  )
  command_line.define_stop_when()
  presets.define_flag()
  Experiment.define_flags()
  EvaluationOptions.define_flags()
  command_line.run(main, __doc__ or '')


if __name__ == '__main__':
  run()
