"""The page: sections on runs, put together by templates.

html = page(read_runs(['/tmp/run']), 'tfgan-report --model_dir=/tmp/run')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import os
from typing import Any

from tfgan_pipeline import __version__
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.report import chart, classes, commands, curves, health, numbers, settings, speed
from tfgan_pipeline.report.copies import PerSample, per_sample_of
from tfgan_pipeline.report.pictures import Album, album_of, embed
from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.report.scores import best_of_runs, score_tables
from tfgan_pipeline.report.sounds import sounds_of
from tfgan_pipeline.runs.recorded_changes import recorded_changes

LIMIT = 5_000_000  # Bytes of a page: as much as a mail takes.


@dataclasses.dataclass(frozen=True)
class Section:
  """Contents of the part on one run, without its pictures; see the modules of this room.

  Attributes:
    run: The run.
    differs: The settings that tell the run from others of the page, by name.
    copies: Facts on single samples; None if none were recorded.
    parts: The other parts, by the names that the template has for them.
  """

  run: RecordedRun
  differs: Mapping[str, str]
  copies: PerSample | None
  parts: Mapping[str, Any]


def page(runs: Sequence[RecordedRun], again: str) -> str:
  """Returns the HTML of a page on runs, of less than LIMIT bytes.

  Args:
    runs: The runs, in the order to show.
    again: The command that makes the page again.

  Raises:
    UsageError: The page would be larger.
  """
  copies = [per_sample_of(run) for run in runs]
  albums = [album_of(run, own) for run, own in zip(runs, copies)]
  differs = settings.told_apart(runs)
  sections = [_section(*parts) for parts in zip(runs, differs, copies, albums)]
  tables = score_tables(runs)
  template = environment().get_template('page.html')
  shown = dict(
    title=f'Report of {runs[0].name}' if len(runs) == 1 else f'Report of {len(runs)} runs',
    sections=sections,
    tables=tables,
    best=best_of_runs(tables),
    chart_size=(chart.WIDTH, chart.HEIGHT),
    again=again,
    version=__version__,
  )
  words = template.render(**shown, albums=[Album({}, [], [])] * len(runs), note='')
  room = LIMIT - len(words.encode()) - 50_000 * len(runs)  # The latter is around pictures.
  if room < 0:
    raise UsageError(f'--model_dir: {len(runs)} runs do not fit into one page; name fewer')
  embedded, note = embed(albums, room)
  return template.render(**shown, albums=embedded, note=note)


def _section(
  run: RecordedRun, differs: Mapping[str, str], copies: PerSample | None, album: Album
) -> Section:
  first, more = curves.charts_of(run)
  metrics = 'fid, memorised' + ', intra_class_fid' * bool(run.class_names)
  flags = [f'--model_dir={run.directory.path}', f'--metrics={metrics}', '--per_sample']
  parts = {
    'facts': settings.facts(run),
    'sounds': sounds_of(run),
    'choice': settings.choice_of(run.experiment),
    'classes': classes.class_rows(run, copies),
    'worst': classes.worst_classes(run),
    'charts': first,
    'more_charts': more,
    'warnings': health.warnings(run),
    'measurements': health.measurements(run),
    'goodput': speed.goodput_of(run),
    'rates': speed.rates_of(run),
    'sessions': run.record.get('sessions', []),
    'changes': recorded_changes(run.directory),
    'commands': commands.commands_of(run, list(album.samples)),
    'score_samples': commands.command('tfgan-evaluate', flags),
  }
  return Section(run, differs, copies, parts)


def environment() -> Any:
  """Returns the environment of the templates, a jinja2.Environment."""
  from jinja2 import Environment, FileSystemLoader, StrictUndefined

  made = Environment(
    # By path, as a package that is not installed has no loader of its own.
    loader=FileSystemLoader(os.path.join(os.path.dirname(__file__), 'templates')),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
  )
  made.filters.update(
    number=numbers.number, percent=numbers.percent, duration=numbers.duration, short=numbers.short
  )
  return made
