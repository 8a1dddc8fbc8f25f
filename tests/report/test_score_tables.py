"""Scores of a page: what each is compared with, and numbers that are not finite."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.report.pages import report
from tfgan_pipeline.report.recorded_run import read_runs
from tfgan_pipeline.report.scores import score_tables


@pytest.fixture
def run(tiny_run, tmp_path):
  return shutil.copytree(tiny_run, tmp_path / 'run')


def record(run, definition, *scores: dict[str, float]) -> None:
  """Writes records of steps 2, 4, ... with one definition, into a folder of their own."""
  run_id = json.loads((run / 'experiment.json').read_text())['run_id']
  name = f'{len(list(run.glob("eval/*")))}'
  folder = run / 'eval' / name
  folder.mkdir(parents=True)
  about = {'run_id': run_id, 'definition_id': name, 'definition': definition}
  lines = [{'step': 2 * (n + 1), 'scores': own, **about} for n, own in enumerate(scores)]
  (folder / 'scores.jsonl').write_text(''.join(json.dumps(line) + '\n' for line in lines))


def levels(*runs) -> dict[str, list[list[tuple[str, float]]]]:
  """Returns what the scores of runs are compared with, for each table by the score's name."""
  found = {}
  for table in score_tables(read_runs([str(run) for run in runs])):
    found.setdefault(table.name, []).append(list(table.levels))
  return found


def test_a_score_is_compared_with_what_its_own_definition_has(run):
  psnr = {'psnr': 20.0, 'psnr_identity': 8.0, 'psnr_bicubic': 9.0}
  record(run, {'task': {'name': 'a'}}, psnr, {**psnr, 'psnr': 21.0})
  assert levels(run) == {'psnr': [[('identity', 8.0), ('bicubic', 9.0)]]}
  record(run, {'task': {'name': 'a'}, 'extractor': {'name': 'x'}}, {'kid[x]': 1.0})
  record(run, {'task': {'name': 'b'}}, {'psnr': 30.0, 'psnr_identity': 18.0})
  assert levels(run) == {
    'psnr': [[('identity', 8.0), ('bicubic', 9.0)], [('identity', 18.0)]],
    'kid[x]': [[]],
  }


def test_what_only_some_records_have_is_shown_and_what_differs_is_not(run):
  own = {'psnr': 20.0, 'psnr_constant': 5.0}
  record(run, {}, {**own, 'psnr_identity': 8.0}, {**own, 'psnr_constant': 6.0})
  assert levels(run) == {'psnr': [[('identity', 8.0)]]}


@pytest.mark.parametrize('bad', [float('inf'), float('-inf'), float('nan')])
def test_ends_and_floors_that_are_not_finite_are_unknown(run, tmp_path, bad):
  first = {'fid[x]': 3.5, 'fid_low[x]': 3.25, 'fid_high[x]': bad, 'fid_floor[x]': bad}
  record(
    run,
    {'extractor': {'name': 'x'}},
    first,
    {'fid[x]': 2.5, 'fid_low[x]': 2.25, 'fid_high[x]': 2.75},
  )
  page = report(tmp_path / 'page.html', f'--model_dir={run}')
  assert {3.5, 2.5, 2.25, 2.75} <= page.numbers and 3.25 not in page.numbers
  (table,) = score_tables(read_runs([str(run)]))
  assert table.chart and not table.levels and len(table.chart.lines[0].bars) == 1
