"""A run in Python: what it says while it trains, what it shows, and what it refuses."""

import logging
import os
import re
import shutil

import numpy as np
import pytest

from tests import forked
from tests.conftest import ROOT, tiny_experiment
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, speak_of_flags
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media import images
from tfgan_pipeline.runs.history import read_history
from tfgan_pipeline.sampling.ensemble import Ensemble
from tfgan_pipeline.sampling.files import write_grid

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

PROGRAM = """
import logging
from tests.conftest import tiny_experiment
from tfgan_pipeline import GANEstimator
{setup}
logger = logging.getLogger('tfgan_pipeline')
before = list(logger.handlers), logger.level, logger.propagate, logging.root.level
estimator = GANEstimator(tiny_experiment({run!r}, networks='mlp(units=4)'))
estimator.train(max_steps=2)
estimator.train()
estimator.train()
assert estimator.train(max_steps=5) == 5
assert before == (logger.handlers, logger.level, logger.propagate, logging.root.level)
"""


@pytest.fixture(scope='module')
def classes_run(tmp_path_factory) -> GANEstimator:
  """Trains a run whose generator reads the class."""
  folder = tmp_path_factory.mktemp('classes') / 'run'
  estimator = GANEstimator(tiny_experiment(folder, model='conditional_gan', max_steps=2))
  estimator.train()
  return estimator


@pytest.mark.parametrize(
  'setup, shown',
  [
    ('', True),
    ('logging.basicConfig(level="INFO")', True),
    ('logging.getLogger("tfgan_pipeline").addHandler(logging.StreamHandler())', False),
    # As absl does once TensorFlow logs.
    ('logging.basicConfig()', True),
    pytest.param(
      'logging.getLogger("tfgan_pipeline").setLevel("INFO")', True, marks=pytest.mark.heavy
    ),
    ('logging.getLogger("tfgan_pipeline").setLevel("WARNING")', False),
    pytest.param('logging.basicConfig(level="ERROR")', False, marks=pytest.mark.heavy),
  ],
)
def test_a_program_sees_its_progress_once_and_keeps_its_logging(tmp_path, setup, shown):
  script, run = tmp_path / 'program.py', tmp_path / 'run'
  script.write_text(PROGRAM.format(setup=setup, run=str(run)))
  done = forked.run(str(script), (), timeout=120)
  assert done.returncode == 0, done.stderr
  expected = [
    *(f'step {step}/4, ' for step in range(1, 5)),
    'already at step 4 of 4; a greater max_steps continues',
    'step 5/5, ',
    f'training {run} from step 4 to 5',
  ]
  assert [done.stderr.count(text) for text in expected] == [shown] * len(expected), done.stderr


def test_the_examples_of_pages_run(classes_run, tmp_path):
  (code,) = re.findall(r'```python\n(.*?)```', (ROOT / 'docs/python.md').read_text(), re.DOTALL)
  for old, new in (
    ("'/tmp/run'", repr(str(tmp_path / 'run'))),
    ("dataset='digits', max_steps=500", "dataset='digits(size=16)', networks='mlp', max_steps=1"),
    ('max_steps=800', 'max_steps=2'),
  ):
    assert old in code
    code = code.replace(old, new, 1)
  found: dict = {}
  exec(code, found)
  assert 'step 2 of 2, ' in repr(found['estimator'])
  (code,) = re.findall(r'```python\n(.*?)```', (ROOT / 'docs/sampling.md').read_text(), re.DOTALL)
  exported = classes_run.export_saved_model(str(tmp_path / 'generator'))
  exec(code.replace('/tmp/generator', exported), found)
  assert found['pictures'].shape == found['named'].shape == (16, 16, 16, 1)
  expected = classes_run.predict(16, labels=[3, 5]).astype(int)
  assert np.abs(found['threes_and_fives'] - expected).max() <= 1


def test_max_steps_is_the_experiments_once_it_is_greater(tmp_path):
  estimator = GANEstimator(tiny_experiment(tmp_path, networks='mlp(units=4)', max_steps=1))
  assert estimator.train() == 1 and estimator.train(max_steps=3) == 3
  again = GANEstimator.of_run(str(tmp_path))
  assert again.experiment.max_steps == 3 and again.train() == 3
  assert [s['first_step'] for s in again.run.read_record()['sessions']] == [0, 1]
  with pytest.raises(UsageError, match='--max_steps=0: should be at least 1'):
    again.train(max_steps=0)


def test_repr_names_the_run_its_step_and_its_settings(tiny_run, tmp_path):
  text = repr(GANEstimator.of_run(str(tiny_run)))
  assert text.startswith(f"<GANEstimator '{tiny_run}': step 4 of 4, dataset='digits(size=16)'")
  assert "networks='dcgan(filters=4)', noise='normal(size=8)', batch_size=16" in text
  assert 'loss' not in text and 'model_dir' not in text
  new = GANEstimator(Experiment(model_dir=str(tmp_path / 'new'), max_steps=7))
  assert repr(new) == f"<GANEstimator '{tmp_path}/new': no checkpoint yet of 7>"


def test_samples_by_arguments(classes_run):
  whole = classes_run.predict(6, labels='3,5', seed=2, step=0, weights='raw')
  assert whole.dtype == np.uint8 and whole.shape == (6, 16, 16, 1)
  assert (whole != classes_run.predict(6, labels='3,5', seed=2, weights='raw')).any()
  assert (whole != classes_run.predict(6, labels='3,5', seed=1, step=0, weights='raw')).any()
  assert (whole != classes_run.predict(6, labels='5,3', seed=2, step=0, weights='raw')).any()
  axes = classes_run.traverse(3)
  assert axes.dtype == np.uint8 and axes.shape == (8, 3, 16, 16, 1)
  paths = classes_run.interpolate(5, labels=[1, 2, 3])
  assert paths.dtype == np.uint8 and paths.shape == (3, 5, 16, 16, 1)
  np.testing.assert_array_equal(paths[1, 0], classes_run.predict(2, labels=[2])[1])
  assert classes_run.interpolate(2, rows=4, labels='7').shape[:2] == (4, 2)
  assert classes_run.interpolate(2).shape[:2] == (8, 2)


