"""demo.sh: what it ends with, for a training that only pretends."""

import json
import shlex
import sys

import pytest

from tests.launch.scripts import ROOT, environment, program, run

DEMO = ROOT / 'launch' / 'demo.sh'


@pytest.fixture
def python(tmp_path):
  """A Python whose training writes scores and pictures, or ends with $CODE; else a real one."""
  lines = [
    {'step': step, 'scores': {'fid[classifier:digits]': fid, 'fid_floor[classifier:digits]': 0.25}}
    for step, fid in ((500, 9.0), (0, 123.4), (1500, 1.5), (1000, 4.0))
  ]
  (tmp_path / 'scores.jsonl').write_text(''.join(json.dumps(line) + '\n' for line in lines))
  return program(
    tmp_path / 'bin',
    'python',
    f'''
    case "$*" in
      *tfgan_pipeline.bin.train*)
        [ -z "${{CODE:-}}" ] || exit "$CODE"
        for argument in "$@"; do
          case "$argument" in --model_dir=*) model_dir="${{argument#*=}}" ;; esac
        done
        echo "$*" > "{tmp_path}/trained"
        echo '{{"step": 0}}'
        mkdir -p "$model_dir/eval/classifier-10000" "$model_dir/samples"
        cp "{tmp_path}/scores.jsonl" "$model_dir/eval/classifier-10000"
        touch "$model_dir/samples/"{{reals,fakes-000000,fakes-000500,fakes-001500}}.png ;;
      *tfgan_pipeline.bin.report*)
        printf '%s\n' "$@" > "{tmp_path}/reported" ;;
      '-c '*) echo "$0" ;;
      *) exec "{sys.executable}" "$@" ;;
    esac
  ''',
  )


def test_ends_with_the_distance_before_and_after_a_picture_a_page_and_how_to_open_tensorboard(
  python, tmp_path
):
  model_dir = tmp_path / 'a run'
  done = run(DEMO, model_dir, env=environment(TFGAN_PIPELINE_PYTHON=python))
  lines = [line.split() for line in done.stdout.splitlines()]
  assert ['before', 'training,', 'step', '0:', '123.4'] in lines
  assert ['after', 'training,', 'step', '1500:', '1.5'] in lines
  assert 'would score 0.2\n' in done.stdout
  assert f'\n  {model_dir}/samples/fakes-001500.png\n' in done.stdout
  assert f'\n  {model_dir}/report.html\n' in done.stdout
  reported = (tmp_path / 'reported').read_text().splitlines()
  assert reported[-2:] == [f'--model_dir={model_dir}', f'--output={model_dir}/report.html']
  command = shlex.split(done.stdout.splitlines()[-1])
  assert command == [f'{python.parent}/tensorboard', '--logdir', str(model_dir)]
  trained = (tmp_path / 'trained').read_text()
  assert '--flagfile=flags/digits_dcgan.flags' in trained and '--evaluate' in trained


@pytest.mark.parametrize(
  'arguments, variables',
  [
    (['here/run'], {}),
    ([], {'MODEL_DIR': 'here/run'}),
    (['here/run'], {'MODEL_DIR': 'elsewhere'}),
  ],
)
def test_model_dir_is_relative_to_where_one_stands(python, tmp_path, arguments, variables):
  run(DEMO, *arguments, cwd=tmp_path, env=environment(TFGAN_PIPELINE_PYTHON=python, **variables))
  assert (tmp_path / 'here' / 'run' / 'samples').is_dir()


@pytest.mark.parametrize('code', [2, 75])
def test_a_training_that_ends_early_ends_the_demo_with_its_code(python, tmp_path, code):
  done = run(
    DEMO, tmp_path / 'run', code=code, env=environment(TFGAN_PIPELINE_PYTHON=python, CODE=code)
  )
  assert done.stdout == ''
