"""Scores for trackers: where one of them is not to be had, a run is scored all the same."""

import json
import shutil

from tests.conftest import run_binary


def test_a_tracker_that_this_machine_does_not_know_keeps_no_run_from_its_scores(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  record = json.loads((run / 'experiment.json').read_text())
  record['experiment']['also_log'] = 'gone'
  (run / 'experiment.json').write_text(json.dumps(record))
  flags = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  done = run_binary('evaluate', f'--model_dir={run}', *flags)
  assert 'fid[random_projection]' in json.loads(done.stdout)['scores']
  (warning,) = [line for line in done.stderr.splitlines() if 'also_log' in line]
  assert "unknown tracker 'gone'" in warning and warning.endswith('; no scores are sent')
