"""local.sh: which program gets which flag, and the score that it ends with."""

import dataclasses
import re

import pytest

from tests.launch.test_local import LOCAL, Local
from tfgan_pipeline.config.evaluation import EvaluationOptions


@pytest.fixture
def job(tmp_path):
  job = Local(tmp_path)
  yield job
  job.clean_up()


def test_flags_of_evaluations_go_to_the_evaluator(job):
  flags = ('--metrics=fid, kid', '--seed=1', '--num_samples', '100', '--per_sample', '--loss=hinge')
  job.start(*flags, EVALUATE_FLAGS='--also=raw').end(0)
  assert job.calls['tfgan-train'].endswith('<--seed=1><--loss=hinge>')
  assert job.calls['tfgan-evaluate'].endswith(
    '<--watch><--also=raw><--metrics=fid, kid><--num_samples><100><--per_sample>'
  )


def test_every_flag_of_evaluations_is_known():
  text = LOCAL.read_text()
  for field in dataclasses.fields(EvaluationOptions):
    assert re.search(rf'--{field.name}\b', text), field.name


def test_it_ends_with_the_best_score(job):
  best = 'run: all 3 checkpoints are scored; the best is step 4 with fid[x] 12.8'
  said = job.start(BEST=best).end(0)
  assert said.splitlines()[-1] == best
