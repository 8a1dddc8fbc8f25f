"""Messages of errors: in terms of flags in binaries, in terms of arguments in Python."""

import ast
import dataclasses
import re

import pytest

from tests import forked
from tests.conftest import run_binary
from tfgan_pipeline import errors
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment

FIELDS = [
  pytest.param(settings, field, id=f'{settings.__name__}-{field.name}')
  for settings in (Experiment, EvaluationOptions)
  for field in dataclasses.fields(settings)
]


@pytest.fixture
def in_python():
  errors.speak_of_flags(False)
  yield
  errors.speak_of_flags()


@pytest.mark.parametrize('settings, field', FIELDS)
def test_every_setting_is_an_argument(settings, field, in_python):
  wrong = 'some' if isinstance(field.default, bool | float) else 2.5
  if field.metadata['size']:
    wrong = '?'
  with pytest.raises(errors.UsageError) as caught:
    settings(**{field.name: wrong})
  assert '--' not in str(caught.value)
  assert str(caught.value).startswith(f'{field.name}={wrong!r}: ')
  assert caught.value.args[0].startswith(f'--{field.name}={wrong}: ') and caught.value.names_a_flag


@pytest.mark.parametrize(
  'text, expected',
  [
    ('--max_steps=0: should be at least 1', 'max_steps=0: should be at least 1'),
    ('--max_steps: should be a number', 'max_steps: should be a number'),
    ('was another; --change=data goes on', "was another; change='data' goes on"),
    ('on with --change=data.', "on with change='data'."),
    ('--loss=hinge(margin=x): no', "loss='hinge(margin=x)': no"),
    ('--augment=flip, shift(2): no', "augment='flip, shift(2)': no"),
    ('--labels=: no', 'labels=: no'),
    ("--labels=['a', 0]: no", "labels=['a', 0]: no"),
    ('--loss=minimax (was hinge): no', "loss='minimax' (was hinge): no"),
    ('--model_dir=/a b: is a file', "model_dir='/a b': is a file"),
    ('--labels=0-9: no', "labels='0-9': no"),
    ('take `--dataset="arrays(\'a.npy\')"`', 'take `dataset="arrays(\'a.npy\')"`'),
    ('and --step=best:fid@FOLDER reads those', "and step='best:fid@FOLDER' reads those"),
    ('a greater --max_steps continues', 'a greater max_steps continues'),
    ('--ema_decay=1e-3 (was 0.0)', 'ema_decay=1e-3 (was 0.0)'),
    ('/a--b/c-d: is a file', '/a--b/c-d: is a file'),
    (
      'run tfgan-train --model_dir=/tmp/run --max_steps=9; or give --step',
      'run tfgan-train --model_dir=/tmp/run --max_steps=9; or give step',
    ),
    ('stopped at step 3; the same command continues', 'stopped at step 3; the same call continues'),
  ],
)
def test_forms(text, expected, in_python):
  for kind in (errors.UsageError, errors.Interrupted, errors.WriteError, errors.ComponentError):
    assert str(kind(text)) == expected
    assert str(kind(str(kind(text)))) == expected  # Messages are put into messages.


def test_each_message_of_the_package_that_names_a_flag(in_python):
  """Reads all texts in the source that start with a flag: none keeps its dashes."""
  root = forked.ROOT / 'tfgan_pipeline'
  texts = {
    re.sub(r'{[^}]*}', 'some', text)
    for path in root.rglob('*.py')
    for text in re.findall(r"""UsageError\(\s*f?['"](--[^'"\n]*)""", path.read_text())
  }
  assert len(texts) > 50
  for text in texts:
    assert '--' not in errors.in_terms_of_arguments(text), text


def test_a_program_and_a_binary_say_one_thing_in_two_ways(tiny_run, tmp_path):
  script = tmp_path / 'program.py'
  script.write_text(
    f"""
from tfgan_pipeline import Experiment, GANEstimator
for does in (
  lambda: Experiment(max_steps=0),
  lambda: GANEstimator.of_run({str(tiny_run)!r}).predict(1, step=3),
  lambda: GANEstimator.of_run({str(tmp_path / 'none')!r}),
):
  try:
    does()
  except ValueError as error:
    print(error)
"""
  )
  told = forked.run(str(script), (), timeout=60)
  assert told.returncode == 0, told.stderr
  first, second, third = told.stdout.splitlines()
  assert first == 'max_steps=0: should be at least 1'
  assert second.startswith('step=3: no such checkpoint; there are ')
  assert third.startswith("model_dir='/") and 'no experiment.json there' in third
  flags = (f'--model_dir={tiny_run}', f'--output={tmp_path}/a.png', '--step=3')
  assert run_binary('sample', *flags, code=2).stderr.strip() == f'--{second}'


def test_each_log_line_that_names_a_flag_is_spoken():
  """Reads all log calls in the source: a program's own handler gets lines in terms of arguments."""
  root = forked.ROOT / 'tfgan_pipeline'
  count = 0
  for path in root.rglob('*.py'):
    if path.parent.name == 'bin':
      continue
    for node in ast.walk(ast.parse(path.read_text())):
      if isinstance(node, ast.Call) and ast.unparse(node.func).startswith('_log.'):
        texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
        if any(re.search(r'(?<!\S)--[a-z]', str(text)) for text in texts):
          text = ast.unparse(node)
          assert 'spoken(' in text or 'tfgan-' in text, f'{path}:{node.lineno}'
          count += 1
  assert count > 5
