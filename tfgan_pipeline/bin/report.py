"""Writes one page of HTML on one or several runs: scores, samples, curves, health, commands.

    tfgan-report --model_dir=/tmp/run --output=/tmp/report.html
    tfgan-report --model_dir="/tmp/runs/*" --output=/tmp/report.html

The page needs no network and no server, has less than 5 MB, and shows what the runs and
tfgan-evaluate have recorded; what was not recorded is named with the command that records it.
"""

from __future__ import annotations

import os

from absl import flags

from tfgan_pipeline.bin import command_line
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.directory import require_runs

FLAGS = flags.FLAGS


def main(*paths: str) -> None:
  """Writes the page on the runs of --model_dir and at `paths`, and prints where it is."""
  named = ','.join(path for path in (FLAGS.model_dir, *paths) if path)
  if not named:
    raise UsageError('--model_dir: name the runs to report on, such as /tmp/run or "/tmp/runs/*"')
  if not FLAGS.output:
    raise UsageError('--output: say which HTML file to write, such as report.html')
  if os.path.splitext(FLAGS.output)[1].lower() not in ('.html', '.htm'):
    raise UsageError(f'--output={FLAGS.output}: is written as HTML; name it {_html(FLAGS.output)}')
  command_line.require_folder_of(FLAGS.output)
  found = require_runs(named)

  from tfgan_pipeline.report.commands import command
  from tfgan_pipeline.report.page import page
  from tfgan_pipeline.report.recorded_run import read_runs
  from tfgan_pipeline.runs import atomic_files, files

  runs = read_runs(found, FLAGS.eval_dir)
  again = [f'--model_dir={",".join(run.directory.path for run in runs)}']
  again += [f'--eval_dir={runs[0].eval_dir}'] * bool(FLAGS.eval_dir)
  is_local = files.is_local(FLAGS.output)
  again.append(f'--output={os.path.abspath(FLAGS.output) if is_local else FLAGS.output}')
  content = page(runs, command('tfgan-report', again)).encode()
  with atomic_files.writing(FLAGS.output):
    atomic_files.write(FLAGS.output, content)
  command_line.print_result({'output': FLAGS.output, 'runs': len(runs), 'bytes': len(content)})


def _html(path: str) -> str:
  """Returns a path near another one that is an HTML file's: 'x.html' of 'x.png'."""
  if os.path.isdir(path):
    return os.path.join(path, 'report.html')
  folder, name = os.path.split(path)
  stem = os.path.splitext(name)[0]
  return os.path.join(folder, 'report.html' if stem.startswith('.') or not stem else f'{stem}.html')


def run() -> None:
  """Defines the flags of tfgan-report and runs `main`."""
  command_line.define_path('model_dir', 'Runs, with commas or as a pattern such as "/tmp/runs/*".')
  command_line.define_path('output', 'The HTML file to write; may be gs://.')
  command_line.define_path('eval_dir', 'Folder of --eval_dir that holds scores of the runs, too.')
  command_line.run(main, __doc__, arguments=True)


if __name__ == '__main__':
  run()