@pytest.mark.parametrize(
  'choices',
  [{}, {'labels': '0-2'}, {'count': 5, 'columns': 2}, {'traverse': 3}, {'interpolate': 3}],
)
def test_what_is_shown_is_what_is_written(classes_run, tmp_path, choices):
  shown = classes_run.show(seed=4, **choices)
  labels = choices.get('labels', ())
  others = {name: value for name, value in choices.items() if name != 'labels'}
  path = str(tmp_path / 'written.png')
  write_grid(path, Ensemble(classes_run.run.path, labels=labels), seed=4, **others)
  saved = tmp_path / 'shown.png'
  shown.save(saved)
  assert shown._repr_png_()  # What a notebook asks for.
  decoded = [images.tf.io.decode_png(open(name, 'rb').read()).numpy() for name in (path, saved)]
  np.testing.assert_array_equal(*decoded)


@pytest.mark.parametrize(
  'call, message',
  [
    (lambda run: run.predict(0), 'count=0: should be at least 1'),
    (lambda run: run.predict(-1), 'count=-1: should be at least 1'),
    (lambda run: run.predict('many'), "count='many': should be int"),
    (lambda run: run.predict(2.0), 'count=2.0: should be int'),
    (lambda run: run.predict(True), 'count=True: should be int'),
    (lambda run: run.predict(1, seed=-1), 'seed=-1: should be at least 0'),
    (lambda run: run.predict(1, seed=2**31), 'seed=2147483648: should be .*less than'),
    (lambda run: run.predict(1, weights='mean'), '--weights=mean: should be one of average, raw'),
    (lambda run: run.predict(1, step=3), '--step=3: no such checkpoint; there are 0, 2'),
    (lambda run: run.predict(1, labels='12'), '--labels=12: no class 12; there are classes 0 to 9'),
    (lambda run: run.traverse(0), 'columns=0: should be at least 1'),
    (lambda run: run.interpolate(3, rows=0), 'rows=0: should be at least 1'),
    (lambda run: run.interpolate(3, labels=['cat']), "--labels: no class 'cat'"),
    (lambda run: run.show(0), 'count=0: should be at least 1'),
    (lambda run: run.show(columns=-1), 'columns=-1: should be at least 0'),
    (lambda run: run.show(traverse=-2), 'traverse=-2: should be at least 0'),
    (lambda run: run.show(labels='x'), '--labels=x: no class'),
    (lambda run: run.export_saved_model('/x', weights='mean'), '--weights=mean: should be'),
  ],
)
def test_wrong_arguments_are_refused_in_a_line(classes_run, call, message):
  with pytest.raises(UsageError, match=message):
    call(classes_run)


def test_history_has_a_row_for_each_step(classes_run, options, tmp_path):
  run = str(tmp_path / 'run')
  shutil.copytree(classes_run.run.path, run)
  copy = GANEstimator.of_run(run)
  alone = copy.history()
  assert alone['step'].dtype == np.int64 and alone['step'].tolist() == [1, 2]
  assert {'loss/generator', 'loss/discriminator'} < set(alone)
  assert all(column.dtype == np.float64 for name, column in alone.items() if name != 'step')
  record = copy.evaluate(0, options)
  raw, *_ = copy.evaluate_variants(2, options, also=('raw',))
  history = copy.history()
  assert history['step'].tolist() == [0, 1, 2]
  score = 'fid[random_projection]'
  np.testing.assert_array_equal(
    history[score], [record['scores'][score], np.nan, raw['scores'][score]]
  )
  assert history.definitions[score]['weights'] == 'average'
  (other,) = [name for name in history if name.startswith(f'{score} ')]
  assert history.definitions[other]['weights'] == 'raw'
  assert np.isnan(history['loss/generator'][0]) and np.isfinite(history['loss/generator'][1])
  assert '<table>' in history._repr_html_() and score in history._repr_html_()


def test_history_of_a_run_that_is_not_there_or_just_being_written(tmp_path):
  estimator = GANEstimator(tiny_experiment(tmp_path / 'new'))
  assert list(estimator.history()) == ['step'] and not len(estimator.history()['step'])
  os.makedirs(estimator.run.train)
  with open(f'{estimator.run.train}/train.jsonl', 'w') as file:
    file.write('{"step": 1, "loss/generator": null}\n{"step": 2, "loss/generator": 0.5}\n{"ste')
  history = read_history(estimator.run)
  assert history['step'].tolist() == [2] and history['loss/generator'].tolist() == [0.5]


def test_history_as_a_frame(classes_run):
  try:
    import pandas  # noqa: F401
  except ImportError:
    with pytest.raises(UsageError, match='pip install pandas'):
      classes_run.history().to_frame()
  else:
    frame = classes_run.history().to_frame()
    assert frame.index.tolist() == [1, 2] and 'loss/generator' in frame


def test_log_lines_of_a_program_with_a_handler_are_its_own(classes_run, caplog):
  speak_of_flags(False)
  try:
    with caplog.at_level(logging.INFO, 'tfgan_pipeline'):
      classes_run.train()
  finally:
    speak_of_flags()
  assert caplog.messages == ['already at step 2 of 2; a greater max_steps continues']
